"""Waiting events: claims, attempts, retries, and events set aside after failures (docs/contract/design.md §3).

Functions open their own transaction unless they take a ``driver``. A claim is committed before anything is evaluated,
so that an event that kills its process is found by its attempts. Decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.store.session import Driver, raw, transaction
from engine.store.shards import SHARDS


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """A due event: its row and how often it was claimed before."""

    event_id: int
    attempts: int


def head(shards: Sequence[int], now: datetime, limit: int) -> list[WaitingEvent]:
    """The first due events of these shards, in the order of intake."""
    with transaction() as connection:
        rows = raw(connection).execute(
            "SELECT event_id, attempts FROM inbox WHERE set_aside_at IS NULL AND shard = ANY(%s) "
            "AND due_at <= %s ORDER BY event_id LIMIT %s",
            [list(shards), now, limit],
        )
        return [WaitingEvent(*row) for row in rows]


def is_waiting(shards: Sequence[int], now: datetime) -> bool:
    """Whether these shards have a due event."""
    return bool(head(shards, now, 1))


def claim(event_ids: Sequence[int]) -> None:
    """Count an attempt at these events, and commit."""
    with transaction() as connection:
        raw(connection).execute("UPDATE inbox SET attempts = attempts + 1 WHERE event_id = ANY(%s)", [list(event_ids)])


def failures_of(event_id: int) -> int:
    """How often an event raised an error."""
    with transaction() as connection:
        row = raw(connection).execute("SELECT failures FROM inbox WHERE event_id = %s", [event_id]).fetchone()
    return int(row[0]) if row else 0


def postpone(event_id: int, error: str, due_at: datetime) -> None:
    """Retry a failed event later and store its error. It did not kill its process, so its attempts are reset."""
    with transaction() as connection:
        raw(connection).execute(
            "UPDATE inbox SET failures = failures + 1, attempts = 0, error = %s, due_at = %s WHERE event_id = %s",
            [error, due_at, event_id],
        )


def set_aside(event_id: int, error: str, now: datetime) -> None:
    """Set an event aside with its error, until somebody runs it again."""
    with transaction() as connection:
        raw(connection).execute(
            "UPDATE inbox SET set_aside_at = %s, error = %s WHERE event_id = %s", [now, error, event_id]
        )


def waiting_shards(now: datetime) -> dict[int, datetime]:
    """Shards with due events, and since when the first one waits. The cost does not depend on the number of waiting
    events.
    """
    with transaction() as connection:
        rows = raw(connection).execute(
            "SELECT s, due_at FROM generate_series(0, %s) AS s CROSS JOIN LATERAL (SELECT due_at FROM inbox "
            "WHERE shard = s AND set_aside_at IS NULL AND due_at <= %s ORDER BY event_id LIMIT 1) AS first",
            [SHARDS - 1, now],
        )
        return dict(rows.fetchall())


ROOM = 600
"""Most engine events that may wait at once, so that live events are not delayed: a fraction of a second's work."""


# ------------------------------------------------------------------------------------- inside a batch's transaction
def headroom(driver: Driver, now: datetime) -> int:
    """How many engine events may be added without delaying live events; 0 while enough wait."""
    row = driver.execute(
        "SELECT count(*) FROM (SELECT FROM inbox WHERE set_aside_at IS NULL AND due_at <= %s LIMIT %s) AS waiting",
        [now, ROOM],
    ).fetchone()
    return ROOM - int(row[0]) if row else 0


def leave(driver: Driver, event_ids: Sequence[int]) -> None:
    """Leave claimed events for the next batch. They were not tried, so the attempt does not count."""
    if event_ids:
        driver.execute("UPDATE inbox SET attempts = 0 WHERE event_id = ANY(%s)", [list(event_ids)])


def forward(driver: Driver, lead_id: int, winner: int) -> int:
    """Move the waiting events and identifiers of a merged lead to the lead it is part of. Returns the number of
    events.
    """
    driver.execute("UPDATE identity SET lead_id = %s WHERE lead_id = %s", [winner, lead_id])
    # Before the inbox rows move: they are what this selects by.
    driver.execute(
        "UPDATE event SET lead_id = %s WHERE id IN (SELECT event_id FROM inbox WHERE lead_id = %s)", [winner, lead_id]
    )
    return driver.execute(
        "UPDATE inbox SET lead_id = %s, shard = %s WHERE lead_id = %s", [winner, winner % SHARDS, lead_id]
    ).rowcount
