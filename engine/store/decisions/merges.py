"""Merge leads in the database, and undo merges (docs/contract/design.md §2).

The merged lead keeps its row, with ``merged_into`` set. A `MergeRecord` lists the moved rows. An undo moves back
exactly these rows, and the events that arrived since for the separated lead. Decisions stay with the lead they were
made for. The caller holds the locks of both leads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from engine.core.lead.facts import Claims, dump_claims
from engine.core.lead.identity import Identifier, breaks, naming
from engine.core.lead.model import LeadEvent
from engine.errors import IllegalMove, NotFound
from engine.store.decisions.reading import EVENT_COLUMNS, event_of
from engine.store.session import Driver
from engine.store.shards import SHARDS


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that can be undone."""

    id: int
    winner_id: int
    loser_id: int


def move(driver: Driver, winner_id: int, loser_id: int, now: datetime) -> int:
    """Move the identities, events and ledger of one lead to another. Its clocks are cancelled without a miss."""
    identities = driver.execute(
        "UPDATE identity SET lead_id = %s WHERE lead_id = %s RETURNING kind, value", [winner_id, loser_id]
    ).fetchall()
    claims = driver.execute(
        "INSERT INTO identity_claim (kind, value, lead_id) SELECT kind, value, %s FROM identity_claim "
        "WHERE lead_id = %s ON CONFLICT DO NOTHING RETURNING kind, value",
        [winner_id, loser_id],
    ).fetchall()
    # RETURNING: the undo needs the exact rows; the winner has events of its own.
    events = driver.execute("UPDATE event SET lead_id = %s WHERE lead_id = %s RETURNING id", [winner_id, loser_id])
    moved: dict[str, Any] = {
        "identities": [list(row) for row in identities],
        "claims": [list(row) for row in claims],
        "events": [number for (number,) in events],
    }
    driver.execute(
        "UPDATE inbox SET lead_id = %s, shard = %s WHERE lead_id = %s", [winner_id, winner_id % SHARDS, loser_id]
    )
    driver.execute(
        # The same occurrence may count for both leads; moving it would break the primary key.
        "DELETE FROM ledger AS l USING ledger AS w WHERE l.lead_id = %s AND w.lead_id = %s AND w.event_id = l.event_id "
        "AND w.group_key = l.group_key AND w.signal_key = l.signal_key",
        [loser_id, winner_id],
    )
    driver.execute("UPDATE ledger SET lead_id = %s WHERE lead_id = %s", [winner_id, loser_id])
    clocks = driver.execute(
        "UPDATE clock SET state = 'cancelled', ended_at = %s, next_at = NULL WHERE lead_id = %s AND state = 'running' "
        "RETURNING id",
        [now, loser_id],
    )
    moved["clocks"] = [number for (number,) in clocks]
    driver.execute(
        "UPDATE lead SET merged_into = %s, account_id = NULL, queued_role = NULL, version = version + 1 WHERE id = %s",
        [winner_id, loser_id],
    )
    row = driver.execute(
        "INSERT INTO merge (winner_id, loser_id, merged_at, moved) VALUES (%s, %s, %s, %s) RETURNING id",
        [winner_id, loser_id, now, Jsonb(moved)],
    ).fetchone()
    return int(row[0]) if row else 0


