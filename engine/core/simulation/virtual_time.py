"""Virtual time: the order of events in a simulation, and the output per lead (R6.8, R9.1, R9.2).

Pure. An `Agenda` is a priority queue of future events, in the order in which they would happen live. The bodies are the
lines of `baton simulate`. `engine.simulation.simulate` drives the simulation.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from functools import cache
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

from engine.core.assignment.assignment import Choice
from engine.core.explain import clock_body, moment, scores_body, verdict_body
from engine.core.explain import line_body as ledger_body
from engine.core.lead.identity import KINDS
from engine.core.lead.model import LeadEvent, Scores, Verdict
from engine.core.lead.state import LeadState
from engine.core.sla.clocks import SlaClock

_T = TypeVar("_T")


class Rank(IntEnum):
    """The order at one instant (R6.8)."""

    CLOCK = 0
    ROSTER = 1
    EVENT = 2
    OWN = 3
    DRAIN = 4


Key = tuple[datetime, Rank, tuple[str, ...], int]


@dataclass(order=True, frozen=True, slots=True)
class Item(Generic[_T]):
    """A future event: moment, rank, place within the rank, and content."""

    key: Key
    what: _T = field(compare=False)

    @property
    def at(self) -> datetime:
        """The moment."""
        return self.key[0]


class Agenda(Generic[_T]):
    """All future events. Order at one instant: by rank, then by ``place``, then by insertion."""

    def __init__(self) -> None:
        self._items: list[Item[_T]] = []
        self._count = 0

    def put(self, at: datetime, rank: Rank, place: tuple[str, ...], what: _T) -> None:
        """Adds an event, now or later."""
        self._count += 1
        heappush(self._items, Item((at, rank, place, self._count), what))

    def put_events(self, events: Iterable[LeadEvent], what: Callable[[LeadEvent], _T]) -> None:
        """Adds many external events at once, each as ``what(event)``."""
        for event in events:
            self._count += 1
            self._items.append(Item((event.occurred_at, Rank.EVENT, event.order[1:], self._count), what(event)))
        heapify(self._items)

    def next(self, until: datetime) -> Item[_T] | None:
        """Removes and returns the next event up to ``until``, included; None if there is none."""
        if not self._items or self._items[0].at > until:
            return None
        return heappop(self._items)


def in_order(events: Iterable[LeadEvent]) -> list[LeadEvent]:
    """Events in the order of history; of several with the same (source, id) only the first."""
    first: dict[tuple[str, str], LeadEvent] = {}
    for event in events:
        first.setdefault((event.source, event.id), event)
    return sorted(first.values(), key=lambda event: event.order)


@dataclass(frozen=True, slots=True)
class LeadIdentities:
    """The lead of a line: its identifiers as in the envelope (the first of each kind), and its first event."""

    identities: Mapping[str, str]
    first_event_at: datetime

    @property
    def order(self) -> tuple[Any, ...]:
        """The order of lines: by first event, then external id, then the other identifiers by trust (R9.1, R9.2)."""
        return (self.first_event_at, *(self.identities.get(kind, "") for kind in KINDS))


@dataclass(frozen=True, slots=True)
class FinalStanding:
    """A lead at the end of a simulation."""

    scores: Scores
    verdict: Verdict
    state: LeadState
    missing: bool
    clocks: Sequence[SlaClock] = ()
    decisions: Sequence[Mapping[str, Any]] = ()


def line_body(subject: LeadIdentities, standing: FinalStanding) -> dict[str, Any]:
    """One line of `baton simulate --json` (R9.1, R9.2)."""
    scores, verdict, state = scores_body(standing.scores), verdict_body(standing.verdict), standing.state
    return {
        "lead": {kind: subject.identities[kind] for kind in KINDS if kind in subject.identities},
        **{name: scores[name] for name in ("model", "fit", "engagement", "grade", "heat", "cell")},
        "stage": state.stage and state.stage.value,
        "owner": state.owner,
        "sdr": state.sdr,
        "rep": state.rep,
        "queued": state.queued.role if state.queued else None,
        **{name: verdict[name] for name in ("route", "excluded", "flagged")},
        "missing": verdict["missing"] if standing.missing else [],
        "checklists": verdict["checklists"],
        "fit_start": scores["fit_start"],
        "fit_rules": scores["fit_rules"],
        "ledger": [ledger_body(line) for line in standing.scores.ledger],
        "adjustments": scores["adjustments"],
        "decisions": list(standing.decisions),
        "clocks": [clock_body(clock) for clock in standing.clocks],
        **({"truncated": True} if standing.scores.truncated else {}),
    }


def decision_line(event: LeadEvent, at: datetime, state: LeadState, cell: str, choice: Choice | None) -> dict[str, Any]:
    """One decision of a lead in short form (R9.1, R9.2); the chosen candidate has the reason ``chosen``."""
    return {
        "event_id": event.id,
        "event": event.type,
        "at": moment(at),
        "stage": state.stage and state.stage.value,
        "cell": cell,
        "owner": state.owner,
        "policy": choice.policy if choice else None,
        "candidates": [_candidate(one.person, one.reason.value) for one in choice.candidates] if choice else [],
        **({"way": choice.way} if choice and choice.way != "turn" else {}),
        **({"conflict": choice.conflict} if choice and choice.conflict else {}),
    }


@cache
def _candidate(person: str, reason: str) -> dict[str, str]:
    """A candidate of a line; the object is shared, because a year of decisions has millions of candidates."""
    return {"person": person, "reason": reason}
