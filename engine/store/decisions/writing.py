"""Write the results of a batch: leads, accounts, decisions, counted occurrences and clocks.

The rows were locked by `engine.store.decisions.reading`. Decides nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Json, Jsonb

from engine.core.lead.facts import Claims, dump_claims
from engine.core.lead.state import dump_rest
from engine.core.sla.clocks import SlaClock
from engine.store.decisions.reading import LoadedLead
from engine.store.session import Driver

NOTES_KEPT = 100
"""Most data-quality notes kept on a lead; the latest ones stay."""


def save_leads(driver: Driver, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write leads and raise their versions by one."""
    if not rows:
        return
    names = [name for name in rows[0] if name != "id"]
    columns = ", ".join(f"{name} {LEAD_TYPES[name]}" for name in ("id", *names))
    assignments = ", ".join(f"{name} = given.{name}" for name in names)
    driver.execute(
        f"UPDATE lead SET {assignments}, version = lead.version + 1 "  # noqa: S608 - names of a constant table
        f"FROM json_to_recordset(%s) AS given ({columns}) WHERE lead.id = given.id",
        [Json(rows, dumps=_as_text)],
    )


def _as_text(rows: Any) -> str:
    """Rows as one JSON text, which is far cheaper than arrays of JSON. PostgreSQL reads numbers and moments from
    text.
    """
    return json.dumps(rows, default=str)


LEAD_TYPES = {
    "id": "bigint", "account_id": "bigint", "stage": "text", "owner": "text", "sdr": "text", "rep": "text",
    "model": "text", "fit": "numeric", "engagement": "numeric", "grade": "text", "heat": "text", "cell": "text",
    "scored_at": "timestamptz", "policy_number": "int", "route": "text", "excluded": "text", "flagged": "jsonb",
    "checklists": "jsonb", "missing": "jsonb", "claims": "jsonb", "extras": "jsonb", "notes": "jsonb", "state": "jsonb",
    "queued_role": "text", "queued_at": "timestamptz", "queue_priority": "int", "pool_since": "timestamptz",
    "first_event_at": "timestamptz", "last_event_at": "timestamptz", "next_refresh_at": "timestamptz",
    "protected_until": "timestamptz", "pool_next_at": "timestamptz",
}  # fmt: skip
"""Columns that a decision writes, with their types in PostgreSQL."""


def lead_row(lead: LoadedLead, extras: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a lead that hold its facts and its state, without scores."""
    state = lead.state
    queued = state.queued
    return {
        "id": lead.id, "account_id": lead.account_id, "stage": state.stage, "owner": state.owner, "sdr": state.sdr,
        "rep": state.rep, "claims": dump_claims(lead.claims), "extras": dict(extras),
        "notes": lead.notes[-NOTES_KEPT:], "state": dump_rest(state),
        "queued_role": queued.role if queued else None, "queued_at": queued.since if queued else None,
        "queue_priority": queued.priority if queued else None, "pool_since": state.pool_since,
        "first_event_at": lead.first_event_at, "last_event_at": lead.last_event_at,
    }  # fmt: skip


def save_accounts(driver: Driver, claims: Mapping[int, Claims], number: int) -> None:
    """Write the claims of accounts, as read by the policy version ``number``."""
    if claims:
        driver.execute(
            "UPDATE account SET claims = given.claims, policy_number = %s "
            "FROM unnest(%s::bigint[], %s::jsonb[]) AS given (id, claims) WHERE account.id = given.id",
            [number, list(claims), [Jsonb(dump_claims(value)) for value in claims.values()]],
        )


def save_decisions(driver: Driver, rows: Sequence[Sequence[Any]]) -> None:
    """Store decisions in order and delete their events from the inbox.

    A row is (event, lead, moment, policy number, stage before, after, owner before, after, cell, refused, body).
    """
    if not rows:
        return
    with (
        driver.cursor() as cursor,
        # COPY: decisions are the largest rows of a batch, and it is faster than INSERT.
        cursor.copy(
            "COPY decision (event_id, lead_id, decided_at, policy_number, stage_before, stage_after, owner_before, "
            "owner_after, cell, refused, body) FROM STDIN"
        ) as copy,
    ):
        for row in rows:
            copy.write_row([*row[:-1], Jsonb(row[-1])])
    driver.execute("DELETE FROM inbox WHERE event_id = ANY(%s)", [[row[0] for row in rows]])


def save_ledger(
    driver: Driver, added: Sequence[tuple[int, int, str, str, Any]], gone: Sequence[tuple[int, int, str, str]]
) -> None:
    """Store new counted occurrences (lead, event, group, signal, raw) and delete those that no longer count."""
    # Deletions first: a rewritten occurrence is in both lists and has the same key.
    if gone:
        driver.execute(
            "DELETE FROM ledger USING unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS g (l, e, gk, s) "
            "WHERE lead_id = l AND event_id = e AND group_key = gk AND signal_key = s",
            [list(column) for column in zip(*gone, strict=True)],
        )
    if added:
        driver.execute(
            "INSERT INTO ledger (lead_id, event_id, group_key, signal_key, raw) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::numeric[])",
            [list(column) for column in zip(*added, strict=True)],
        )


def save_clocks(driver: Driver, clocks: Sequence[tuple[int, SlaClock]]) -> list[int]:
    """Store (lead, clock) pairs: insert clocks without an id, update the others. Returns the new ids."""
    old = [clock for _, clock in clocks if clock.id is not None]
    new = [(lead, clock) for lead, clock in clocks if clock.id is None]
    if old:
        driver.execute(
            "UPDATE clock SET state = g.state, ended_at = g.ended_at, met_at = g.met_at, met_late = g.met_late, "
            # Null takes an ended clock out of the index that the scheduler reads.
            "next_at = CASE WHEN g.state = 'running' THEN next_at END "
            "FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::boolean[]) "
            "AS g (id, state, ended_at, met_at, met_late) WHERE clock.id = g.id",
            [[getattr(c, name) for c in old] for name in ("id", "state", "ended_at", "met_at", "met_late")],
        )
    if not new:
        return []
    rows = driver.execute(
        f"INSERT INTO clock (lead_id, {', '.join(CLOCK_COLUMNS)}) "  # noqa: S608 - a constant list
        f"SELECT lead_id, {', '.join(CLOCK_COLUMNS)} FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], "
        "%s::timestamptz[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::boolean[], "
        "%s::timestamptz[], %s::jsonb[], %s::text[]) "
        # Inserted in order, so that ids are in the order in which the clocks started.
        f"WITH ORDINALITY AS g (lead_id, {', '.join(CLOCK_COLUMNS)}, place) ORDER BY place RETURNING id",
        [[lead for lead, _ in new], *([_clock_value(c, n) for _, c in new] for n in CLOCK_COLUMNS)],
    )
    return [number for (number,) in rows]


CLOCK_COLUMNS = (
    "key", "owner", "policy_number", "started_at", "due_at", "state", "ended_at", "met_at", "met_late", "next_at",
    "warnings", "kind",
)  # fmt: skip


def _clock_value(clock: SlaClock, name: str) -> Any:
    if name != "warnings":
        return getattr(clock, name)
    return Jsonb([[part, at.isoformat()] for part, at in clock.warnings])
