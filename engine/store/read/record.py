"""The data of ``baton verify``: the whole record in one snapshot, streamed. Writes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from engine.core.lead.model import LeadEvent
from engine.core.sla.clocks import SlaClock
from engine.store.decisions.reading import EVENT_COLUMNS, LEAD_COLUMNS, event_of
from engine.store.session import Driver, raw, transaction

FETCHED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored decision with its event."""

    event: LeadEvent
    id: int
    lead_id: int
    decided_at: datetime
    policy_number: int
    stage_before: str | None
    stage_after: str | None
    owner_before: str | None
    owner_after: str | None
    cell: str | None
    refused: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """The rows that a merge moved between two leads. ``clocks``: those it cancelled; after an undo, those that resumed.

    ``separated_by``: the event that took an identifier from a lead; its lead and the new one never were one merge.
    """

    winner: int
    loser: int
    events: frozenset[int]
    clocks: frozenset[int]
    separated_by: int | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """A person whose data are gone: the ``lead``, the ``decision`` that erased it, all ``leads`` that went with it, and
    those ``beside`` it whose earlier decisions read what is gone.
    """

    lead: int
    decision: int
    leads: frozenset[int]
    beside: frozenset[int]


@dataclass(frozen=True, slots=True)
class SuspensionRow:
    """A stored suspension: person, rule, original end, and the event that caused it."""

    person: str
    rule: str
    until: datetime
    event_id: int


@contextmanager
def snapshot() -> Iterator[Driver]:
    """A read-only view of the whole database that sees no later commit, however long it is read."""
    with transaction() as connection:
        driver = raw(connection)
        driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield driver


def count_decisions(driver: Driver) -> int:
    """The number of decisions."""
    row = driver.execute("SELECT count(*) FROM decision").fetchone()
    return int(row[0]) if row else 0


def decisions(driver: Driver) -> Iterator[Recorded]:
    """All decisions, in the order in which they were made."""
    # A named cursor stays on the server: the whole record may not fit into memory.
    with driver.cursor(name="decisions") as cursor:
        cursor.itersize = FETCHED_AT_ONCE
        rows: Any = cursor.execute(
            f"SELECT {EVENT_COLUMNS}, d.id, d.lead_id, d.decided_at, d.policy_number, d.stage_before, d.stage_after, "  # noqa: S608 - a constant list
            "d.owner_before, d.owner_after, d.cell, d.refused, d.body "
            "FROM decision d JOIN event e ON e.id = d.event_id ORDER BY d.id"
        )
        for row in rows:
            yield Recorded(event_of(row[:9]), *row[9:])


def leads(driver: Driver) -> Iterator[dict[str, Any]]:
    """All decided leads as stored, with their companies' keys."""
    with driver.cursor(name="leads", row_factory=dict_row) as cursor:
        cursor.itersize = FETCHED_AT_ONCE
        columns = ", ".join(f"l.{name.strip()}" for name in LEAD_COLUMNS.split(","))
        yield from cursor.execute(
            f"SELECT {columns}, l.fit, l.engagement, l.cell, l.model, l.protected_until, a.key AS company FROM lead l "  # noqa: S608 - a constant list
            "LEFT JOIN account a ON a.id = l.account_id WHERE l.version > 0 ORDER BY l.id"
        )


def companies(driver: Driver) -> dict[str, dict[str, Any]]:
    """Key → stored claims of every account."""
    return dict(driver.execute("SELECT key, claims FROM account WHERE key IS NOT NULL"))


def ledgers(driver: Driver) -> dict[int, set[tuple[int, str, str]]]:
    """Lead → counted occurrences as (event, group, signal)."""
    found: dict[int, set[tuple[int, str, str]]] = {}
    for lead, *place in driver.execute("SELECT lead_id, event_id, group_key, signal_key FROM ledger"):
        found.setdefault(lead, set()).add(tuple(place))
    return found


def clocks(driver: Driver) -> dict[tuple[int, str, datetime], list[SlaClock]]:
    """(lead, key, start) → the stored clocks, in the order in which they were started.

    Several clocks have the same start if they were started while their owners were away (R6.2).
    """
    rows = driver.execute(
        "SELECT lead_id, id, key, owner, policy_number, started_at, due_at, state, ended_at, met_at, met_late, "
        "fired_at IS NOT NULL FROM clock ORDER BY id"
    )
    names = ("id", "key", "owner", "policy_number", "started_at", "due_at", "state", "ended_at", "met_at", "met_late")
    found: dict[tuple[int, str, datetime], list[SlaClock]] = {}
    for row in rows:
        clock = SlaClock(**dict(zip(names, row[1:-1], strict=True)), fired=row[-1])
        found.setdefault((row[0], clock.key, clock.started_at), []).append(clock)
    return found


def strikes(driver: Driver) -> dict[tuple[str, str], int]:
    """(person, rule) → consecutive misses."""
    return {(person, rule): count for person, rule, count in driver.execute("SELECT person, rule, count FROM strike")}


def suspensions(driver: Driver) -> list[SuspensionRow]:
    """All suspensions, also ended ones."""
    rows: Any = driver.execute("SELECT person, rule, until_at, event_id FROM suspension ORDER BY id")
    return [SuspensionRow(*row) for row in rows]


def erasures(driver: Driver) -> list[Erased]:
    """Every erasure there was."""
    rows: Any = driver.execute(
        "SELECT e.lead_id, coalesce(d.id, 0), leads, beside FROM erasure e LEFT JOIN decision d USING (event_id)"
    )
    return [Erased(lead, decision, frozenset(leads), frozenset(beside)) for lead, decision, leads, beside in rows]


def moved_by_merges(driver: Driver) -> dict[int, Moved]:
    """The rows that each merge moved, by the merge's number."""
    rows = driver.execute("SELECT id, winner_id, loser_id, moved FROM merge")
    return {
        number: Moved(
            winner, loser, frozenset(moved["events"]), frozenset(moved.get("clocks", ())), moved.get("separated_by")
        )
        for number, winner, loser, moved in rows
    }
