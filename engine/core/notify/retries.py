"""When a failed delivery is retried, and when retries end. Pure."""

from datetime import datetime, timedelta

FIRST = timedelta(seconds=10)
LONGEST = timedelta(hours=12)
TRIED_FOR = timedelta(days=3)
"""After this time without success a message is given up and shown as failed."""


def pause(attempts: int) -> timedelta:
    """The pause after this number of failed attempts (≥ 1): 10 s, then three times as long each time, up to 12 h."""
    # The pause is 12 h from the ninth attempt on; the limit of 20 keeps a large count from overflowing timedelta.
    return min(FIRST * int(3 ** min(attempts - 1, 20)), LONGEST)


def next_try(attempts: int, now: datetime, give_up_at: datetime) -> datetime | None:
    """The moment of the next attempt; None if retries have ended."""
    again = now + pause(attempts)
    return again if again <= give_up_at else None
