"""Which leads belong to which company, what each says about it, and how they affect each other (R1.7, R3.7).

This is the company half of `engine.batch.batch_state.BatchState`. It decides nothing and runs no SQL. Leads that are
not in memory come from a callback.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.batch.leads import CompanyInBatch, KnownFacts, LeadInBatch
from engine.core.assignment.eligibility import OWNED_STAGES
from engine.core.assignment.rotation import NEVER
from engine.core.calendar.schedules import Due
from engine.core.explain import note_body
from engine.core.lead import facts
from engine.core.lead.accounts import account_values
from engine.core.lead.facts import Claims
from engine.core.lead.model import OPEN_STAGES, LeadEvent
from engine.core.lead.people import People
from engine.core.lead.view import LeadView
from engine.core.outcome import PolicyContext
from engine.core.scoring.refresh import midnight_from, next_change
from engine.core.scoring.siblings import HOPS, FactChange, account_dependency, affects_siblings, hops_of, next_quiet
from engine.core.sla.clocks import Definitions
from engine.matcher.rules import PolicyRules

Onlookers = Callable[[int], Mapping[int, LeadInBatch]]
"""Account → its leads as they are stored."""
EventsOf = Callable[[int], Sequence[LeadEvent]]
"""Lead → all events decided on it, with all their groups."""


@dataclass(slots=True)
class BatchContext:
    """The moment, the policy version and the people of a batch. ``due`` knows people's working time."""

    now: datetime
    rules: PolicyRules
    people: People
    clock_rules: Definitions
    due: Due

    @property
    def policy_context(self) -> PolicyContext:
        """The policy version as the core reads it."""
        return PolicyContext(
            self.rules.number,
            self.rules.policy,
            self.rules.matcher,
            self.clock_rules,
            self.rules.promotes,
            self.rules.edition,
        )


