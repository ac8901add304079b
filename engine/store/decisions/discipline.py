"""Strikes, suspensions and track records: rows that deciding transactions read and write (R6.6).

One lock protects the counters until the transaction ends. It is taken after the locks of leads and companies, and
normally before those of rotations.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from engine.core.notify.effects import Record
from engine.core.sla.discipline import Discipline, SuspensionBegun
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.lock_keys import LockKey, lock
from engine.store.session import Driver, raw, transaction

ENDED_AT_ONCE = 500
LATE = timedelta(days=7)
"""How far back ended suspensions are read: a breach that is decided late still sees the suspension of its due
moment.
"""


def lock_discipline(driver: Driver, now: datetime) -> Discipline:
    """Lock and read all counters and the recent suspensions."""
    lock(driver, LockKey.DISCIPLINE)
    counts = {(person, rule): count for person, rule, count in driver.execute("SELECT person, rule, count FROM strike")}
    rows = driver.execute(
        "SELECT person, role, rule, from_at, coalesce(ended_at, until_at) FROM suspension WHERE until_at > %s",
        [now - LATE],
    )
    return Discipline(counts, [SuspensionBegun(*row) for row in rows])


def save_discipline(driver: Driver, discipline: Discipline, causes: Iterable[tuple[SuspensionBegun, int, int]]) -> None:
    """Write changed counters and new suspensions (suspension, lead, event). The lock is held."""
    for person, rule in sorted(discipline.changed):
        driver.execute(
            "INSERT INTO strike (person, rule, count) VALUES (%s, %s, %s) "
            "ON CONFLICT (person, rule) DO UPDATE SET count = EXCLUDED.count",
            [person, rule, discipline.counts[person, rule]],
        )
    for begun, lead, event in causes:
        driver.execute(
            "INSERT INTO suspension (person, role, rule, from_at, until_at, lead_id, event_id) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [begun.person, begun.role, begun.rule, begun.start, begun.end, lead, event],
        )


def save_records(driver: Driver, rows: Sequence[tuple[Record, int, int]]) -> None:
    """Write track records: (record, lead, event)."""
    if rows:
        columns = [(one.kind, one.person, lead, event, one.key, one.at) for one, lead, event in rows]
        driver.execute(
            "INSERT INTO track_record (kind, person, lead_id, event_id, key, at) SELECT * FROM "
            "unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[])",
            [list(column) for column in zip(*columns, strict=True)],
        )


def end_suspensions(now: datetime, limit: int = ENDED_AT_ONCE) -> list[int]:
    """End suspensions whose time has passed, with an event on the lead that caused each. Returns the leads to wake."""
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "UPDATE suspension SET ended_at = until_at WHERE id IN (SELECT id FROM suspension WHERE ended_at IS NULL "
            "AND until_at <= %s ORDER BY until_at, id LIMIT %s FOR UPDATE SKIP LOCKED) "
            "RETURNING id, lead_id, person, role, rule, until_at",
            [now, limit],
        ).fetchall()
        ended = [
            Intake(
                source=ENGINE_SOURCE,
                id=f"suspension:{number}:ended",
                type="suspension.ended",
                occurred_at=until,
                due_at=now,
                properties={"person": person, "role": role, "rule": rule, "until": until.isoformat()},
                lead_id=lead,
            )
            for number, lead, person, role, rule, until in sorted(rows)
        ]
        return [lead for _, lead in put(driver, ended)]