def restore(driver: Driver, merge_id: int, winner_id: int, now: datetime) -> tuple[Merge, frozenset[int]]:
    """Undo a merge: move back its rows, and the events that arrived since by identifiers of the separated lead. Clocks
    resume.

    Returns the merge and the events that were moved back, waiting ones included. Raises NotFound if it is undone
    already, IllegalMove if it did not end in ``winner_id`` or that lead is merged itself now.
    """
    row = driver.execute(
        "SELECT winner_id, loser_id, moved FROM merge WHERE id = %s AND undone_at IS NULL FOR UPDATE",
        [merge_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"merge {merge_id} does not exist or was undone before")
    winner, loser, moved = row
    if winner != winner_id:
        raise IllegalMove("other_merge", f"merge {merge_id} ended in lead {winner}: undo it there, later merges first")
    events = sorted({*moved["events"], *_since(driver, winner, moved["identities"])})
    kinds, values = [[row[place] for row in moved["identities"]] for place in (0, 1)]
    driver.execute(
        "UPDATE identity SET lead_id = %s FROM unnest(%s::text[], %s::text[]) AS g (k, v) "
        "WHERE kind = k AND value = v AND lead_id = %s",
        [loser, kinds, values, winner],
    )
    for kind, value in moved.get("claims", ()):
        driver.execute(
            "DELETE FROM identity_claim WHERE kind = %s AND value = %s AND lead_id = %s", [kind, value, winner]
        )
    driver.execute("UPDATE event SET lead_id = %s WHERE id = ANY(%s)", [loser, events])
    driver.execute(
        "UPDATE inbox SET lead_id = %s, shard = %s WHERE event_id = ANY(%s)", [loser, loser % SHARDS, events]
    )
    driver.execute("UPDATE ledger SET lead_id = %s WHERE lead_id = %s AND event_id = ANY(%s)", [loser, winner, events])
    driver.execute("UPDATE lead SET merged_into = NULL, version = version + 1 WHERE id = %s", [loser])
    clocks = _revive(driver, moved.get("clocks", ()), now)
    driver.execute(
        "UPDATE merge SET undone_at = %s, moved = %s WHERE id = %s",
        [now, Jsonb({**moved, "events": events, "clocks": clocks}), merge_id],
    )
    return Merge(merge_id, winner, loser), frozenset(events)


def separate(
    driver: Driver, lead_id: int, identifier: Identifier, event_seq: int, now: datetime
) -> tuple[Merge, frozenset[int]]:
    """Take an identifier from a lead, with the events that it alone names, and give both to a lead of its own.

    It is recorded as a merge that is undone already, so that the two are never joined by the rules. The event that asks
    for it stays. Returns that merge and the events that went; raises NotFound when the lead has no such identifier.
    """
    kind, value = identifier
    if not driver.execute(
        "SELECT FROM identity WHERE kind = %s AND value = %s AND lead_id = %s FOR UPDATE", [kind, value, lead_id]
    ).rowcount:
        raise NotFound(f"lead {lead_id} has no {kind} of this value")
    events = sorted({*_since(driver, lead_id, [identifier])} - {event_seq})
    row = driver.execute(
        "INSERT INTO lead (version, policy_number, first_event_at, last_event_at) SELECT 1, policy_number, "
        "(SELECT min(occurred_at) FROM event WHERE id = ANY(%(events)s)), "
        "(SELECT max(occurred_at) FROM event WHERE id = ANY(%(events)s)) FROM lead WHERE id = %(lead)s RETURNING id",
        {"events": events, "lead": lead_id},
    ).fetchone()
    parted = int(row[0]) if row else 0
    driver.execute(
        "UPDATE identity SET lead_id = %s, shared = false WHERE kind = %s AND value = %s", [parted, kind, value]
    )
    driver.execute("UPDATE event SET lead_id = %s WHERE id = ANY(%s)", [parted, events])
    driver.execute(
        "UPDATE inbox SET lead_id = %s, shard = %s WHERE event_id = ANY(%s)", [parted, parted % SHARDS, events]
    )
    driver.execute(
        "UPDATE ledger SET lead_id = %s WHERE lead_id = %s AND event_id = ANY(%s)", [parted, lead_id, events]
    )
    moved = {"identities": [[kind, value]], "events": events, "clocks": [], "separated_by": event_seq}
    merge = driver.execute(
        "INSERT INTO merge (winner_id, loser_id, merged_at, undone_at, moved) VALUES (%s, %s, %s, %s, %s) RETURNING id",
        [lead_id, parted, now, now, Jsonb(moved)],
    ).fetchone()
    return Merge(int(merge[0]) if merge else 0, lead_id, parted), frozenset(events)


def _revive(driver: Driver, clocks: Sequence[int], now: datetime) -> list[int]:
    """Resume cancelled clocks that have time left. What passed meanwhile is no miss."""
    rows = driver.execute(
        "UPDATE clock SET state = 'running', ended_at = NULL, next_at = least(due_at, "
        "(SELECT min((warning->>1)::timestamptz) FROM jsonb_array_elements(warnings) AS warning)) "
        # A clock that was due meanwhile stays cancelled: the owner could not act on the lead.
        "WHERE id = ANY(%s) AND state = 'cancelled' AND fired_at IS NULL AND due_at > %s RETURNING id",
        [list(clocks), now],
    )
    return sorted(number for (number,) in rows)


def _since(driver: Driver, winner: int, identities: Sequence[Sequence[str]]) -> list[int]:
    """Events that arrived after the merge for the merged lead: their most trusted identifier is one of its own."""
    theirs = {(kind, value) for kind, value in identities}
    rows = driver.execute("SELECT id, body->'lead' FROM event WHERE lead_id = %s AND body ? 'lead'", [winner])
    return [number for number, lead in rows if theirs.intersection(naming(lead)[:1])]


def speaks_against(driver: Driver, link: str, one: int, other: int) -> bool:
    """Whether what is known of two leads breaks a link of this kind between them, at this moment."""
    known: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    rows = driver.execute(
        "SELECT lead_id, kind, value FROM identity WHERE lead_id = ANY(%(leads)s) UNION ALL "
        "SELECT lead_id, kind, value FROM identity_claim WHERE lead_id = ANY(%(leads)s)",
        {"leads": [one, other]},
    )
    for lead, kind, value in rows:
        known[lead == other].setdefault(kind, set()).add(value)
    return breaks(link, *known)


def rewrite_claims(driver: Driver, lead_id: int, claims: Claims) -> None:
    """Replace the claims of a lead."""
    driver.execute("UPDATE lead SET claims = %s WHERE id = %s", [Jsonb(dump_claims(claims)), lead_id])


def read_all_events(driver: Driver, lead_id: int) -> Sequence[LeadEvent]:
    """All decided events of a lead with all groups, in the order of intake."""
    rows: Any = driver.execute(
        f"SELECT {EVENT_COLUMNS} FROM event e WHERE e.lead_id = %s "  # noqa: S608 - a constant list
        "AND NOT EXISTS (SELECT FROM inbox WHERE event_id = e.id) ORDER BY e.id",
        [lead_id],
    )
    return [event_of(row) for row in rows]
