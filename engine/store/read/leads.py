"""Leads for the API and the command line: rows joined; nothing is computed or changed.

Lists are read in pages by key. A page costs the same number of queries, whatever its length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection

from engine.errors import NotFound
from engine.keyed_hash import known_as
from engine.store.session import raw, transaction

Row = dict[str, Any]
KINDS = ("external_id", "wechat", "email", "phone", "anonymous_id")
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """A filter of leads; None means any. ``identities`` maps kinds to normal forms."""

    identities: Mapping[str, str]
    stage: str | None = None
    cell: str | None = None
    owner: str | None = None
    of: str | None = None
    """Only leads that this person owns or owned."""


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A lead with its row, its company's claims, identities, clocks and waiting events."""

    row: Row
    account_claims: Mapping[str, Any]
    identities: Mapping[str, Sequence[str]]
    clocks: Sequence[Row]
    waiting_events: int
    policy_digest: str | None


def read_lead(lead_id: int) -> LeadRecord:
    """One lead. For a merged one, the surviving lead. Raises NotFound."""
    with transaction() as connection:
        return _records(connection, [_living(connection, lead_id)])[0]


def find_leads(wanted: LeadFilter, *, after: int, limit: int) -> list[LeadRecord]:
    """Up to ``limit`` leads with an id above ``after``, by id."""
    conditions = ["id > %(after)s", "merged_into IS NULL"]
    values: dict[str, Any] = {"after": after, "limit": limit}
    for column in ("stage", "cell", "owner"):
        if getattr(wanted, column) is not None:
            conditions.append(f"{column} = %({column})s")
            values[column] = getattr(wanted, column)
    if wanted.of is not None:
        conditions.append("%(of)s IN (owner, sdr, rep)")
        values["of"] = wanted.of
    for kind, value in wanted.identities.items():
        conditions.append(
            f"id IN (SELECT lead_id FROM identity WHERE kind = '{kind}' AND value = %({kind})s)"  # noqa: S608 - KINDS
        )
        values[kind] = value
    query = f"SELECT id FROM lead WHERE {' AND '.join(conditions)} ORDER BY id LIMIT %(limit)s"  # noqa: S608 - our texts
    with transaction() as connection:
        ids = [row["id"] for row in _rows(connection, query, values)]
        return _records(connection, ids)


def read_leads(ids: Sequence[int]) -> list[LeadRecord]:
    """These leads, in this order."""
    with transaction() as connection:
        return _records(connection, ids)


def open_leads_of(source: str, stage: str) -> list[Row]:
    """Stage and external id of the owned leads of a source at a stage, in the form of the API."""
    query = """
        SELECT l.stage, min(i.value) AS external_id FROM lead l JOIN identity i ON i.lead_id = l.id
        WHERE l.stage = %s AND l.owner IS NOT NULL AND l.merged_into IS NULL AND i.kind = 'external_id'
        AND l.id IN (SELECT lead_id FROM event WHERE source = %s) GROUP BY l.id ORDER BY l.id
    """
    with transaction() as connection:
        rows = _rows(connection, query, [stage, source])
    return [{"stage": row["stage"], "identities": {"external_id": row["external_id"]}} for row in rows]


def lead_of_identity(kind: str, value: str) -> int | None:
    """The lead of an identifier in its normal form."""
    with transaction() as connection:
        row = _one(connection, "SELECT lead_id FROM identity WHERE kind = %s AND value = %s", [kind, value])
        return row["lead_id"] if row else None


def read_event(source: str, external_id: str) -> Row:
    """An event with its status (waiting, decided or set_aside) and its decision. Raises NotFound."""
    with transaction() as connection:
        names = known_as(source, external_id)
        row = _one(connection, f"{_EVENTS} WHERE e.source = %s AND e.external_id = ANY(%s)", [source, names])
        if row is None:
            raise NotFound(f"no event {external_id!r} of source {source!r} was accepted")
        return row | {"decision": _one(connection, f"{_DECISIONS} WHERE d.event_id = %s", [row["event_id"]])}


def read_decisions(lead_id: int, *, after: int, limit: int) -> list[Row]:
    """Decisions of a lead in the order they were made, with an id above ``after``. Raises NotFound."""
    with transaction() as connection:
        lead = _living(connection, lead_id)
        query = f"{_DECISIONS} WHERE d.lead_id = %s AND d.id > %s ORDER BY d.id LIMIT %s"
        return _rows(connection, query, [lead, after, limit])


def last_scored(lead_id: int) -> Row | None:
    """The last decision of a lead with score arithmetic; None if there is none. Raises NotFound."""
    with transaction() as connection:
        lead = _living(connection, lead_id)
        query = f"{_DECISIONS} WHERE d.lead_id = %s AND jsonb_typeof(d.body->'scores') = 'object'"
        return _one(connection, f"{query} ORDER BY d.id DESC LIMIT 1", [lead])


def last_choice(lead_id: int) -> Row | None:
    """The last decision on a lead that looked for a person; None if there is none."""
    with transaction() as connection:
        query = f"{_DECISIONS} WHERE d.lead_id = %s AND jsonb_typeof(d.body->'assignment') = 'object'"
        return _one(connection, f"{query} ORDER BY d.id DESC LIMIT 1", [lead_id])


def read_ledger(lead_id: int) -> list[Row]:
    """The counted occurrences of a lead, with their events."""
    with transaction() as connection:
        return _rows(connection, _LEDGER, [lead_id])


