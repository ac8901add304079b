"""Which leads belong to which company, what each says of it, and what they see of each other (R1.7, R3.7).

The half of a `World` that is about companies. It decides nothing; it knows no SQL: leads that are not in the world are
asked for.
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
"""Lead → every event decided on it, with all that it says."""


@dataclass(slots=True)
class BatchContext:
    """When, by which policy version and with which people events are decided; ``due`` knows people's working time."""

    now: datetime
    rules: PolicyRules
    people: People
    clock_rules: Definitions
    due: Due

    @property
    def policy_context(self) -> PolicyContext:
        """The version as the core reads it."""
        return PolicyContext(
            self.rules.number,
            self.rules.policy,
            self.rules.matcher,
            self.clock_rules,
            self.rules.promotes,
            self.rules.edition,
        )


class CompanyIndex:
    """Tracks by lead id and companies by key. ``at`` is set before events of a moment are decided."""

    def __init__(
        self, at: BatchContext, onlookers: Onlookers = lambda _account: {}, told: EventsOf = lambda _lead: ()
    ) -> None:
        self.at = at
        self.tracks: dict[int, LeadInBatch] = {}
        self.companies: dict[str, CompanyInBatch] = {}
        self._onlookers = onlookers
        self._told = told

    def fold(self, claims: Claims, event: LeadEvent) -> facts.Folded:
        """Claims with an event taken in, under the version in force."""
        return facts.fold(claims, event, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def folded(self, events: Sequence[LeadEvent]) -> Claims:
        """The claims that events make together, under the version in force."""
        return facts.folded(events, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def claims(self, track: LeadInBatch) -> Claims:
        """What a lead says, read by the version in force; a version with other fields reads its events again (R3.6)."""
        same = track.reading in {"", self.at.rules.reading}
        return track.lead.claims if same else self.folded(self._told(track.lead.id))

    def reread(self, track: LeadInBatch) -> None:
        """Let a lead's claims and notes be what the version in force makes of its events."""
        if track.reading not in {"", self.at.rules.reading}:
            claims: Claims = facts.NO_CLAIMS
            notes: list[Any] = []
            for event in self._told(track.lead.id):
                folded = self.fold(claims, event)
                claims, notes = folded.claims, [*notes, *(note_body(note) for note in folded.notes)]
            track.lead.claims, track.lead.notes = claims, notes
        track.reading = self.at.rules.reading

    def reread_company(self, company: CompanyInBatch) -> None:
        """Let a company's claims be what the version in force makes of what its leads have said."""
        if company.reading not in {"", self.at.rules.reading}:
            said = (facts.company_part(self.claims(track)) for track in self._leads_of(company).values())
            company.claims, company.changed = facts.joined(said), True
        company.reading = self.at.rules.reading

    def company_key(self, claims: Claims) -> str | None:
        """What identifies a lead's company, None if it has none."""
        return facts.account_key(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def sight(self, track: LeadInBatch) -> tuple[LeadView, Sequence[LeadView]]:
        """What conditions see of a lead now, and the views of its account's open leads, this one first.

        The account is empty where no model scores accounts. A lead that is closed still counts for itself.
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
        """Who owns the other open leads of a lead's company, the most recently assigned first (R5.8)."""
        key = self.company_key(self.claims(track))
        company = self.companies[key] if key is not None else None
        others = (other for number, other in sorted(self._leads_of(company).items()) if number != track.lead.id)
        owned = [s for s in (other.lead.state for other in others) if s.owner and s.stage in OWNED_STAGES]
        owned.sort(key=lambda state: state.owned_since or NEVER, reverse=True)
        return tuple(dict.fromkeys(state.owner for state in owned if state.owner))

    def next_refresh(self, track: LeadInBatch) -> datetime | None:
        """The next midnight at which time alone may change what a lead is scored as; None: never."""
        policy, frame = self.at.rules.policy, self.at.rules.frame
        view, account = self.sight(track)
        changes = [next_change(policy, one) for one in account or (view,)]
        if account_dependency(policy).matters:
            everybody = (view.with_history(one.history) for one in (track, *track.among))
            changes += [next_quiet(policy, one) for one in everybody]
        first = min(filter(None, changes), default=None)
        return None if first is None else midnight_from(first, frame.zone)

    # ------------------------------------------------------------------------------------------------ what is known
    def _view(self, track: LeadInBatch, company: CompanyInBatch | None) -> LeadView:
        known = self._known(track, company)
        return LeadView.of(self.at.rules.frame, known.facts, self.at.now, track.history)

    def _known(self, track: LeadInBatch, company: CompanyInBatch | None) -> KnownFacts:
        """Facts of a lead and of its company; read anew only when one of them says something else."""
        own, said = self.claims(track), company.claims if company else None
        last, rules = track.known, self.at.rules
        if last is None or last.own is not own or last.company is not said or last.rules is not rules:
            every = own
            if said is not None:
                every = facts.with_account(own, facts.joined([said, facts.company_part(own)]))
            last = KnownFacts(rules, own, said, every, self._facts(every))
        track.known = last
        return last

    def _facts(self, claims: Claims) -> dict[str, Any]:
        return facts.known(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    # ------------------------------------------------------------------------------------------------ who belongs
    def _leads_of(self, company: CompanyInBatch | None) -> Mapping[int, LeadInBatch]:
        """The leads of a company, as they stand in this world where they are in it; the store is asked once."""
        if company is None:
            return {}
        if company.leads is None:
            stored = {n: t for n, t in self._onlookers(company.id).items() if n not in self.tracks}
            here = {n: t for n, t in self.tracks.items() if t.lead.account_id == company.id}
            company.leads = stored | here
        return company.leads

    def _learn_company(self, track: LeadInBatch, event: LeadEvent) -> CompanyInBatch | None:
        """Take what a lead says about its company into the account, and out of the one it has left."""
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
        """An account is left with what its other leads say (R1.7)."""
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
            if self._facts(claims) != self._facts(company.claims):
                company.changed_by = (lead_id, seq)
            company.claims, company.changed = claims, True

    # ------------------------------------------------------------------------------------------------ what it stirs
    def _tell_account(self, company: CompanyInBatch | None, lead_id: int, change: FactChange) -> None:
        """Remember that the company's other leads are to be scored anew, if this change matters to them."""
        if company is not None and affects_siblings(self.at.rules.policy, change):
            self._mark_for_rescore(company, lead_id, change.event)

    def _mark_for_rescore(self, company: CompanyInBatch, lead_id: int, event: LeadEvent) -> None:
        if account_dependency(self.at.rules.policy).matters and (hops := hops_of(event)) < HOPS:
            company.rescore_cause, company.hops = (lead_id, event.seq), hops + 1
