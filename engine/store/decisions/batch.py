"""What a batch reads and writes: leads locked and loaded with their events, decisions and their effects stored.

Locks are always taken in one order: leads by id, accounts by key, rotations (docs/contract/design.md §3). What waits
and who may try it is `engine.store.inbox.waiting`. Decides nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Json, Jsonb

from engine.core.lead.facts import Claims, dump_claims, load_claims
from engine.core.lead.history import LIMIT
from engine.core.lead.model import LeadEvent
from engine.core.lead.state import LeadState, dump_rest, load_state
from engine.core.sla.clocks import SlaClock
from engine.store.session import Driver

LEAD_COLUMNS = (
    "id, account_id, version, stage, owner, sdr, rep, claims, notes, state, queued_role, queued_at, queue_priority, "
    "pool_since, first_event_at, last_event_at, merged_into, policy_number"
)
EVENT_COLUMNS = "e.id, e.source, e.external_id, e.type, e.occurred_at, e.body, e.actor, e.imported, e.trusted"
NOTES_KEPT = 100
"""Data-quality notes kept on a lead, the latest ones."""


@dataclass(slots=True)
class LoadedLead:
    """A locked lead as it stands, changed by the events of the batch one after another."""

    id: int
    version: int
    account_id: int | None
    state: LeadState
    claims: Claims
    notes: list[Any]
    clocks: tuple[SlaClock, ...]
    first_event_at: datetime | None
    last_event_at: datetime | None
    merged_into: int | None
    policy_number: int | None = None


# ------------------------------------------------------------------------------------------------ loading
def lock_leads(driver: Driver, lead_ids: Iterable[int]) -> dict[int, LoadedLead]:
    """Lock leads in the order of their ids and load them with their clocks that still matter."""
    ids = sorted(set(lead_ids))
    clocks: dict[int, list[SlaClock]] = {lead: [] for lead in ids}
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {LEAD_COLUMNS} FROM lead WHERE id = ANY(%s) ORDER BY id FOR UPDATE",  # noqa: S608 - a constant list
            [ids],
        ).fetchall()
        for row in cursor.execute(
            "SELECT lead_id, id, key, owner, policy_number, started_at, due_at, state, ended_at, met_at, met_late, "
            "fired_at IS NOT NULL AS fired, kind, warnings FROM clock WHERE lead_id = ANY(%s) "
            "AND (state = 'running' OR (state = 'breached' AND met_at IS NULL)) ORDER BY id",
            [ids],
        ):
            warnings = tuple((part, datetime.fromisoformat(at)) for part, at in row.pop("warnings"))
            clocks[row.pop("lead_id")].append(SlaClock(**row, warnings=warnings))
    return {row["id"]: _loaded(row, clocks[row["id"]]) for row in rows}


def lock_living(driver: Driver, lead_ids: Iterable[int]) -> tuple[dict[int, LoadedLead], dict[int, int]]:
    """Lock these leads and those they were merged into; also returns merged lead → the lead it is part of now.

    Merges committed while this waited for a lock are seen and followed.
    """
    asked = sorted(set(lead_ids))
    while True:
        became = dict(
            driver.execute(
                "WITH RECURSIVE way (start, here, next) AS (SELECT id, id, merged_into FROM lead WHERE id = ANY(%s) "
                "UNION ALL SELECT start, id, merged_into FROM way JOIN lead ON id = next) "
                "SELECT start, here FROM way WHERE next IS NULL AND start <> here",
                [asked],
            )
        )
        leads = lock_leads(driver, {*asked, *became.values()})
        if all(lead.merged_into is None or lead.id in became for lead in leads.values()):
            return leads, became


def read_events(driver: Driver, event_ids: Sequence[int]) -> list[tuple[int, LeadEvent]]:
    """(lead, event) of those of these events that still wait, in the order of intake."""
    rows = driver.execute(
        f"SELECT {EVENT_COLUMNS}, i.lead_id FROM inbox i JOIN event e ON e.id = i.event_id "  # noqa: S608 - a constant list
        "WHERE i.event_id = ANY(%s) AND i.set_aside_at IS NULL ORDER BY e.id",
        [list(event_ids)],
    )
    return [(row[-1], event_of(row[:-1])) for row in rows]


def read_history(driver: Driver, lead_ids: Sequence[int]) -> dict[int, list[LeadEvent]]:
    """The latest decided events of each lead, up to the limit of R3.4, without what only facts need."""
    rows = driver.execute(
        "SELECT l.id, e.id, e.source, e.external_id, e.type, e.occurred_at, e.properties "
        "FROM unnest(%s::bigint[]) AS l (id) "
        "CROSS JOIN LATERAL (SELECT id, source, external_id, type, occurred_at, body->'properties' AS properties "
        "FROM event WHERE lead_id = l.id AND NOT EXISTS (SELECT FROM inbox WHERE event_id = event.id) "
        "ORDER BY occurred_at DESC, source DESC, external_id DESC LIMIT %s) AS e",
        [list(lead_ids), LIMIT],
    )
    found: dict[int, list[LeadEvent]] = {lead: [] for lead in lead_ids}
    for lead, seq, source, external_id, event_type, occurred_at, properties in rows:
        found[lead].append(
            LeadEvent(source, external_id, event_type, occurred_at, properties=properties or {}, seq=seq)
        )
    return found


def read_told(driver: Driver, lead_ids: Sequence[int]) -> dict[int, list[LeadEvent]]:
    """Every decided event of each lead with all that it says, in the order of intake."""
    found: dict[int, list[LeadEvent]] = {lead: [] for lead in lead_ids}
    rows: Iterable[Any] = driver.execute(
        f"SELECT {EVENT_COLUMNS}, e.lead_id FROM event e WHERE e.lead_id = ANY(%s) "  # noqa: S608 - a constant list
        "AND NOT EXISTS (SELECT FROM inbox WHERE event_id = e.id) ORDER BY e.id",
        [list(lead_ids)],
    )
    for row in rows:
        found[row[-1]].append(event_of(row[:-1]))
    return found


def read_counted(driver: Driver, lead_ids: Sequence[int]) -> dict[int, set[tuple[int, str, str]]]:
    """The counted occurrences stored for each lead, as (event, group, signal)."""
    rows = driver.execute(
        "SELECT lead_id, event_id, group_key, signal_key FROM ledger WHERE lead_id = ANY(%s)", [list(lead_ids)]
    )
    found: dict[int, set[tuple[int, str, str]]] = {lead: set() for lead in lead_ids}
    for lead, *place in rows:
        found[lead].add(tuple(place))
    return found


def lock_accounts(driver: Driver, keys: Iterable[str], number: int) -> dict[str, tuple[int, Claims, int | None]]:
    """Make and lock the accounts of these keys, in the order of the keys: key → (id, claims, version they are read by).

    New ones are of policy version ``number``.
    """
    ordered = sorted(set(keys))
    if not ordered:
        return {}
    driver.execute(
        "INSERT INTO account (key, policy_number) SELECT unnest(%s::text[]), %s ON CONFLICT (key) DO NOTHING",
        [ordered, number],
    )
    rows = driver.execute(
        'SELECT key, id, claims, policy_number FROM account WHERE key = ANY(%s) ORDER BY key COLLATE "C" FOR UPDATE',
        [ordered],
    )
    return {key: (account, load_claims(claims), version) for key, account, claims, version in rows}


def account_keys(driver: Driver, account_ids: Sequence[int]) -> list[str]:
    """The keys of accounts."""
    return [key for (key,) in driver.execute("SELECT key FROM account WHERE id = ANY(%s)", [list(account_ids)])]


def siblings(driver: Driver, account_ids: Iterable[int]) -> dict[int, list[int]]:
    """The leads of these accounts that are not merged away, by account."""
    found: dict[int, list[int]] = {account: [] for account in account_ids}
    if found:
        for account, lead in driver.execute(
            "SELECT account_id, id FROM lead WHERE account_id = ANY(%s) AND merged_into IS NULL AND stage IS NOT NULL "
            "AND stage NOT IN ('won', 'lost', 'disqualified') ORDER BY id",
            [sorted(found)],
        ):
            found[account].append(lead)
    return found


def read_members(driver: Driver, account_ids: Sequence[int]) -> list[LoadedLead]:
    """The living leads of accounts as they stand, not locked and without their clocks: the accounts are locked."""
    return _as_they_stand(driver, "account_id", account_ids)


def read_leads(driver: Driver, lead_ids: Sequence[int]) -> list[LoadedLead]:
    """Living leads as they stand, not locked and without their clocks: for those who only look."""
    return _as_they_stand(driver, "id", lead_ids)


def _as_they_stand(driver: Driver, column: str, values: Sequence[int]) -> list[LoadedLead]:
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {LEAD_COLUMNS} FROM lead WHERE {column} = ANY(%s) AND merged_into IS NULL ORDER BY id",  # noqa: S608 - constants
            [list(values)],
        ).fetchall()
    return [_loaded(row, ()) for row in rows]


def read_accounts(driver: Driver, account_ids: Sequence[int]) -> dict[str, tuple[int, Claims, int | None]]:
    """Accounts as they stand, not locked: key → (id, claims, version they are read by)."""
    rows = driver.execute("SELECT key, id, claims, policy_number FROM account WHERE id = ANY(%s)", [list(account_ids)])
    return {key: (account, load_claims(claims), version) for key, account, claims, version in rows}


# ------------------------------------------------------------------------------------------------ storing
def save_leads(driver: Driver, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write leads as they stand now, their version one higher."""
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
    """Rows as one JSON text, far cheaper than arrays of JSON; exact numbers and moments are texts PostgreSQL reads."""
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
    """The columns of a lead that hold what is known of it and where it stands, scores aside."""
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
    """Write what is known of accounts, as the policy version ``number`` reads it."""
    if claims:
        driver.execute(
            "UPDATE account SET claims = given.claims, policy_number = %s "
            "FROM unnest(%s::bigint[], %s::jsonb[]) AS given (id, claims) WHERE account.id = given.id",
            [number, list(claims), [Jsonb(dump_claims(value)) for value in claims.values()]],
        )


