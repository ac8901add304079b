"""What a batch keeps in memory of leads and companies while it decides, and what a drain remembers between batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.core.lead.facts import Claims
from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent, Note
from engine.core.outcome import Outcome, Situation
from engine.core.sla.clocks import SlaClock
from engine.matcher.rules import PolicyRules
from engine.store.decisions.batch import LoadedLead

HISTORIES_KEPT = 50_000
"""Events of histories kept between the batches of one drain."""


@dataclass(frozen=True, slots=True)
class CachedHistory:
    """A lead's history as of a version of its row, with the counted occurrences stored for it."""

    version: int
    history: History
    seqs: Mapping[tuple[str, str], int]
    counted: frozenset[tuple[int, str, str]]


class Histories:
    """What a drain remembers of leads; valid only for the very version it was learned at."""

    def __init__(self) -> None:
        self._known: dict[int, CachedHistory] = {}
        self._events = 0

    def get(self, lead: LoadedLead) -> CachedHistory | None:
        """What is remembered, unless somebody else changed the lead since."""
        known = self._known.get(lead.id)
        return known if known is not None and known.version == lead.version else None

    def forget(self, lead_ids: Iterable[int]) -> None:
        """Keep nothing of these leads."""
        for lead_id in lead_ids:
            self._known.pop(lead_id, None)

    def put(self, lead_id: int, remembered: CachedHistory) -> None:
        """Remember a lead; when too much is remembered, begin anew."""
        if self._events > HISTORIES_KEPT:
            self._known.clear()
            self._events = 0
        self._known[lead_id] = remembered
        self._events += len(remembered.history)


class KnownFacts(NamedTuple):
    """Facts read from claims of a lead and its company; they hold for these very claims under this very version."""

    rules: PolicyRules
    own: Claims
    company: Claims | None
    all: Claims
    facts: Mapping[str, Any]


@dataclass(slots=True)
class LeadInBatch:
    """One lead in a batch: its row, its history, the occurrences stored for it, and what the last decision made of it.

    ``seqs`` maps (source, id) of an event to its row; ``counted`` holds (event row, group, signal); ``known`` are the
    facts last read; ``among`` are the other leads of its account, where the last decision looked at them; ``reading``
    is the digest of what its claims were read by, empty while there is only one.
    """

    lead: LoadedLead
    history: History
    seqs: dict[tuple[str, str], int]
    counted: frozenset[tuple[int, str, str]]
    stored_clocks: frozenset[SlaClock]
    outcome: Outcome | None = None
    pending: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)
    known: KnownFacts | None = None
    among: tuple["LeadInBatch", ...] = ()
    reading: str = ""
    joined: tuple[str | None, ...] = ()
    """Owners of leads that became part of this one since its last decision."""
    tombstone: bool = False
    """Erased in an earlier batch: decisions on it change nothing that is stored."""

    def seq_of(self, source: str, event_id: str) -> int:
        """The row of an event that counted for this lead: its own, or one of another lead of its account (R3.7)."""
        return next(t.seqs[source, event_id] for t in (self, *self.among) if (source, event_id) in t.seqs)


@dataclass(slots=True)
class EventInBatch:
    """One event of the batch on its way: what was known, what came of it."""

    track: LeadInBatch
    event: LeadEvent
    notes: tuple[Note, ...]
    situation: Situation
    outcome: Outcome


@dataclass(slots=True)
class CompanyInBatch:
    """A company in a batch: its claims, whether they changed, and the (lead, event) that last changed its facts.

    ``leads`` are all of its leads, None while only the store knows them; ``rescore_cause`` is the (lead, event) after
    which the others are to be scored anew, ``hops`` how many refreshes led there; ``reading`` is as a lead's.
    """

    id: int
    claims: Claims
    changed: bool = False
    changed_by: tuple[int, int] | None = None
    leads: dict[int, LeadInBatch] | None = field(default_factory=dict)
    rescore_cause: tuple[int, int] | None = None
    hops: int = 0
    reading: str = ""
