"""Merging in the database: what moves to the lead that stays, and how it comes back (DESIGN.md §2).

The lead that goes keeps its row as it was, with ``merged_into``; a `MergeRecord` lists what moved, so that an undo returns
exactly that. Decisions stay with the lead they were made for. Callers hold the locks of both leads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from engine.core.facts import Claims, dump_claims
from engine.core.model import LeadEvent
from engine.errors import NotFound
from engine.store.batch import EVENT_COLUMNS, event_of
from engine.store.session import Driver, raw, transaction
from engine.store.tables import SHARDS


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that can be undone."""

    id: int
    winner_id: int
    loser_id: int


def move(driver: Driver, winner_id: int, loser_id: int, now: datetime) -> int:
    """Give everything of one lead to another: identities, events, ledger; its clocks end without a miss. Returns the id."""
    identities = driver.execute(
        "UPDATE identity SET lead_id = %s WHERE lead_id = %s RETURNING kind, value", [winner_id, loser_id]
    ).fetchall()
    events = driver.execute("UPDATE event SET lead_id = %s WHERE lead_id = %s RETURNING id", [winner_id, loser_id])
    moved = {"identities": [list(row) for row in identities], "events": [number for (number,) in events]}
    _move_waiting(driver, loser_id, winner_id)
    driver.execute("UPDATE ledger SET lead_id = %s WHERE lead_id = %s", [winner_id, loser_id])
    driver.execute(
        "UPDATE clock SET state = 'cancelled', ended_at = %s WHERE lead_id = %s AND state = 'running'", [now, loser_id]
    )
    driver.execute(
        "UPDATE lead SET merged_into = %s, account_id = NULL, queued_role = NULL, version = version + 1 WHERE id = %s",
        [winner_id, loser_id],
    )
    row = driver.execute(
        "INSERT INTO merge (winner_id, loser_id, merged_at, moved) VALUES (%s, %s, %s, %s) RETURNING id",
        [winner_id, loser_id, now, Jsonb(moved)],
    ).fetchone()
    return int(row[0]) if row else 0


def restore(driver: Driver, merge_id: int, now: datetime) -> Merge:
    """Undo a merge: what had moved goes back, the lead stands where it stood. Raises NotFound when it is undone already."""
    row = driver.execute(
        "UPDATE merge SET undone_at = %s WHERE id = %s AND undone_at IS NULL RETURNING winner_id, loser_id, moved",
        [now, merge_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"merge {merge_id} does not exist or was undone before")
    winner, loser, moved = row
    kinds, values = [list(column) for column in zip(*moved["identities"], strict=True)] or [[], []]
    driver.execute(
        "UPDATE identity SET lead_id = %s FROM unnest(%s::text[], %s::text[]) AS g (k, v) "
        "WHERE kind = k AND value = v AND lead_id = %s",
        [loser, kinds, values, winner],
    )
    driver.execute("UPDATE event SET lead_id = %s WHERE id = ANY(%s)", [loser, moved["events"]])
    driver.execute("UPDATE ledger SET lead_id = %s WHERE event_id = ANY(%s)", [loser, moved["events"]])
    driver.execute("UPDATE lead SET merged_into = NULL, version = version + 1 WHERE id = %s", [loser])
    return Merge(merge_id, winner, loser)


def read_merges(lead_id: int) -> list[Merge]:
    """The merges into a lead that can be undone, latest first."""
    with transaction() as connection:
        rows = raw(connection).execute(
            "SELECT id, winner_id, loser_id FROM merge WHERE winner_id = %s AND undone_at IS NULL ORDER BY id DESC",
            [lead_id],
        )
        return [Merge(*row) for row in rows]


def read_all_events(driver: Driver, lead_id: int) -> Sequence[LeadEvent]:
    """Every decided event of a lead with all of its groups, in the order of intake."""
    rows: Any = driver.execute(
        f"SELECT {EVENT_COLUMNS} FROM event e WHERE e.lead_id = %s "  # noqa: S608 - a constant list
        "AND NOT EXISTS (SELECT FROM inbox WHERE event_id = e.id) ORDER BY e.id",
        [lead_id],
    )
    return [event_of(row) for row in rows]


def rewrite_claims(driver: Driver, lead_id: int, claims: Claims) -> None:
    """Replace what is known of a lead."""
    driver.execute("UPDATE lead SET claims = %s WHERE id = %s", [Jsonb(dump_claims(claims)), lead_id])


def _move_waiting(driver: Driver, lead_id: int, winner: int) -> None:
    driver.execute("UPDATE inbox SET lead_id = %s, shard = %s WHERE lead_id = %s", [winner, winner % SHARDS, lead_id])
