"""Who the events of a request mean: what the database knows of their identifiers, and what they add to it.

`resolve` plans in memory with `engine.core.lead.resolution` and writes what is new inside the caller's transaction. It
decides nothing of its own, and moves no event between leads: merges are decided by a worker.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import psycopg

from engine.core.lead.identity import Identifier
from engine.core.lead.resolution import Meant, Resolution
from engine.store.session import Driver

RESOLVE_ATTEMPTS = 20

Pairs = dict[tuple[int, int], tuple[str, str]]


class IdentifiedEvent(NamedTuple):
    """The identifiers of one event; ``lead`` where it is known already."""

    identities: Mapping[str, str]
    trusted: bool
    lead: int | None = None


def resolve(driver: Driver, asked: Sequence[IdentifiedEvent]) -> tuple[list[Meant], Pairs]:
    """The lead of each event, new leads made where nobody is known, and the pairs of leads that proved to be one.

    1. read what is known; 2. plan in memory, event by event; 3. a plan that changes known leads is made again with
    their identifiers locked, so that two requests never add to one lead what speaks against each other; 4. write; if
    another request took an identifier meanwhile, forget the plan and begin again with what it wrote.
    """
    for _ in range(RESOLVE_ATTEMPTS):
        plan = _Plan(driver)
        plan.read(asked)
        meant = [plan.meant(item) for item in asked]
        if plan.changes_known_leads() and plan.lock():
            plan = _Plan(driver)
            plan.read(asked)
            meant = [plan.meant(item) for item in asked]
        with driver.transaction(force_rollback=False) as savepoint:
            if plan.write():
                return [one._replace(lead=plan.real[one.lead]) for one in meant], plan.real_merges()
            raise psycopg.Rollback(savepoint)
    raise psycopg.errors.DeadlockDetected("identities kept changing while they were read")


class _Plan(Resolution):
    """Resolution of one request. New leads have negative numbers until they are written (``real``)."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(itertools.count(-1, -1))
        self.driver = driver
        self.real: dict[int, int] = {}

    def read(self, asked: Sequence[IdentifiedEvent]) -> None:
        """Load what is known of every identifier of the request, and of the leads they name or are about to be."""
        named = sorted({identifier for item in asked for identifier in item.identities.items()})
        kinds, values = [kind for kind, _ in named], [value for _, value in named]
        leads = [
            lead
            for (lead,) in self.driver.execute(
                "SELECT DISTINCT lead_id FROM identity JOIN unnest(%s::text[], %s::text[]) AS asked (k, v) "
                "ON kind = k AND value = v",
                [kinds, values],
            )
        ]
        if not leads:
            return
        pending = self.driver.execute(
            "SELECT p.low, p.high FROM pending_merge p JOIN inbox USING (event_id) "
            "WHERE (p.low = ANY(%(leads)s) OR p.high = ANY(%(leads)s)) AND set_aside_at IS NULL",
            {"leads": leads},
        ).fetchall()
        self._read_leads(sorted({*leads, *itertools.chain.from_iterable(pending)}))
        for low, high in pending:
            self.unite(low, high)

    def meant(self, item: IdentifiedEvent) -> Meant:
        """The lead of one event: the one it is already known to belong to, else whom its identifiers name."""
        meant = self.lead_of(item.identities, trusted=item.trusted) if item.lead is None else Meant(item.lead)
        self.real.setdefault(meant.lead, meant.lead)
        return meant

    def changes_known_leads(self) -> bool:
        """Whether the plan says something new of leads that others may speak of at this moment."""
        touched = {lead for lead, _ in self.fresh.values()} | {lead for _, lead in self.fresh_claims}
        return bool(self.merges or self.fresh_shared or any(lead > 0 for lead in touched))

    def lock(self) -> bool:
        """Lock the identifiers of all leads the plan knows, in one order; False when it knows none."""
        leads = sorted(lead for lead in self.real if lead > 0)
        self.driver.execute(
            "SELECT FROM identity WHERE lead_id = ANY(%s) ORDER BY kind, value FOR NO KEY UPDATE", [leads]
        )
        return bool(leads)

    def write(self) -> bool:
        """Write new identities and leads; False when somebody else was faster with one of the identities."""
        new = sorted(lead for lead in self.real if lead < 0)
        if new:
            numbers = self.driver.execute(
                "SELECT nextval(pg_get_serial_sequence('lead', 'id')) FROM generate_series(1, %s)", [len(new)]
            )
            self.real.update(zip(reversed(new), (number for (number,) in numbers), strict=True))
        if not (self._write_identities() and self._write_visitors()):
            return False
        self._write_shared()
        if new:
            self.driver.execute(
                "INSERT INTO lead (id, version) SELECT unnest(%s::bigint[]), 0", [[self.real[lead] for lead in new]]
            )
        return True

    def real_merges(self) -> Pairs:
        """The pairs to merge, by the numbers their leads have in the database."""
        pairs = {(self.real[one], self.real[other]): by for (one, other), by in self.merges.items()}
        return {(min(pair), max(pair)): by for pair, by in pairs.items()}

    def _read_leads(self, leads: list[int]) -> None:
        rows = self.driver.execute(
            "SELECT kind, value, lead_id, trusted, shared, visitor_id FROM identity WHERE lead_id = ANY(%s)", [leads]
        )
        for kind, value, lead, trusted, shared, visitor in rows:
            self._read_identity((kind, value), lead, trusted=trusted, shared=shared, visitor=visitor)
        claims = self.driver.execute("SELECT kind, value, lead_id FROM identity_claim WHERE lead_id = ANY(%s)", [leads])
        for kind, value, lead in claims:
            self.claim((kind, value), lead)
        apart = self.driver.execute(
            "SELECT winner_id, loser_id FROM merge "
            "WHERE undone_at IS NOT NULL AND winner_id = ANY(%(leads)s) AND loser_id = ANY(%(leads)s)",
            {"leads": leads},
        )
        self.apart.update((min(pair), max(pair)) for pair in apart)

    def _read_identity(
        self, identifier: Identifier, lead: int, *, trusted: bool, shared: bool, visitor: int | None
    ) -> None:
        self.learn(identifier, lead, trusted=trusted)
        self.real[lead] = lead
        if shared:
            self.shared.add(identifier)
        if visitor is not None:
            self.visitors[identifier] = visitor

    def _write_identities(self) -> bool:
        if not self.fresh:
            return True
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

    def _write_visitors(self) -> bool:
        """The visitor leads of shared values; each has one for ever."""
        for (kind, value), lead in sorted(self.fresh_visitors.items()):
            written = self.driver.execute(
                "UPDATE identity SET shared = true, visitor_id = %s WHERE kind = %s AND value = %s "
                "AND visitor_id IS NULL",
                [self.real[lead], kind, value],
            ).rowcount
            if not written:
                return False
        return True

    def _write_shared(self) -> None:
        if self.fresh_shared:
            self.driver.execute(
                "UPDATE identity SET shared = true FROM unnest(%s::text[], %s::text[]) AS g (k, v) "
                "WHERE kind = k AND value = v",
                [list(column) for column in zip(*sorted(self.fresh_shared), strict=True)],
            )
        if self.fresh_claims:
            rows = sorted((kind, value, self.real[lead]) for (kind, value), lead in self.fresh_claims)
            self.driver.execute(
                "INSERT INTO identity_claim (kind, value, lead_id) "
                "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
                [list(column) for column in zip(*rows, strict=True)],
            )