class CompanyIndex:
    """Leads by id and companies by key. The caller sets ``at`` before it decides the events of a moment."""

    def __init__(
        self, at: BatchContext, onlookers: Onlookers = lambda _account: {}, told: EventsOf = lambda _lead: ()
    ) -> None:
        self.at = at
        self.tracks: dict[int, LeadInBatch] = {}
        self.companies: dict[str, CompanyInBatch] = {}
        self._onlookers = onlookers
        self._told = told

    def fold(self, claims: Claims, event: LeadEvent) -> facts.Folded:
        """Claims plus one event, read under the version in force."""
        return facts.fold(claims, event, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def folded(self, events: Sequence[LeadEvent]) -> Claims:
        """The claims of several events, read under the version in force."""
        return facts.folded(events, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def claims(self, track: LeadInBatch) -> Claims:
        """The claims of a lead under the version in force. If that version reads fields differently, the events are
        read again (R3.6).
        """
        same = track.reading in {"", self.at.rules.reading}
        return track.lead.claims if same else self.folded(self._told(track.lead.id))

    def reread(self, track: LeadInBatch) -> None:
        """Recompute a lead's claims and notes under the version in force, if they were read under another one."""
        if track.reading not in {"", self.at.rules.reading}:
            claims: Claims = facts.NO_CLAIMS
            notes: list[Any] = []
            for event in self._told(track.lead.id):
                folded = self.fold(claims, event)
                claims, notes = folded.claims, [*notes, *(note_body(note) for note in folded.notes)]
            track.lead.claims, track.lead.notes = claims, notes
        track.reading = self.at.rules.reading

    def reread_company(self, company: CompanyInBatch) -> None:
        """Recompute a company's claims from its leads under the version in force, if they were read under another
        one.
        """
        if company.reading not in {"", self.at.rules.reading}:
            said = (facts.company_part(self.claims(track)) for track in self._leads_of(company).values())
            company.claims, company.changed = facts.joined(said), True
        company.reading = self.at.rules.reading

    def company_key(self, claims: Claims) -> str | None:
        """The key of a lead's company; None if it has none."""
        return facts.account_key(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def sight(self, track: LeadInBatch) -> tuple[LeadView, Sequence[LeadView]]:
        """The view of a lead, and the views of its account's open leads, this lead first.

        The account is empty if no model scores accounts. A closed lead still counts for itself.
        """
        key = self.company_key(track.lead.claims)
        company = self.companies[key] if key is not None else None
        view = self._view(track, company)
        plan = account_dependency(self.at.rules.policy)
        if not plan.matters:
            return view, ()
        others = [other for number, other in self._leads_of(company).items() if number != track.lead.id]
        views = [self._view(other, company) for other in others]
        values = account_values([view, *views])
        view, views = view.with_values(values), [one.with_values(values) for one in views]
        track.among = tuple(others)
        if not plan.scores:
            return view, ()
        paired = zip(others, views, strict=True)
        return view, (view, *(one for other, one in paired if other.lead.state.stage in OPEN_STAGES))

    def account_owners(self, track: LeadInBatch) -> tuple[str, ...]:
        """Owners of the other open leads of the company, the most recently assigned first (R5.8)."""
        key = self.company_key(self.claims(track))
        company = self.companies[key] if key is not None else None
        others = (other for number, other in sorted(self._leads_of(company).items()) if number != track.lead.id)
        owned = [s for s in (other.lead.state for other in others) if s.owner and s.stage in OWNED_STAGES]
        owned.sort(key=lambda state: state.owned_since or NEVER, reverse=True)
        return tuple(dict.fromkeys(state.owner for state in owned if state.owner))

    def next_refresh(self, track: LeadInBatch) -> datetime | None:
        """The next midnight at which the score may change without an event; None if it never does."""
        policy, frame = self.at.rules.policy, self.at.rules.frame
        view, account = self.sight(track)
        changes = [next_change(policy, one) for one in account or (view,)]
        if account_dependency(policy).matters:
            everybody = (view.with_history(one.history) for one in (track, *track.among))
            changes += [next_quiet(policy, one) for one in everybody]
        first = min(filter(None, changes), default=None)
        return None if first is None else midnight_from(first, frame.zone)

    # ------------------------------------------------------------------------------------------------ facts
    def _view(self, track: LeadInBatch, company: CompanyInBatch | None) -> LeadView:
        known = self._known(track, company)
        return LeadView.of(self.at.rules.frame, known.facts, self.at.now, track.history)

    def _known(self, track: LeadInBatch, company: CompanyInBatch | None) -> KnownFacts:
        """Facts of a lead and its company. Cached until one of the claims or the version changes."""
        own, said = self.claims(track), company.claims if company else None
        last, rules = track.known, self.at.rules
        # Identity, not equality: claims are replaced, never changed in place, and `is` costs nothing.
        if last is None or last.own is not own or last.company is not said or last.rules is not rules:
            every = own
            if said is not None:
                every = facts.with_account(own, facts.joined([said, facts.company_part(own)]))
            last = KnownFacts(rules, own, said, every, self._facts(every))
        track.known = last
        return last

    def _facts(self, claims: Claims) -> dict[str, Any]:
        return facts.known(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    # ------------------------------------------------------------------------------------------------ members
    def _leads_of(self, company: CompanyInBatch | None) -> Mapping[int, LeadInBatch]:
        """The leads of a company, as they are in this batch if they are part of it. The store is queried once."""
        if company is None:
            return {}
        if company.leads is None:
            # A lead in this batch is newer than its stored row.
            stored = {n: t for n, t in self._onlookers(company.id).items() if n not in self.tracks}
            here = {n: t for n, t in self.tracks.items() if t.lead.account_id == company.id}
            company.leads = stored | here
        return company.leads

    def _learn_company(self, track: LeadInBatch, event: LeadEvent) -> CompanyInBatch | None:
        """Add the lead's claims to its company. If the lead changed company, remove them from the old one."""
        lead = track.lead
        key = self.company_key(lead.claims)
        company = self.companies[key] if key else None
        moved = lead.account_id != (company.id if company else None)
        if moved:
            self._leave_company(track, event.seq)
        lead.account_id = company.id if company else None
        if company:
            company.reading = company.reading or self.at.rules.reading
            if moved:
                self._mark_for_rescore(company, lead.id, event)
            if company.leads is not None:
                company.leads[lead.id] = track
            self._rewrite(company, facts.joined([company.claims, facts.company_part(lead.claims)]), lead.id, event.seq)
        return company

    def _leave_company(self, track: LeadInBatch, seq: int) -> None:
        """Remove a lead from its company. The company keeps what its other leads say (R1.7)."""
        lead = track.lead
        left = next((company for company in self.companies.values() if company.id == lead.account_id), None)
        if left is None or lead.account_id is None:
            return
        said = {n: self.claims(other) for n, other in self._leads_of(left).items() if n != lead.id}
        if left.leads is not None:
            left.leads.pop(lead.id, None)
        if account_dependency(self.at.rules.policy).matters:
            left.rescore_cause, left.hops = (lead.id, seq), 1
        self._rewrite(left, facts.joined(map(facts.company_part, said.values())), lead.id, seq)

    def _rewrite(self, company: CompanyInBatch, claims: Claims, lead_id: int, seq: int) -> None:
        if claims != company.claims:
            # Claims can differ, for example in time, and give the same facts; only other facts affect siblings.
            if self._facts(claims) != self._facts(company.claims):
                company.changed_by = (lead_id, seq)
            company.claims, company.changed = claims, True

    # ------------------------------------------------------------------------------------------------ rescoring
    def _tell_account(self, company: CompanyInBatch | None, lead_id: int, change: FactChange) -> None:
        """Mark the company's other leads for rescoring, if this change affects them."""
        if company is not None and affects_siblings(self.at.rules.policy, change):
            self._mark_for_rescore(company, lead_id, change.event)

    def _mark_for_rescore(self, company: CompanyInBatch, lead_id: int, event: LeadEvent) -> None:
        # Limit the chain: a rescore can cause another one in the same account.
        if account_dependency(self.at.rules.policy).matters and (hops := hops_of(event)) < HOPS:
            company.rescore_cause, company.hops = (lead_id, event.seq), hops + 1
