"""When a message that could not be delivered is tried again, and when that ends. Pure."""

from datetime import datetime, timedelta

FIRST = timedelta(seconds=10)
LONGEST = timedelta(hours=12)
TRIED_FOR = timedelta(days=3)
"""A message that nobody took for so long is given up, and shown as failed."""


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts, at least one: 10 s, three times as long each time, up to 12 h."""
    return min(FIRST * int(3 ** min(attempts - 1, 20)), LONGEST)


def next_try(attempts: int, now: datetime, give_up_at: datetime) -> datetime | None:
    """The moment of the next attempt; None when there will be none."""
    again = now + pause(attempts)
    return again if again <= give_up_at else None