def save_decisions(driver: Driver, rows: Sequence[Sequence[Any]]) -> None:
    """Store decisions in their order and take their events out of the inbox.

    A row is (event, lead, moment, policy number, stage before, after, owner before, after, cell, refused, body).
    """
    if not rows:
        return
    with (
        driver.cursor() as cursor,
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
    """Store new counted occurrences (lead, event, group, signal, raw) and drop those that no longer count."""
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
    """Store (lead, clock): those without an id are new, the others are written as they stand; returns the new ids."""
    old = [clock for _, clock in clocks if clock.id is not None]
    new = [(lead, clock) for lead, clock in clocks if clock.id is None]
    if old:
        driver.execute(
            "UPDATE clock SET state = g.state, ended_at = g.ended_at, met_at = g.met_at, met_late = g.met_late, "
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


def _loaded(row: Mapping[str, Any], clocks: Sequence[SlaClock]) -> LoadedLead:
    return LoadedLead(
        id=row["id"],
        version=row["version"],
        account_id=row["account_id"],
        state=load_state(row, row["state"]),
        claims=load_claims(row["claims"]),
        notes=list(row["notes"]),
        clocks=tuple(clocks),
        first_event_at=row["first_event_at"],
        last_event_at=row["last_event_at"],
        merged_into=row["merged_into"],
        policy_number=row["policy_number"],
    )


def event_of(row: Sequence[Any]) -> LeadEvent:
    """An event from its row of `EVENT_COLUMNS`."""
    seq, source, external_id, event_type, occurred_at, body, actor, imported, trusted = row
    return LeadEvent(
        source=source,
        id=external_id,
        type=event_type,
        occurred_at=occurred_at,
        identities=body.get("lead", {}),
        traits=body.get("traits", {}),
        company=body.get("company", {}),
        answers=body.get("answers", {}),
        properties=body.get("properties", {}),
        actor=actor,
        imported=imported,
        trusted=trusted,
        seq=seq,
        unreadable=body.get("unreadable", {}),
        visitor=body.get("visitor", False),
    )
