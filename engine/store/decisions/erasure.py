"""Erasing a person's data wherever they stand, and what is noted of it (R4.8; docs/contract/design.md §2).

Works inside the deciding transaction, the lead locked. Leads that were merged into the erased one go with it. What may
stay is `engine.core.lead.erasure`; here are the tables. Erasing again is harmless, and takes what came since.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from engine.core.lead.erasure import Erasure, personal_values, without
from engine.core.lead.model import LeadEvent
from engine.keyed_hash import PREFIX, keyed_hash
from engine.store.access.keys import WORK_SOURCE
from engine.store.inbox.inbox import ENGINE_SOURCE
from engine.store.session import Driver
from rulesets.policy.vocabulary import Vocabulary

OWN_SOURCES = (ENGINE_SOURCE, WORK_SOURCE)
"""Sources whose event ids are made by Baton, of numbers alone."""
GENERATION = (
    "WITH RECURSIVE kin (id) AS (SELECT %s::bigint UNION SELECT l.id FROM lead l JOIN kin ON merged_into = kin.id)"
)


class _Person(NamedTuple):
    """Whose data go: the ``leads`` they are, the values that name them, the new ids of their events."""

    leads: list[int]
    values: frozenset[str]
    ids: Mapping[str, str]


def note(driver: Driver, lead: int, event: LeadEvent, now: datetime, *, beside: bool) -> None:
    """Write down that a lead is erased: by whom, when, with which leads; and in the audit log.

    ``beside``: also note the other leads of its company, whose former decisions read what goes now (`baton verify`).
    """
    family = _family(driver, lead)
    others = driver.execute(
        "SELECT o.id FROM lead l JOIN lead o ON o.account_id = l.account_id WHERE l.id = %s AND o.id <> l.id "
        "AND %s ORDER BY o.id",
        [lead, beside],
    )
    by = event.actor or event.source
    driver.execute(
        "INSERT INTO erasure (lead_id, event_id, erased_at, by, leads, beside) VALUES (%s, %s, %s, %s, %s, %s)",
        [lead, event.seq, now, by, Jsonb(family), Jsonb([number for (number,) in others])],
    )
    driver.execute(
        "INSERT INTO audit_entry (actor, action, subject, after) VALUES (%s, 'lead.erased', %s, %s)",
        [by, f"lead/{lead}", Jsonb({"event": event.seq, "leads": family})],
    )


def erase(driver: Driver, lead: int, vocabulary: Vocabulary, zone: ZoneInfo) -> None:
    """Take everything that could name the person out of every table.

    1. who: the lead and those merged into it; 2. events and what waits; 3. the leads' rows and the company's;
    4. identifiers; 5. what was derived: decisions, notifications, deliveries, merges, the audit log.
    """
    leads = _family(driver, lead)
    company = _company(driver, lead)
    rule = Erasure(vocabulary, zone, keyed_hash, company=company is not None)
    person = _events(driver, leads, rule)
    driver.execute(
        "UPDATE inbox SET error = NULL, set_aside_at = NULL, attempts = 0, failures = 0 "
        "WHERE lead_id = ANY(%s) AND (error IS NOT NULL OR set_aside_at IS NOT NULL)",
        [leads],
    )
    _rows_of_leads(driver, leads, rule, person)
    _accounts(driver, lead, company, person)
    _identities(driver, leads)
    _merges(driver, leads)
    _decisions(driver, person)
    _told(driver, person)
    _audited(driver, person)


def _family(driver: Driver, lead: int) -> list[int]:
    """The lead and all that were merged into it."""
    rows = driver.execute(
        "WITH RECURSIVE kin (id) AS (SELECT %s::bigint UNION SELECT l.id FROM lead l JOIN kin ON merged_into = kin.id) "
        "SELECT id FROM kin ORDER BY id",
        [lead],
    )
    return [number for (number,) in rows]


def _company(driver: Driver, lead: int) -> int | None:
    """The lead's company, if somebody belongs to it who is not erased."""
    row = driver.execute(
        "SELECT account_id FROM lead l WHERE id = %s AND EXISTS (SELECT FROM lead o WHERE o.account_id = l.account_id "
        "AND NOT o.state ? 'erased_at')",
        [lead],
    ).fetchone()
    return row[0] if row else None


