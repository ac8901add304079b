"""Leads and companies in memory, and how one event changes them: what live decisions, replays and simulations share.

A `World` knows no SQL and no queue. Whoever drives it brings in the leads (`Track`) and companies an event speaks of,
asks it to `decide`, finds a person when the outcome has a need, and `settle`s the step. Deciding one event after
another in the same order gives the same world, wherever it runs (DESIGN.md §3).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.core import facts
from engine.core.assignment import Choice
from engine.core.decide import Book, People, Situation, complete, decide
from engine.core.explain import note_body
from engine.core.facts import Claims
from engine.core.history import History
from engine.core.merging import join, standing
from engine.core.model import LeadEvent
from engine.core.sla import Definitions
from engine.core.view import LeadView
from engine.rules import Rules
from engine.tracks import AccountTrack, Known, Step, Track

Members = Callable[[int, int], Mapping[int, Claims]]
"""(account, lead left out) → what the account's leads say, beyond those in the world."""


@dataclass(slots=True)
class Moment:
    """When, by which policy version and with which people events are decided."""

    now: datetime
    rules: Rules
    people: People
    clock_rules: Definitions

    @property
    def book(self) -> Book:
        """The version as the core reads it."""
        return Book(self.rules.number, self.rules.policy, self.rules.matcher, self.clock_rules)


class World:
    """Tracks by lead id and companies by key. ``at`` is set before events of a moment are decided."""

    def __init__(self, at: Moment, members: Members) -> None:
        self.at = at
        self.tracks: dict[int, Track] = {}
        self.companies: dict[str, AccountTrack] = {}
        self._members = members

    def decide(self, track: Track, event: LeadEvent) -> Step:
        """Decide an event on a lead and learn what it says. With a ``need`` in the outcome, `settle` must follow."""
        lead, frame, at = track.lead, self.at.rules.frame, self.at
        folded = self.fold(lead.claims, event)
        known = self._known(track, folded.claims)
        history = track.history.with_event(event)
        view = LeadView.of(frame, known.facts, at.now, history)
        by_company = event.type == "score.refreshed" and event.properties.get("cause") == "account"
        situation = Situation(lead.state, lead.clocks, view, facts_changed=folded.changed or by_company)
        outcome = decide(situation, event, at.book, at.people)
        track.history, track.seqs[event.source, event.id] = history, event.seq
        track.extras = facts.extras(known.all, frame.vocabulary)
        lead.claims = folded.claims
        lead.notes = [*lead.notes, *(note_body(note) for note in folded.notes)]
        lead.first_event_at = min(filter(None, (lead.first_event_at, event.occurred_at)))
        lead.last_event_at = max(filter(None, (lead.last_event_at, event.occurred_at)))
        self._learn_company(track, event)
        step = Step(track, event, folded.notes, situation, outcome)
        if outcome.need is None:
            self.settle(step, None)
        else:
            self._apply(step)
        return step

    def settle(self, step: Step, choice: Choice | None) -> None:
        """Finish a step with the person chosen, or with nobody to choose: owner, queue, clocks."""
        step.outcome = complete(step.outcome, choice, step.situation, step.event, self.at.book, self.at.now)
        self._apply(step)

    def pair(self, one: Track, other: Track) -> tuple[Track, Track]:
        """Of two leads that are one person: the one that stays, and the one that goes."""
        stays, goes = sorted((one, other), key=lambda track: standing(track.lead.state, track.lead.id))
        return stays, goes

    def join(self, stays: Track, goes: Track, seq: int = 0) -> None:
        """Let one lead take over everything of another; the next decision on it scores the joined history.

        ``seq`` is the row of the event that says so, here and in `relearn`.
        """
        self._leave_company(goes, seq)
        goes.lead.account_id, goes.outcome = None, None
        stays.lead.state = join(stays.lead.state, goes.lead.state)
        stays.lead.claims = facts.joined([stays.lead.claims, goes.lead.claims])
        stays.lead.notes = [*stays.lead.notes, *goes.lead.notes]
        stays.lead.first_event_at = min(
            filter(None, (stays.lead.first_event_at, goes.lead.first_event_at)), default=None
        )
        stays.history = History.joined([stays.history, goes.history])
        stays.seqs |= goes.seqs
        stays.counted |= goes.counted

    def relearn(self, track: Track, events: Sequence[LeadEvent], seq: int = 0) -> None:
        """Make a lead know these events and nothing else, as after an undone merge; its company forgets the rest."""
        lead = track.lead
        lead.claims = self.folded(events)
        lead.first_event_at = min((one.occurred_at for one in events), default=None)
        lead.last_event_at = max((one.occurred_at for one in events), default=None)
        track.history = History.of(events)
        track.seqs = {(one.source, one.id): one.seq for one in events}
        self._leave_company(track, seq)
        lead.account_id = None

    def folded(self, events: Sequence[LeadEvent]) -> Claims:
        """The claims that events make together."""
        claims: Claims = facts.NO_CLAIMS
        for event in events:
            claims = self.fold(claims, event).claims
        return claims

    def fold(self, claims: Claims, event: LeadEvent) -> facts.Folded:
        """Claims with an event taken in, under the version in force."""
        return facts.fold(claims, event, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def company_key(self, claims: Claims) -> str | None:
        """What identifies a lead's company, None if it has none."""
        return facts.account_key(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    @staticmethod
    def _apply(step: Step) -> None:
        step.track.outcome = step.outcome
        step.track.lead.state = step.outcome.after
        step.track.lead.clocks = step.outcome.clocks

    # ------------------------------------------------------------------------------------------------ companies
    def _known(self, track: Track, own: Claims) -> Known:
        """Facts of a lead that says this and of its company; read anew only when one of them says something else."""
        key = self.company_key(own)
        company = self.companies[key].claims if key is not None else None
        last, rules = track.known, self.at.rules
        if last is None or last.own is not own or last.company is not company or last.rules is not rules:
            every = own
            if company is not None:
                every = facts.with_account(own, facts.joined([company, facts.company_part(own)]))
            last = Known(rules, own, company, every, self._facts(every))
        track.known = last
        return last

    def _facts(self, claims: Claims) -> dict[str, Any]:
        return facts.known(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def _learn_company(self, track: Track, event: LeadEvent) -> None:
        """Take what a lead says about its company into the account, and out of the one it has left."""
        lead = track.lead
        key = self.company_key(lead.claims)
        company = self.companies[key] if key else None
        if lead.account_id is not None and (company is None or company.id != lead.account_id):
            self._leave_company(track, event.seq)
        lead.account_id = company.id if company else None
        if company:
            self._rewrite(company, facts.joined([company.claims, facts.company_part(lead.claims)]), lead.id, event.seq)

    def _leave_company(self, track: Track, seq: int) -> None:
        """An account is left with what its other leads say (R1.7)."""
        lead = track.lead
        left = next((company for company in self.companies.values() if company.id == lead.account_id), None)
        if left is None or lead.account_id is None:
            return
        said = dict(self._members(left.id, lead.id))
        said |= {n: t.lead.claims for n, t in self.tracks.items() if t.lead.account_id == left.id}
        for number, other in self.tracks.items():
            if other.lead.account_id != left.id or number == lead.id:
                said.pop(number, None)
        self._rewrite(left, facts.joined(map(facts.company_part, said.values())), lead.id, seq)

    def _rewrite(self, company: AccountTrack, claims: Claims, lead_id: int, seq: int) -> None:
        if claims != company.claims:
            if self._facts(claims) != self._facts(company.claims):
                company.changed_by = (lead_id, seq)
            company.claims, company.changed = claims, True
