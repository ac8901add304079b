"""What ``baton verify`` reads: the whole record in one snapshot, streamed. Writes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from engine.core.lead.model import LeadEvent
from engine.core.sla.clocks import SlaClock
from engine.store.decisions.batch import EVENT_COLUMNS, LEAD_COLUMNS, event_of
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
    """Between which leads a merge moved what; ``clocks`` are those it cancelled, once undone those that went on.

    ``separated_by``: the event that took an identifier from a lead; its lead and the new one never were one merge.
    """

    winner: int
    loser: int
    events: frozenset[int]
    clocks: frozenset[int]
    separated_by: int | None = None


@dataclass(frozen=True, slots=True)
class SuspensionRow:
    """A stored suspension: whose, by which rule, until when as it began, and the event that led to it."""

    person: str
    rule: str
    until: datetime
    event_id: int


@contextmanager
def snapshot() -> Iterator[Driver]:
    """One view of the whole database, however long it is read, that sees no later commit and cannot write."""
    with transaction() as connection:
        driver = raw(connection)
        driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield driver


def count_decisions(driver: Driver) -> int:
    """How many decisions there are."""
    row = driver.execute("SELECT count(*) FROM decision").fetchone()
    return int(row[0]) if row else 0


def decisions(driver: Driver) -> Iterator[Recorded]:
    """Every decision in the order in which they were made."""
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
    """Every decided lead as it is stored, with its company's key."""
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
    """(lead, key, start) → the clocks as they are stored, first started first.

    Several begin to run at one moment when they were started while their owners were away (R6.2).
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
    """(person, rule) → misses in a row."""
    return {(person, rule): count for person, rule, count in driver.execute("SELECT person, rule, count FROM strike")}


def suspensions(driver: Driver) -> list[SuspensionRow]:
    """Every suspension there was."""
    rows: Any = driver.execute("SELECT person, rule, until_at, event_id FROM suspension ORDER BY id")
    return [SuspensionRow(*row) for row in rows]


def moved_by_merges(driver: Driver) -> dict[int, Moved]:
    """What each merge moved."""
    rows = driver.execute("SELECT id, winner_id, loser_id, moved FROM merge")
    return {
        number: Moved(
            winner, loser, frozenset(moved["events"]), frozenset(moved.get("clocks", ())), moved.get("separated_by")
        )
        for number, winner, loser, moved in rows
    }