def read_timeline(lead_id: int, *, after: int, limit: int) -> list[Row]:
    """Events of a lead with an id above ``after``, in the order of intake, each with its decision."""
    with transaction() as connection:
        lead = _living(connection, lead_id)
        query = f"{_EVENTS} WHERE e.lead_id = %s AND e.id > %s ORDER BY e.id LIMIT %s"
        events = _rows(connection, query, [lead, after, limit])
        ids = [event["event_id"] for event in events]
        decided = {row["event_id"]: row for row in _rows(connection, f"{_DECISIONS} WHERE d.event_id = ANY(%s)", [ids])}
        return [event | {"decision": decided.get(event["event_id"])} for event in events]


def read_recent(lead_id: int, *, before: int | None, limit: int) -> list[Row]:
    """Events of a lead with an id below ``before``, the latest intake first, each with its decision."""
    with transaction() as connection:
        query = f"{_EVENTS} WHERE e.lead_id = %s AND e.id < %s ORDER BY e.id DESC LIMIT %s"
        events = _rows(connection, query, [lead_id, before or MAX_ID, limit])
        ids = [event["event_id"] for event in events]
        decided = {row["event_id"]: row for row in _rows(connection, f"{_DECISIONS} WHERE d.event_id = ANY(%s)", [ids])}
        return [event | {"decision": decided.get(event["event_id"])} for event in events]


def read_decision(decision_id: int) -> Row:
    """One decision. Raises NotFound."""
    with transaction() as connection:
        row = _one(connection, f"{_DECISIONS} WHERE d.id = %s", [min(decision_id, MAX_ID)])
    if row is None:
        raise NotFound(f"there is no decision {decision_id}")
    return row


def lead_exists(lead_id: int) -> int:
    """The id of the living lead of ``lead_id``. Raises NotFound."""
    with transaction() as connection:
        return _living(connection, lead_id)


def read_hands(lead_id: int) -> Row:
    """The current and former owners of a lead: its living id, ``owner``, ``sdr`` and ``rep``. Raises NotFound."""
    with transaction() as connection:
        lead = _living(connection, lead_id)
        return _rows(connection, "SELECT id, owner, sdr, rep FROM lead WHERE id = %s", [lead])[0]


def _living(connection: Connection, lead_id: int) -> int:
    """Follow merges to the surviving lead."""
    seen = lead_id
    # A larger number would be an error of the database instead of NotFound.
    while 0 < seen <= MAX_ID:
        row = _one(connection, "SELECT merged_into FROM lead WHERE id = %s", [seen])
        if row is None:
            break
        if row["merged_into"] is None:
            return seen
        seen = row["merged_into"]
    raise NotFound(f"there is no lead {lead_id}")


def _records(connection: Connection, ids: Sequence[int]) -> list[LeadRecord]:
    asked = [list(ids)]
    leads = {row["id"]: row for row in _rows(connection, _LEADS, asked)}
    identities: dict[int, dict[str, list[str]]] = {}
    for row in _rows(connection, _IDENTITIES, asked):
        identities.setdefault(row["lead_id"], {}).setdefault(row["kind"], []).append(row["value"])
    clocks: dict[int, list[Row]] = {}
    for row in _rows(connection, _CLOCKS, asked):
        clocks.setdefault(row.pop("lead_id"), []).append(row)
    waiting = {row["lead_id"]: row["n"] for row in _rows(connection, _WAITING, asked)}
    return [
        LeadRecord(
            row=leads[lead],
            account_claims=leads[lead].pop("account_claims") or {},
            identities=identities.get(lead, {}),
            clocks=clocks.get(lead, []),
            waiting_events=waiting.get(lead, 0),
            policy_digest=leads[lead].pop("policy_digest"),
        )
        for lead in ids
    ]


def _rows(connection: Connection, query: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
    driver: psycopg.Connection = raw(connection)
    with driver.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def _one(connection: Connection, query: str, values: Sequence[Any]) -> Row | None:
    rows = _rows(connection, query, values)
    return rows[0] if rows else None


_LEADS = """
SELECT l.*, a.claims AS account_claims, v.digest AS policy_digest
FROM lead l LEFT JOIN account a ON a.id = l.account_id LEFT JOIN policy_version v ON v.number = l.policy_number
WHERE l.id = ANY(%s)
"""
_IDENTITIES = "SELECT lead_id, kind, value FROM identity WHERE lead_id = ANY(%s) ORDER BY created_at, kind, value"
_CLOCKS = """
SELECT lead_id, key, kind, owner, policy_number, started_at, due_at, state, ended_at, met_at, met_late, warnings
FROM clock WHERE lead_id = ANY(%s) ORDER BY id
"""
_WAITING = """
SELECT lead_id, count(*) AS n FROM inbox WHERE lead_id = ANY(%s) AND set_aside_at IS NULL GROUP BY lead_id
"""
_LEDGER = """
SELECT l.group_key, l.signal_key, l.raw, e.source, e.external_id, e.type, e.occurred_at
FROM ledger l JOIN event e ON e.id = l.event_id WHERE l.lead_id = %s
"""
_EVENTS = """
SELECT e.id AS event_id, e.source, e.external_id AS id, e.type, e.occurred_at, e.received_at, e.lead_id, e.body,
       e.actor, e.imported, e.trusted, i.due_at, i.attempts, i.error, i.set_aside_at,
       CASE WHEN i.event_id IS NULL THEN 'decided' WHEN i.set_aside_at IS NULL THEN 'waiting' ELSE 'set_aside' END
           AS status
FROM event e LEFT JOIN inbox i ON i.event_id = e.id
"""
_DECISIONS = """
SELECT d.id, d.event_id, d.lead_id, d.decided_at, d.policy_number, v.digest AS policy_digest, d.stage_before,
       d.stage_after, d.owner_before, d.owner_after, d.cell, d.refused, d.body,
       e.source, e.external_id, e.type, e.occurred_at
FROM decision d JOIN event e ON e.id = d.event_id LEFT JOIN policy_version v ON v.number = d.policy_number
"""