def _events(driver: Driver, leads: Sequence[int], rule: Erasure) -> _Person:
    """Rewrite the events' bodies and ids; returns what was personal in them."""
    said = driver.execute(
        "SELECT value FROM identity WHERE lead_id = ANY(%(leads)s) "
        "UNION SELECT value FROM identity_claim WHERE lead_id = ANY(%(leads)s)",
        {"leads": leads},
    ).fetchall()
    identifiers = [value for (value,) in said if not value.startswith(PREFIX)]
    rows = driver.execute(
        "SELECT id, source, external_id, type, body FROM event WHERE lead_id = ANY(%s)", [leads]
    ).fetchall()
    bodies = [body for *_, body in rows]
    kept, ids = [], {}
    for number, source, name, event_type, body in rows:
        kept.append(_kept(rule, event_type, body, own=source == ENGINE_SOURCE))
        again = name.startswith(PREFIX) or source in OWN_SOURCES
        ids[number] = name if again else keyed_hash(source, name)
    driver.cursor().executemany(
        "UPDATE event SET body = %s, external_id = %s WHERE id = %s",
        [(Jsonb(left), ids[row[0]], row[0]) for row, left in zip(rows, kept, strict=True)],
    )
    renamed = {name: ids[number] for number, _, name, *_ in rows if ids[number] != name}
    return _Person(list(leads), personal_values(bodies, kept, identifiers), renamed)


