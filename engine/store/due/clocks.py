"""Due clocks, which the scheduler turns into events (R6.7)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.types.json import Jsonb

from engine.core.sla import clocks as sla
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import Driver, raw, transaction

FIRED_AT_ONCE = 1000


def fire_due_clocks(now: datetime, limit: int = FIRED_AT_ONCE) -> list[int]:
    """Claim due clocks and put their warnings and ends into the inbox, in one transaction.

    Each fires once: the claim is a conditional update, and the event's id names the clock and the part of its window.
    After an outage, missed warnings and ends fire in their order. Returns the leads to wake.
    """
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "SELECT id, lead_id, key, owner, kind, due_at, warnings FROM clock WHERE next_at <= %s "
            # Skip rows that another scheduler is firing.
            "ORDER BY next_at, key, lead_id LIMIT %s FOR UPDATE SKIP LOCKED",
            [now, limit],
        ).fetchall()
        clocks = [_Due(*row) for row in rows]
        _claim(driver, clocks, now)
        happened = [(at, part, clock) for clock in clocks for at, part in clock.happened(now)]
        # Across clocks, too: one clock's warning may come before another's end (R6.8).
        happened.sort(key=lambda one: (one[0], one[2].key, one[2].lead_id))
        return [lead for _, lead in put(driver, [clock.intake(at, part, now) for at, part, clock in happened])]


class _Due(NamedTuple):
    """A due clock. ``warnings`` are those still stored."""

    id: int
    lead_id: int
    key: str
    owner: str | None
    kind: str
    due_at: datetime
    warnings: list[tuple[int, str]]

    def happened(self, now: datetime) -> Iterator[tuple[datetime, int | None]]:
        """The moments that have passed, each with its percent of the window; None for the end."""
        yield from (
            (datetime.fromisoformat(at), part) for part, at in self.warnings if datetime.fromisoformat(at) <= now
        )
        if self.due_at <= now:
            yield self.due_at, None

    def left(self, now: datetime) -> list[tuple[int, str]]:
        """The warnings still to come."""
        return [(part, at) for part, at in self.warnings if datetime.fromisoformat(at) > now]

    def intake(self, at: datetime, part: int | None, now: datetime) -> Intake:
        """The event of a warning or of the end."""
        return Intake(
            source=ENGINE_SOURCE,
            id=sla.event_id(self.id, self.kind, part),
            type=sla.event_type(self.kind, part),
            occurred_at=at,
            due_at=now,
            properties=sla.event_properties(self.id, self.key, self.owner, self.due_at, part),
            lead_id=self.lead_id,
        )


def _claim(driver: Driver, clocks: Sequence[_Due], now: datetime) -> None:
    ended = [clock.due_at <= now for clock in clocks]
    left = [clock.left(now) for clock in clocks]
    following = [
        None if over else min((datetime.fromisoformat(at) for _, at in rest), default=clock.due_at)
        for clock, over, rest in zip(clocks, ended, left, strict=True)
    ]
    driver.execute(
        "UPDATE clock SET fired_at = CASE WHEN g.over THEN %s::timestamptz END, next_at = g.next_at, warnings = g.rest "
        "FROM unnest(%s::bigint[], %s::boolean[], %s::timestamptz[], %s::jsonb[]) AS g (id, over, next_at, rest) "
        "WHERE clock.id = g.id",
        [now, [clock.id for clock in clocks], ended, following, list(map(Jsonb, left))],
    )
