"""Run a policy on events in memory: the live code, without server or database (R9.1, R9.2).

`score_at` scores every lead once, at one moment. `run_until` lets virtual time pass: each event, clock, refresh and
retry of the queue happens at its own moment, in the order of R6.8, on the same `BatchState` that live batches and
replays use. Only clock and store differ. The same input gives the same output.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from engine.core.decide import is_before_mql, state_values
from engine.core.lead import facts
from engine.core.lead.accounts import account_values
from engine.core.lead.facts import Claims
from engine.core.lead.history import History
from engine.core.lead.identity import naming
from engine.core.lead.matching import Matcher
from engine.core.lead.model import LeadEvent
from engine.core.lead.resolution import Resolution
from engine.core.lead.state import LeadState
from engine.core.lead.view import Frame, LeadView
from engine.core.qualification.qualification import qualify
from engine.core.qualification.stages import ERASED, advance, enter
from engine.core.scoring.scoring import score
from engine.core.simulation.virtual_time import FinalStanding, LeadIdentities, in_order, line_body
from engine.matcher.rete import ReteMatcher
from engine.matcher.rules import PolicyRules
from rulesets.document.document import digest
from rulesets.policy.policy import Policy

Line = dict[str, Any]
ENGINE_SOURCE = "baton"
"""Source of the events that Baton creates."""


def rules_of(policy: Policy, matcher: Matcher | None = None) -> PolicyRules:
    """An unpublished policy, ready for decisions. Its clocks belong to version 0. The caller closes a matcher that it
    passed.
    """
    return PolicyRules(0, digest(policy), policy, Frame.of(policy), matcher or ReteMatcher.of(policy))


@dataclass(slots=True)
class SimulatedLead:
    """One lead, as its events describe it: identifiers in the order first seen, events in order."""

    number: int
    identities: dict[str, str] = field(default_factory=dict)
    events: list[LeadEvent] = field(default_factory=list)

    def hear(self, event: LeadEvent) -> None:
        """Add an event of this lead."""
        self.events.append(event)
        for kind, value in event.identities.items():
            self.identities.setdefault(kind, value)

    @property
    def subject(self) -> LeadIdentities:
        """The identifiers that an output line shows, and the moment of the first event."""
        return LeadIdentities(self.identities, min(event.occurred_at for event in self.events))


class Cast:
    """All leads of the events: the lead of each event, and which leads were merged (docs/contract/design.md §2)."""

    def __init__(self) -> None:
        self.people: dict[int, SimulatedLead] = {}
        self._became: dict[int, int] = {}
        self._resolution = Resolution(count(1))

    def meant(self, event: LeadEvent) -> tuple[int, LeadEvent, tuple[tuple[int, int], ...]]:
        """The lead of an event, the event as that lead hears it, and the pairs of leads that are one person."""
        number, visitor = self._resolution.lead_of(event.identities, trusted=event.trusted)
        self.people.setdefault(number, SimulatedLead(number))
        return number, replace(event, visitor=True) if visitor else event, self._resolution.take_merges()

    def erased(self, event: LeadEvent) -> int | None:
        """The one lead that an erasure names, its identifiers forgotten; None: it names nobody or several (R4.8)."""
        named = naming(event.identities)
        known = self._resolution.lead_by_identifier
        found = {self.living(known[identifier]) for identifier in named if identifier in known}
        if len(found) != 1:
            return None
        (number,) = found
        self._resolution.forget(number)
        return number

    def living(self, number: int) -> int:
        """The lead that a lead is part of now; the lead itself if it was never merged."""
        while number in self._became:
            number = self._became[number]
        return number

    def join(self, stays: int, goes: int) -> None:
        """Merge the lead ``goes`` into the lead ``stays``."""
        gone = self.people.pop(goes)
        person = self.people[stays]
        person.events = sorted([*person.events, *gone.events], key=lambda event: event.order)
        # Rebuilt from the joined order: "first seen" may now be the other lead's value.
        person.identities = {}
        for event in person.events:
            for kind, value in event.identities.items():
                person.identities.setdefault(kind, value)
        # Events that were resolved earlier still carry the merged number.
        self._became[goes] = stays
        self._resolution.join(stays, goes)


def merge_event(pair: tuple[int, int], at: datetime) -> LeadEvent:
    """The event that merges two leads, as the inbox creates it."""
    low, high = sorted(pair)
    return LeadEvent(ENGINE_SOURCE, f"merge:{low}:{high}", "lead.merged", at, properties={"leads": [low, high]})


# --------------------------------------------------------------------------------------------------- at one moment
def score_at(rules: PolicyRules, events: Iterable[LeadEvent], now: datetime) -> Iterator[Line]:
    """Score every known lead once, at one moment, without people and clocks (R9.1). Lines are in order."""
    people = gather(event for event in in_order(events) if event.occurred_at <= now)
    views = _Views(rules, people, now)
    for person in sorted(people, key=lambda one: one.subject.order):
        yield line_body(person.subject, _fresh(rules, views, person))


def gather(ordered: Iterable[LeadEvent]) -> list[SimulatedLead]:
    """The leads of these events. Of two merged leads, the one known first stays."""
    cast = Cast()
    for said in ordered:
        if said.type == ERASED:
            cast.erased(said)
            continue
        number, event, merges = cast.meant(said)
        for pair in merges:
            stays, goes = sorted(map(cast.living, pair))
            if stays != goes:
                cast.join(stays, goes)
                cast.people[stays].hear(merge_event(pair, event.occurred_at))
        cast.people[cast.living(number)].hear(event)
    return list(cast.people.values())


class _Views:
    """The view of each lead at a moment: its facts, those of its company, and the values of the account."""

    def __init__(self, rules: PolicyRules, people: Sequence[SimulatedLead], now: datetime) -> None:
        self._frame, self._now = rules.frame, now
        vocabulary, zone = rules.frame.vocabulary, rules.frame.zone
        claims = {person.number: facts.folded(person.events, vocabulary, zone) for person in people}
        companies: dict[str, list[SimulatedLead]] = {}
        for person in people:
            key = facts.account_key(claims[person.number], vocabulary, zone)
            companies.setdefault(key or f"lead:{person.number}", []).append(person)
        self._of: dict[int, tuple[LeadView, ...]] = {}
        self._place: dict[int, int] = {}
        for members in companies.values():
            self._learn(members, claims)

    def _learn(self, members: Sequence[SimulatedLead], claims: Mapping[int, Claims]) -> None:
        company = facts.joined(facts.company_part(claims[person.number]) for person in members)
        views = [self._view(person, claims[person.number], company) for person in members]
        together = account_values(views)
        seen = tuple(view.with_values(together) for view in views)
        for place, person in enumerate(members):
            self._of[person.number], self._place[person.number] = seen, place

    def _view(self, person: SimulatedLead, own: Claims, company: Claims) -> LeadView:
        every = facts.with_account(own, company) if company else own
        known = facts.known(every, self._frame.vocabulary, self._frame.zone)
        return LeadView.of(self._frame, known, self._now, History.of(person.events))

    def of(self, person: SimulatedLead) -> tuple[LeadView, tuple[LeadView, ...]]:
        """The view of a lead, and the views of all leads of its account, this one included."""
        account = self._of[person.number]
        return account[self._place[person.number]], account


def _fresh(rules: PolicyRules, views: _Views, person: SimulatedLead) -> FinalStanding:
    """Scores, verdict and stage of a lead as if it arrived now with this history (R9.1)."""
    view, account = views.of(person)
    touches = sum(1 for event in person.events if event.type == "lead.touched")
    state = enter(LeadState(touches=touches, visitor=any(event.visitor for event in person.events)))
    scores = score(rules.policy, view, rules.matcher, account if len(account) > 1 else ())
    seen = view.with_values(state_values(state))
    confirmed = any(event.type == "lead.qualified" and event.actor for event in person.events)
    verdict = qualify(rules.policy, seen, rules.matcher, scores, confirmed=confirmed, ignore_confirmation=True)
    cell = next(m for m in rules.policy.models if m.key == scores.model).matrix.cell(scores.grade, scores.heat)
    passed = verdict
    if verdict.route and not confirmed and any(route.confirm for route in rules.policy.qualification.mql):
        passed = qualify(rules.policy, seen, rules.matcher, scores, confirmed=False)
    after = state if state.visitor else advance(state, passed, cell, acts=True)
    return FinalStanding(scores, verdict, after, missing=is_before_mql(after))
