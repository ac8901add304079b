"""The inbox: accepts each event once and assigns it to one lead (docs/contract/design.md §§2–3).

`accept` is one transaction: drop known events, resolve leads, write events and their waiting rows. If two requests
bring the same identifiers at the same time, the unique identity rows make one wait for the other and then see its lead.
An event that connects two known leads also puts a ``lead.merged`` event before itself. A worker decides the merge, with
both leads locked.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from engine.core.lead.resolution import Resolution
from engine.errors import NotFound
from engine.store.access import audit
from engine.store.inbox import erasing
from engine.store.orm import unit_of_work
from engine.store.session import Driver, raw, retrying, transaction
from engine.store.shards import SHARDS
from rulesets.document.wording import says

ENGINE_SOURCE = "baton"
"""Source of the events that Baton creates."""

RESOLVE_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Intake:
    """A checked event before it is stored. Identifiers are normalised, moments are UTC."""

    source: str
    id: str
    type: str
    occurred_at: datetime
    due_at: datetime
    identities: Mapping[str, str] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    company: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    actor: str | None = None
    imported: bool = False
    trusted: bool = True
    lead_id: int | None = None

    def body(self) -> dict[str, Any]:
        """The groups as they were sent, without empty ones."""
        groups = {
            "lead": self.identities,
            "traits": self.traits,
            "company": self.company,
            "answers": self.answers,
            "properties": self.properties,
        }
        return {name: dict(group) for name, group in groups.items() if group}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The result of a request: counts, and the events and leads it added."""

    accepted: int
    duplicates: int
    event_ids: tuple[int, ...] = ()
    lead_ids: tuple[int, ...] = ()


def accept(intakes: Sequence[Intake], now: datetime) -> Accepted:
    """Store events. The same (source, id) takes effect once, however often and in parallel it is sent."""
    first: dict[tuple[str, str], Intake] = {}
    for item in intakes:
        # A request may contain an event twice; the first one counts.
        first.setdefault((item.source, item.id), item)
    unique = list(first.values())
    written = retrying(lambda: _accept(unique, now))
    return Accepted(
        accepted=len(written),
        duplicates=len(intakes) - len(written),
        event_ids=tuple(event_id for event_id, _ in written),
        lead_ids=tuple(lead_id for _, lead_id in written),
    )


def run_again(event_ids: Sequence[int], by: str) -> list[int]:
    """Put set-aside events back into the queue with no attempts counted. Returns their leads. Raises NotFound if none
    is set aside.
    """
    with unit_of_work() as session:
        rows = (
            raw(session.connection())
            .execute(
                "UPDATE inbox SET set_aside_at = NULL, error = NULL, attempts = 0, failures = 0 "
                "WHERE event_id = ANY(%s) AND set_aside_at IS NOT NULL RETURNING event_id, lead_id",
                [list(event_ids)],
            )
            .fetchall()
        )
        if not rows:
            raise NotFound(says("no such event is set aside: it may have been run again already"))
        numbers = sorted(event for event, _ in rows)
        audit.record(session, actor=by, action="event.run_again", subject="inbox", after={"events": numbers})
    return [lead for _, lead in rows]


def put(connection: Driver, intakes: Sequence[Intake]) -> list[tuple[int, int]]:
    """Write events of known leads in the open transaction. Returns (event id, lead id) of the new ones."""
    return _write(connection, [(item, _known_lead(item)) for item in intakes])


def _known_lead(item: Intake) -> int:
    if item.lead_id is None:
        raise ValueError(f"event {item.source}/{item.id} names no lead")
    return item.lead_id


def _accept(intakes: Sequence[Intake], now: datetime) -> list[tuple[int, int]]:
    with transaction() as connection:
        driver = raw(connection)
        known = _already_there(driver, intakes) | erasing.replayed(driver, intakes)
        fresh = erasing.aimed(driver, [item for item in intakes if (item.source, item.id) not in known])
        if not fresh:
            return []
        leads, merges = resolve(driver, fresh)
        # Before the events: the merge must get the lower id, because workers decide in id order.
        _write(driver, [(_merge_event(pair, now), min(pair)) for pair in sorted(merges)])
        written = _write(driver, list(zip(fresh, leads, strict=True)))
        if len(written) < len(fresh):
            # Raised as a retryable state: `retrying` runs the request again and then sees the other's rows.
            raise psycopg.errors.SerializationFailure("another request brought the same events: look again")
        return written


def _already_there(driver: Driver, intakes: Sequence[Intake]) -> set[tuple[str, str]]:
    rows = driver.execute(
        "SELECT source, external_id FROM event JOIN unnest(%s::text[], %s::text[]) AS asked (s, e) "
        "ON source = s AND external_id = e",
        [[item.source for item in intakes], [item.id for item in intakes]],
    )
    return {(source, external_id) for source, external_id in rows}


