"""Read what a batch needs: lock and load leads with their events, clocks, history and accounts.

All locks are taken in one order: leads by id, accounts by key, rotations (docs/contract/design.md §3).
`engine.store.inbox.waiting` selects the events, `engine.store.decisions.writing` writes the results. Decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from engine.core.lead.facts import Claims, load_claims
from engine.core.lead.history import LIMIT
from engine.core.lead.model import LeadEvent
from engine.core.lead.state import LeadState, load_state
from engine.core.sla.clocks import SlaClock
from engine.store.session import Driver

LEAD_COLUMNS = (
    "id, account_id, version, stage, owner, sdr, rep, claims, notes, state, queued_role, queued_at, queue_priority, "
    "pool_since, first_event_at, last_event_at, merged_into, policy_number"
)
EVENT_COLUMNS = "e.id, e.source, e.external_id, e.type, e.occurred_at, e.body, e.actor, e.imported, e.trusted"


@dataclass(slots=True)
class LoadedLead:
    """A locked lead. The events of the batch change it one after another."""

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


def lock_leads(driver: Driver, lead_ids: Iterable[int]) -> dict[int, LoadedLead]:
    """Lock leads in id order, and load them with their running clocks and the breached ones not met yet."""
    ids = sorted(set(lead_ids))
    clocks: dict[int, list[SlaClock]] = {lead: [] for lead in ids}
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            # Rows are locked in the order in which they are returned.
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
    """Lock these leads and the leads they were merged into. Also returns a map: merged lead → surviving lead.

    Merges that commit while this waits for a lock are followed, too.
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
        # A merge may commit between the two queries: then look again, with its winner locked, too.
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
    """The latest decided events of each lead, up to the limit of R3.4, with their properties only."""
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
    """All decided events of each lead with all their groups, in the order of intake."""
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
    """Create and lock the accounts of these keys, in key order: key → (id, claims, version that read them).

    New accounts get the policy version ``number``.
    """
    ordered = sorted(set(keys))
    if not ordered:
        return {}
    driver.execute(
        # Sorted keys: parallel batches that create the same accounts wait for each other in one direction.
        "INSERT INTO account (key, policy_number) SELECT unnest(%s::text[]), %s ON CONFLICT (key) DO NOTHING",
        [ordered, number],
    )
    rows = driver.execute(
        # Collation C sorts as Python does, so that both agree on the lock order.
        'SELECT key, id, claims, policy_number FROM account WHERE key = ANY(%s) ORDER BY key COLLATE "C" FOR UPDATE',
        [ordered],
    )
    return {key: (account, load_claims(claims), version) for key, account, claims, version in rows}


def account_keys(driver: Driver, account_ids: Sequence[int]) -> list[str]:
    """The keys of these accounts."""
    return [key for (key,) in driver.execute("SELECT key FROM account WHERE id = ANY(%s)", [list(account_ids)])]


def siblings(driver: Driver, account_ids: Iterable[int]) -> dict[int, list[int]]:
    """The open leads of these accounts, by account."""
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
    """The living leads of these accounts, unlocked and without clocks. The lock on the account protects them."""
    return _as_they_stand(driver, "account_id", account_ids)


def read_leads(driver: Driver, lead_ids: Sequence[int]) -> list[LoadedLead]:
    """Living leads, unlocked and without clocks, for reading only."""
    return _as_they_stand(driver, "id", lead_ids)


def _as_they_stand(driver: Driver, column: str, values: Sequence[int]) -> list[LoadedLead]:
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {LEAD_COLUMNS} FROM lead WHERE {column} = ANY(%s) AND merged_into IS NULL ORDER BY id",  # noqa: S608 - constants
            [list(values)],
        ).fetchall()
    return [_loaded(row, ()) for row in rows]


def read_accounts(driver: Driver, account_ids: Sequence[int]) -> dict[str, tuple[int, Claims, int | None]]:
    """Accounts, unlocked: key → (id, claims, version that read them)."""
    rows = driver.execute("SELECT key, id, claims, policy_number FROM account WHERE id = ANY(%s)", [list(account_ids)])
    return {key: (account, load_claims(claims), version) for key, account, claims, version in rows}


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
