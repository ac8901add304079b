"""Deliveries: a sender leases a message, sends it, and records success or failure; people can send failed ones again.

A lease moves the message's next attempt forward, so the message of a killed sender becomes due again. So each message
is delivered at least once, always with the same id. Sends nothing itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.core.notify.retries import TRIED_FOR, next_try
from engine.errors import NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.notice_tables import Delivery
from engine.store.session import raw, transaction
from rulesets.document.wording import says

LEASE = timedelta(seconds=90)
"""Longer than any attempt may take: `workers.deliver` ends attempts earlier."""
AT_ONCE_PER_TARGET = 2
"""Most parallel messages per target, so that a slow target does not occupy all senders. E-mail is one target."""
SENT_KEPT = timedelta(days=30)
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """A message leased to this sender. ``secret`` is that of its subscription."""

    id: int
    message_id: str
    channel: str
    address: str
    kind: str
    payload: dict[str, Any]
    attempts: int
    give_up_at: datetime
    secret: str | None
    language: str | None

    @property
    def target(self) -> str:
        """The receiver for which parallel messages are limited."""
        return "mail" if self.channel == "mail" else self.address


def take_due(channels: Sequence[str], busy: Sequence[str], now: datetime, limit: int) -> list[Taken]:
    """Lease due messages, the longest waiting first, except those for ``busy`` targets."""
    with transaction() as connection:
        rows = raw(connection).execute(
            """
            WITH waiting AS (
                SELECT id, next_at, row_number() OVER (PARTITION BY target ORDER BY next_at, id) AS place
                FROM (SELECT id, next_at, CASE channel WHEN 'mail' THEN 'mail' ELSE address END AS target
                      FROM delivery WHERE state = 'waiting' AND next_at <= %(now)s AND channel = ANY(%(channels)s)
                      AND NOT EXISTS (SELECT FROM subscription WHERE id = subscription_id AND NOT active)) AS due
                WHERE NOT target = ANY(%(busy)s)
            ), mine AS (
                SELECT id FROM delivery WHERE id IN (
                    SELECT id FROM waiting WHERE place <= %(each)s ORDER BY next_at, id LIMIT %(limit)s
                ) AND state = 'waiting' AND next_at <= %(now)s ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE delivery AS d SET attempts = attempts + 1, next_at = %(until)s FROM mine WHERE d.id = mine.id
            RETURNING d.id, message_id, channel, address, kind, payload, attempts, give_up_at,
                (SELECT secret FROM subscription AS s WHERE s.id = subscription_id AND s.active),
                (SELECT language FROM notice_preference AS p WHERE p.person = address)
            """,
            {"channels": list(channels), "busy": list(busy), "now": now, "until": now + LEASE, "limit": limit,
             "each": AT_ONCE_PER_TARGET},
        )  # fmt: skip
        return [Taken(*row) for row in rows]


def note_sent(taken: Taken, now: datetime) -> None:
    """Record that a message was delivered."""
    with transaction() as connection:
        raw(connection).execute(
            "UPDATE delivery SET state = 'sent', sent_at = %s, last_error = NULL WHERE id = %s", [now, taken.id]
        )


def note_failure(taken: Taken, error: str, now: datetime, *, permanent: bool = False) -> datetime | None:
    """Record a failed attempt. Returns the moment of the next one; None if the message is given up.

    Has an effect only while the sender's lease is the latest one.
    """
    again = None if permanent else next_try(taken.attempts, now, taken.give_up_at)
    with transaction() as connection:
        raw(connection).execute(
            "UPDATE delivery SET state = %s, next_at = %s, last_error = %s "
            # `attempts` identifies the lease: a later sender has raised it.
            "WHERE id = %s AND state = 'waiting' AND attempts = %s",
            ["waiting" if again else "failed", again or now, error[:LONGEST_ERROR], taken.id, taken.attempts],
        )
    return again


def send_again(number: int, now: datetime, by: str) -> None:
    """Retry a failed message from the beginning. Raises NotFound unless it failed."""
    with unit_of_work() as session:
        row = session.get(Delivery, number, with_for_update=True)
        if row is None or row.state != "failed":
            raise NotFound(says("there is no failed message number %(number)s", number=number))
        row.state, row.attempts, row.next_at, row.give_up_at = "waiting", 0, now, now + TRIED_FOR
        session.add(row)
        audit.record(session, actor=by, action="delivery.again", subject=f"delivery/{number}")


def count_failed() -> int:
    """The number of given-up messages."""
    with transaction() as connection:
        row = raw(connection).execute("SELECT count(*) FROM delivery WHERE state = 'failed'").fetchone()
        return int(row[0]) if row else 0


def tidy(now: datetime) -> int:
    """Delete old delivered messages and return their number. Give up messages that could not be tried for days."""
    with transaction() as connection:
        driver = raw(connection)
        driver.execute(
            "UPDATE delivery SET state = 'failed', last_error = coalesce(last_error, 'nobody could try') "
            "WHERE state = 'waiting' AND give_up_at < %s",
            [now - LEASE],
        )
        done = driver.execute(
            "DELETE FROM delivery WHERE created_at < %s AND state IN ('sent', 'empty')", [now - SENT_KEPT]
        )
        return done.rowcount