def _write(driver: Driver, items: Sequence[tuple[Intake, int]]) -> list[tuple[int, int]]:
    if not items:
        return []
    columns = zip(
        *(
            (i.source, i.id, i.type, i.occurred_at, lead, Jsonb(i.body()), i.actor, i.imported, i.trusted, i.due_at)
            for i, lead in items
        ),
        strict=True,
    )
    return driver.execute(
        """
        WITH given AS (
            SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::jsonb[],
                                 %s::text[], %s::boolean[], %s::boolean[], %s::timestamptz[])
            WITH ORDINALITY AS g (source, external_id, type, occurred_at, lead_id, body, actor, imported, trusted,
                                  due_at, place)
        ), written AS (
            INSERT INTO event (source, external_id, type, occurred_at, lead_id, body, actor, imported, trusted)
            SELECT source, external_id, type, occurred_at, lead_id, body, actor, imported, trusted
            FROM given ORDER BY place
            ON CONFLICT (source, external_id) DO NOTHING
            RETURNING id, source, external_id, lead_id
        ), seen AS (
            INSERT INTO seen_event_type (type) SELECT DISTINCT type FROM given ORDER BY type ON CONFLICT DO NOTHING
        )
        INSERT INTO inbox (event_id, lead_id, shard, due_at)
        SELECT w.id, w.lead_id, w.lead_id %% %s, g.due_at
        FROM written w JOIN given g USING (source, external_id)
        ORDER BY w.id
        RETURNING event_id, lead_id
        """,
        [*(list(column) for column in columns), SHARDS],
    ).fetchall()


def _merge_event(pair: tuple[int, int], now: datetime) -> Intake:
    """The event that merges two leads. Its id is fixed per pair, so that an undone merge is never repeated."""
    low, high = sorted(pair)
    return Intake(
        source=ENGINE_SOURCE,
        id=f"merge:{low}:{high}",
        type="lead.merged",
        occurred_at=now,
        due_at=now,
        properties={"leads": [low, high]},
        lead_id=low,
    )


# -------------------------------------------------------------------------------------------------- resolution
def resolve(driver: Driver, intakes: Sequence[Intake]) -> tuple[list[int], set[tuple[int, int]]]:
    """The lead of each event, with new leads where no identifier is known, and the pairs of leads to merge.

    1. read the known identities; 2. plan in memory, event by event; 3. write new identities in sorted order; 4. if
    another request wrote one of them meanwhile, discard the plan and start again with its rows.
    """
    for _ in range(RESOLVE_ATTEMPTS):
        plan = _Plan(driver)
        plan.read(intakes)
        leads = [plan.lead_of_intake(item) for item in intakes]
        # A savepoint: a lost race undoes only the plan's rows, not the transaction.
        with driver.transaction(force_rollback=False) as savepoint:
            if plan.write():
                return [plan.real[lead] for lead in leads], {
                    (plan.real[one], plan.real[other]) for one, other in plan.merges
                }
            raise psycopg.Rollback(savepoint)
    # Retryable: `retrying` starts again in a new transaction, after a pause.
    raise psycopg.errors.DeadlockDetected("identities kept changing while they were read")


class _Plan(Resolution):
    """Resolution of one request. New leads have negative numbers until they are written (``real``)."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(itertools.count(-1, -1))
        self.driver = driver
        self.real: dict[int, int] = {}

    def read(self, intakes: Iterable[Intake]) -> None:
        """Load all identities of the leads that the identifiers of this request name."""
        asked = sorted({identifier for item in intakes for identifier in item.identities.items()})
        rows = self.driver.execute(
            "SELECT i.kind, i.value, i.lead_id, i.trusted FROM identity i WHERE i.lead_id IN (SELECT lead_id "
            "FROM identity JOIN unnest(%s::text[], %s::text[]) AS asked (k, v) ON kind = k AND value = v)",
            [[kind for kind, _ in asked], [value for _, value in asked]],
        )
        for kind, value, lead, trusted in rows:
            self.learn((kind, value), lead, trusted=trusted)
            self.real[lead] = lead

    def lead_of_intake(self, item: Intake) -> int:
        """The lead of one event: the one it already has, else the one its identifiers name."""
        lead = self.lead_of(item.identities, trusted=item.trusted) if item.lead_id is None else item.lead_id
        self.real.setdefault(lead, lead)
        return lead

    def write(self) -> bool:
        """Write new identities and leads. Returns False if another request wrote one of the identities first."""
        new = sorted(lead for lead in self.real if lead < 0)
        if new:
            numbers = self.driver.execute(
                "SELECT nextval(pg_get_serial_sequence('lead', 'id')) FROM generate_series(1, %s)", [len(new)]
            )
            self.real.update(zip(reversed(new), (number for (number,) in numbers), strict=True))
        # Identities first: they are the point where parallel requests meet. Lead rows follow only if all were won.
        if self.fresh and not self._write_identities():
            return False
        if new:
            self.driver.execute(
                "INSERT INTO lead (id, version) SELECT unnest(%s::bigint[]), 0", [[self.real[lead] for lead in new]]
            )
        return True

    def _write_identities(self) -> bool:
        # Sorted: two requests that insert the same identities in different orders would deadlock.
        rows = [
            (kind, value, self.real[lead], trusted) for (kind, value), (lead, trusted) in sorted(self.fresh.items())
        ]
        written = self.driver.execute(
            "INSERT INTO identity (kind, value, lead_id, trusted) "
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::boolean[]) "
            "ON CONFLICT DO NOTHING RETURNING 1",
            [list(column) for column in zip(*rows, strict=True)],
        ).fetchall()
        return len(written) == len(rows)
