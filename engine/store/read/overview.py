"""Counts for the first page: leads per stage, waiting events, due clocks, load per owner. Reads only, in one
snapshot.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from engine.store.session import transaction


@dataclass(frozen=True, slots=True)
class OwnerLoad:
    """An owner's open leads and running clocks."""

    owner: str
    open_leads: int
    running_clocks: int


@dataclass(frozen=True, slots=True)
class DueClock:
    """A running clock that is due soon or overdue."""

    lead_id: int
    key: str
    owner: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """The content of the first page. ``lag_seconds``: age of the oldest event that is due and undecided."""

    stages: dict[str, int]
    waiting: int
    lag_seconds: float
    set_aside: int
    policy: dict[str, Any] | None
    clocks: tuple[DueClock, ...]
    clocks_running: int
    owners: tuple[OwnerLoad, ...]
    leads: int
    people: int


OPEN = ("ready", "mql", "sql", "opportunity")


def overview(now: datetime, soon: timedelta = timedelta(hours=4)) -> Overview:
    """The content of the first page at ``now``. Lists clocks due within ``soon``, at most twelve."""
    with transaction() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        stages = {row.stage: row.n for row in connection.execute(text(_STAGES))}
        waiting = connection.execute(text(_WAITING), {"now": now}).one()
        return Overview(
            stages=stages,
            waiting=waiting.n,
            lag_seconds=max(0.0, (now - waiting.oldest).total_seconds()) if waiting.oldest else 0.0,
            set_aside=_number(connection, "SELECT count(*) FROM inbox WHERE set_aside_at IS NOT NULL"),
            policy=_active(connection),
            clocks=tuple(DueClock(*row) for row in connection.execute(text(_DUE), {"until": now + soon, "most": 12})),
            clocks_running=_number(connection, "SELECT count(*) FROM clock WHERE state = 'running'"),
            owners=tuple(OwnerLoad(*row) for row in connection.execute(text(_OWNERS), {"open": list(OPEN)})),
            leads=sum(stages.values()),
            people=_number(connection, "SELECT count(*) FROM person WHERE active"),
        )


def active_timezone() -> str | None:
    """The zone of the policy in force; None before the first publish."""
    with transaction() as connection:
        return connection.execute(text(_ZONE)).scalar()


def _active(connection: Connection) -> dict[str, Any] | None:
    row = connection.execute(text(_POLICY)).mappings().first()
    return dict(row) if row else None


def _number(connection: Connection, query: str) -> int:
    return int(connection.execute(text(query)).scalar_one())


_STAGES = "SELECT coalesce(stage, '') AS stage, count(*) AS n FROM lead WHERE merged_into IS NULL GROUP BY 1"
_WAITING = """
SELECT count(*) AS n, min(greatest(i.due_at, e.received_at)) AS oldest
FROM inbox i JOIN event e ON e.id = i.event_id WHERE i.set_aside_at IS NULL AND i.due_at <= :now
"""
_DUE = """
SELECT lead_id, key, owner, due_at FROM clock
WHERE state = 'running' AND fired_at IS NULL AND due_at <= :until ORDER BY due_at LIMIT :most
"""
_OWNERS = """
SELECT l.owner, count(*) AS open_leads,
       (SELECT count(*) FROM clock c WHERE c.owner = l.owner AND c.state = 'running') AS running_clocks
FROM lead l WHERE l.owner IS NOT NULL AND l.merged_into IS NULL AND l.stage = ANY(:open)
GROUP BY l.owner ORDER BY open_leads DESC, l.owner LIMIT 20
"""
_ZONE = "SELECT v.document->>'timezone' FROM active_policy a JOIN policy_version v ON v.number = a.number"
_POLICY = """
SELECT v.number, v.digest, v.document->>'name' AS name, v.published_at, v.published_by
FROM active_policy a JOIN policy_version v ON v.number = a.number
"""
