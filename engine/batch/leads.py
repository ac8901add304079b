"""The leads and companies that a batch keeps in memory, and the histories that a drain caches between batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.core.lead.facts import Claims
from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent, Note
from engine.core.outcome import Outcome, Situation
from engine.core.sla.clocks import SlaClock
from engine.matcher.rules import PolicyRules
from engine.store.decisions.reading import LoadedLead

HISTORIES_KEPT = 50_000
"""Most events of cached histories in one drain."""


@dataclass(frozen=True, slots=True)
class CachedHistory:
    """A lead's history at one version of its row, with the counted occurrences stored for it."""

    version: int
    history: History
    seqs: Mapping[tuple[str, str], int]
    counted: frozenset[tuple[int, str, str]]


class Histories:
    """Histories that a drain caches. An entry is valid only for the row version it was read at."""

    def __init__(self) -> None:
        self._known: dict[int, CachedHistory] = {}
        self._events = 0

    def get(self, lead: LoadedLead) -> CachedHistory | None:
        """The cached history, or None if the lead's row has changed since."""
        known = self._known.get(lead.id)
        return known if known is not None and known.version == lead.version else None

    def forget(self, lead_ids: Iterable[int]) -> None:
        """Keep nothing of these leads."""
        for lead_id in lead_ids:
            self._known.pop(lead_id, None)

    def put(self, lead_id: int, remembered: CachedHistory) -> None:
        """Cache a history. If the cache is full, empty it first."""
        if self._events > HISTORIES_KEPT:
            # Emptying is simpler than tracking use; a miss costs one query.
            self._known.clear()
            self._events = 0
        self._known[lead_id] = remembered
        self._events += len(remembered.history)


class KnownFacts(NamedTuple):
    """Facts read from the claims of a lead and its company. Valid only for these claims under this version."""

    rules: PolicyRules
    own: Claims
    company: Claims | None
    all: Claims
    facts: Mapping[str, Any]


@dataclass(slots=True)
class LeadInBatch:
    """One lead in a batch: its row, its history, its counted occurrences, and its last outcome.

    ``seqs`` maps (source, id) of an event to its row. ``counted`` holds (event row, group, signal). ``known`` holds the
    facts read last. ``among`` holds the other leads of the account, if the last decision used them. ``reading`` is the
    digest of the fields that its claims were read by; empty while only one version exists.
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
    """Owners of the leads merged into this one since its last decision."""
    tombstone: bool = False
    """Erased in an earlier batch: decisions on it change nothing that is stored."""

    def seq_of(self, source: str, event_id: str) -> int:
        """The row of a counted event: one of this lead, or of another lead of its account (R3.7)."""
        return next(t.seqs[source, event_id] for t in (self, *self.among) if (source, event_id) in t.seqs)


@dataclass(slots=True)
class EventInBatch:
    """One event of the batch: the situation before it, and its outcome."""

    track: LeadInBatch
    event: LeadEvent
    notes: tuple[Note, ...]
    situation: Situation
    outcome: Outcome


@dataclass(slots=True)
class CompanyInBatch:
    """A company in a batch: its claims, whether they changed, and the (lead, event) that last changed its facts.

    ``leads`` are all its leads, or None until they are loaded. ``rescore_cause`` is the (lead, event) after which the
    other leads must be rescored. ``hops`` counts the refreshes that led there. ``reading`` is as in `LeadInBatch`.
    """

    id: int
    claims: Claims
    changed: bool = False
    changed_by: tuple[int, int] | None = None
    leads: dict[int, LeadInBatch] | None = field(default_factory=dict)
    rescore_cause: tuple[int, int] | None = None
    hops: int = 0
    reading: str = ""
