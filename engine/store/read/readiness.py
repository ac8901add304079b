"""The current state of event processing: waiting events, their lag, the policy in force, counts for Prometheus.

Reads only, each answer in one snapshot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from engine.errors import ServerUnavailable
from engine.store.schema.revisions import is_current
from engine.store.session import transaction


@dataclass(frozen=True, slots=True)
class Backlog:
    """Accepted, due events that are neither decided nor set aside. ``lag_seconds`` is the wait of the oldest one."""

    waiting_events: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class ActiveVersion:
    """The policy in force."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All counts for Prometheus. Families map label values to a number."""

    backlog: Backlog
    set_aside: int
    later: int
    events: int
    decisions: int
    refusals: int
    policy_number: int
    leads: Mapping[str, int]
    clocks: Mapping[tuple[str, ...], int]
    queued: Mapping[str, int]
    deliveries: Mapping[tuple[str, ...], int]


def backlog(now: datetime) -> Backlog:
    """The backlog at ``now``."""
    with transaction() as connection:
        return _backlog(connection, now)


def active_version() -> ActiveVersion | None:
    """The policy in force; None before the first publication."""
    with transaction() as connection:
        return _active(connection)


def check_tables() -> None:
    """Raise ServerUnavailable, with what to do, unless the database has the tables of this version."""
    if not is_current():
        raise ServerUnavailable("the database has tables of an earlier version of Baton, or none: run `baton migrate`")


def figures(now: datetime) -> Figures:
    """All counts at ``now``."""
    with transaction() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        version = _active(connection)
        return Figures(
            backlog=_backlog(connection, now),
            set_aside=_count(connection, "SELECT count(*) FROM inbox WHERE set_aside_at IS NOT NULL"),
            later=_count(
                connection, "SELECT count(*) FROM inbox WHERE set_aside_at IS NULL AND due_at > :now", now=now
            ),
            events=_count(connection, "SELECT count(*) FROM event"),
            decisions=_count(connection, "SELECT count(*) FROM decision"),
            refusals=_count(connection, "SELECT count(*) FROM decision WHERE refused IS NOT NULL"),
            policy_number=version.number if version else 0,
            leads={stage or "none": number for stage, number in connection.execute(text(_LEADS))},
            clocks={(key, state): number for key, state, number in connection.execute(text(_CLOCKS))},
            queued={row.queued_role: row.n for row in connection.execute(text(_QUEUED))},
            deliveries={(channel, state): n for channel, state, n in connection.execute(text(_DELIVERIES))},
        )


def _backlog(connection: Connection, now: datetime) -> Backlog:
    number, oldest = connection.execute(text(_WAITING), {"now": now}).one()
    return Backlog(number, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


def _active(connection: Connection) -> ActiveVersion | None:
    row = connection.execute(text(_ACTIVE)).first()
    return ActiveVersion(row.number, row.digest) if row else None


def _count(connection: Connection, query: str, **values: Any) -> int:
    return int(connection.execute(text(query), values).scalar_one())


_WAITING = "SELECT count(*), min(due_at) FROM inbox WHERE set_aside_at IS NULL AND due_at <= :now"
_ACTIVE = "SELECT v.number, v.digest FROM active_policy a JOIN policy_version v ON v.number = a.number"
_LEADS = "SELECT stage, count(*) FROM lead WHERE merged_into IS NULL GROUP BY stage"
_CLOCKS = "SELECT key, state, count(*) FROM clock GROUP BY key, state"
_QUEUED = "SELECT queued_role, count(*) AS n FROM lead WHERE queued_role IS NOT NULL GROUP BY queued_role"
_DELIVERIES = (
    "SELECT channel, state, count(*) FROM delivery WHERE state IN ('waiting', 'failed') GROUP BY channel, state"
)