def _kept(rule: Erasure, event_type: str, body: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """What stays of a body; identifiers that are hashes already are not hashed again."""
    lead = {kind: value for kind, value in body.get("lead", {}).items() if not value.startswith(PREFIX)}
    left = rule.body(event_type, {**body, "lead": lead}, own=own)
    hashes = {kind: value for kind, value in body.get("lead", {}).items() if value.startswith(PREFIX)}
    return {**left, "lead": {**hashes, **left.get("lead", {})}} if hashes else left


def _rows_of_leads(driver: Driver, leads: Sequence[int], rule: Erasure, person: _Person) -> None:
    """Claims keep what may stay; extras and notes go; nothing is due any more."""
    for number, claims in driver.execute("SELECT id, claims FROM lead WHERE id = ANY(%s)", [leads]).fetchall():
        driver.execute(
            "UPDATE lead SET claims = %s, extras = '{}', notes = '[]', queued_role = NULL, queued_at = NULL, "
            "queue_for = NULL, next_refresh_at = NULL, pool_next_at = NULL, protected_until = NULL, "
            "version = version + 1 WHERE id = %s",
            [Jsonb(_renamed(rule.claims(claims), person.ids)), number],
        )


def _renamed(claims: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """Claims whose statements name events by their new ids; a statement is [raw, moment, source, event]."""
    return {
        name: [claim and [*claim[:3], ids.get(claim[3], claim[3])] for claim in slots] for name, slots in claims.items()
    }


def _accounts(driver: Driver, lead: int, company: int | None, person: _Person) -> None:
    """A company with other people names events by their new ids; one without goes, and so does its name."""
    row = driver.execute("SELECT account_id FROM lead WHERE id = %s", [lead]).fetchone()
    account = row[0] if row else None
    if account is None:
        return
    if company is None:
        driver.execute("UPDATE lead SET account_id = NULL WHERE account_id = %s", [account])
        driver.execute("DELETE FROM account WHERE id = %s", [account])
        return
    for (claims,) in driver.execute("SELECT claims FROM account WHERE id = %s FOR UPDATE", [account]).fetchall():
        driver.execute("UPDATE account SET claims = %s WHERE id = %s", [Jsonb(_renamed(claims, person.ids)), account])


def _identities(driver: Driver, leads: Sequence[int]) -> None:
    """Identifiers become hashes; one that was erased before belongs to the last lead it named. Claims go."""
    driver.execute("DELETE FROM identity_claim WHERE lead_id = ANY(%s)", [leads])
    rows = driver.execute(
        "DELETE FROM identity WHERE lead_id = ANY(%s) AND NOT starts_with(value, %s) "
        "RETURNING kind, value, lead_id, trusted, created_at",
        [leads, PREFIX],
    ).fetchall()
    driver.cursor().executemany(
        "INSERT INTO identity (kind, value, lead_id, trusted, created_at) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (kind, value) DO UPDATE SET lead_id = EXCLUDED.lead_id",
        [(kind, keyed_hash(kind, value), *rest) for kind, value, *rest in rows],
    )


def _merges(driver: Driver, leads: Sequence[int]) -> None:
    """What merges moved: identifiers of the person become hashes; those of somebody parted from them stay."""
    rows = driver.execute(
        "SELECT id, moved FROM merge WHERE loser_id = ANY(%s) OR (winner_id = ANY(%s) AND undone_at IS NULL)",
        [leads, leads],
    ).fetchall()
    for number, moved in rows:
        pairs = [
            [kind, value if value.startswith(PREFIX) else keyed_hash(kind, value)]
            for kind, value in moved["identities"]
        ]
        driver.execute("UPDATE merge SET moved = %s WHERE id = %s", [Jsonb({**moved, "identities": pairs}), number])


def _hashed(kind: str, value: str) -> str:
    return value if value.startswith(PREFIX) else keyed_hash(kind, value)


def _decisions(driver: Driver, person: _Person) -> None:
    """Notes quote what could not be read; everything else is looked through for what is personal."""
    rows = driver.execute("SELECT id, body FROM decision WHERE lead_id = ANY(%s)", [person.leads]).fetchall()
    changed = []
    for number, body in rows:
        left = without({name: part for name, part in body.items() if name != "notes"}, person.values, person.ids)
        if left != body:
            changed.append((Jsonb(left), number))
    driver.cursor().executemany("UPDATE decision SET body = %s WHERE id = %s", changed)


def _told(driver: Driver, person: _Person) -> None:
    """Notifications and messages about the leads; their causes name events, and are not needed any more."""
    for number, details in driver.execute(
        "SELECT id, details FROM notice WHERE lead_id = ANY(%s)", [person.leads]
    ).fetchall():
        driver.execute(
            "UPDATE notice SET details = %s, cause = concat('erased:', id) WHERE id = %s",
            [Jsonb(without(details, person.values, person.ids)), number],
        )
    rows = driver.execute(
        "SELECT id, payload FROM delivery WHERE (payload->'data'->'lead'->>'id')::bigint = ANY(%s) "
        "OR (channel = 'mail' AND jsonb_typeof(payload->'lead') = 'number' AND (payload->>'lead')::bigint = ANY(%s))",
        [person.leads, person.leads],
    ).fetchall()
    for number, payload in rows:
        left = without(payload, person.values, person.ids)
        if isinstance(left.get("data"), dict):
            left["data"]["lead"]["external_id"] = None
        driver.execute(
            "UPDATE delivery SET payload = %s, cause = concat('erased:', id), last_error = NULL WHERE id = %s",
            [Jsonb(left), number],
        )


def _audited(driver: Driver, person: _Person) -> None:
    """Values in the audit log that are the person's."""
    if not person.values:
        return
    rows = driver.execute(
        "SELECT id, before, after, reason FROM audit_entry WHERE EXISTS (SELECT FROM unnest(%s::text[]) AS one "
        "WHERE strpos(lower(concat(before::text, after::text, reason)), one) > 0)",
        [sorted(person.values)],
    ).fetchall()
    for number, before, after, reason in rows:
        driver.execute(
            "UPDATE audit_entry SET before = %s, after = %s, reason = %s WHERE id = %s",
            [
                *(None if part is None else Jsonb(without(part, person.values, {})) for part in (before, after)),
                without(reason, person.values, {}),
                number,
            ],
        )
