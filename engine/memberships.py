"""Which leads belong to which company, what each says of it, and what they see of each other (POLICY.md R1.7, R3.7).

The half of a `World` that is about companies. It decides nothing; it knows no SQL: leads that are not in the world are
asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.core import facts
from engine.core.accounts import account_values
from engine.core.decide import Book, People
from engine.core.facts import Claims
from engine.core.model import OPEN_STAGES, LeadEvent
from engine.core.siblings import HOPS, Change, hops_of, stirs, together
from engine.core.sla import Definitions
from engine.core.view import LeadView
from engine.rules import Rules
from engine.tracks import AccountTrack, Known, Track

Members = Callable[[int, int], Mapping[int, Claims]]
"""(account, lead left out) → what the account's leads say, beyond those in the world."""
Onlookers = Callable[[int], Mapping[int, Track]]
"""Account → its leads as they are stored."""


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


class Memberships:
    """Tracks by lead id and companies by key. ``at`` is set before events of a moment are decided."""

    def __init__(self, at: Moment, members: Members, onlookers: Onlookers = lambda _account: {}) -> None:
        self.at = at
        self.tracks: dict[int, Track] = {}
        self.companies: dict[str, AccountTrack] = {}
        self._members = members
        self._onlookers = onlookers

    def company_key(self, claims: Claims) -> str | None:
        """What identifies a lead's company, None if it has none."""
        return facts.account_key(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    def sight(self, track: Track) -> tuple[LeadView, Sequence[LeadView]]:
        """What conditions see of a lead now, and the views of its account's open leads, this one first.

        The account is empty where no model scores accounts. A lead that is closed still counts for itself.
        """
        key = self.company_key(track.lead.claims)
        company = self.companies[key] if key is not None else None
        view = self._view(track, company)
        plan = together(self.at.rules.policy)
        if not plan.matters:
            return view, ()
        others = [other for number, other in self._leads_of(company).items() if number != track.lead.id]
        views = [self._view(other, company) for other in others]
        values = account_values([view, *views])
        view, views = view.with_values(values), [one.with_values(values) for one in views]
        track.among = tuple(others) if plan.scores else ()
        if not plan.scores:
            return view, ()
        paired = zip(others, views, strict=True)
        return view, (view, *(one for other, one in paired if other.lead.state.stage in OPEN_STAGES))

    # ------------------------------------------------------------------------------------------------ what is known
    def _view(self, track: Track, company: AccountTrack | None) -> LeadView:
        known = self._known(track, company)
        return LeadView.of(self.at.rules.frame, known.facts, self.at.now, track.history)

    def _known(self, track: Track, company: AccountTrack | None) -> Known:
        """Facts of a lead and of its company; read anew only when one of them says something else."""
        own, said = track.lead.claims, company.claims if company else None
        last, rules = track.known, self.at.rules
        if last is None or last.own is not own or last.company is not said or last.rules is not rules:
            every = own
            if said is not None:
                every = facts.with_account(own, facts.joined([said, facts.company_part(own)]))
            last = Known(rules, own, said, every, self._facts(every))
        track.known = last
        return last

    def _facts(self, claims: Claims) -> dict[str, Any]:
        return facts.known(claims, self.at.rules.frame.vocabulary, self.at.rules.frame.zone)

    # ------------------------------------------------------------------------------------------------ who belongs
    def _leads_of(self, company: AccountTrack | None) -> Mapping[int, Track]:
        """The leads of a company, as they stand in this world where they are in it; the store is asked once."""
        if company is None:
            return {}
        if company.leads is None:
            stored = {n: t for n, t in self._onlookers(company.id).items() if n not in self.tracks}
            here = {n: t for n, t in self.tracks.items() if t.lead.account_id == company.id}
            company.leads = stored | here
        return company.leads

    def _learn_company(self, track: Track, event: LeadEvent) -> AccountTrack | None:
        """Take what a lead says about its company into the account, and out of the one it has left."""
        lead = track.lead
        key = self.company_key(lead.claims)
        company = self.companies[key] if key else None
        moved = lead.account_id != (company.id if company else None)
        if moved:
            self._leave_company(track, event.seq)
        lead.account_id = company.id if company else None
        if company:
            if moved:
                self._stir(company, lead.id, event)
            if company.leads is not None:
                company.leads[lead.id] = track
            self._rewrite(company, facts.joined([company.claims, facts.company_part(lead.claims)]), lead.id, event.seq)
        return company

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
        if left.leads is not None:
            left.leads.pop(lead.id, None)
        if together(self.at.rules.policy).matters:
            left.stirred_by, left.hops = (lead.id, seq), 1
        self._rewrite(left, facts.joined(map(facts.company_part, said.values())), lead.id, seq)

    def _rewrite(self, company: AccountTrack, claims: Claims, lead_id: int, seq: int) -> None:
        if claims != company.claims:
            if self._facts(claims) != self._facts(company.claims):
                company.changed_by = (lead_id, seq)
            company.claims, company.changed = claims, True

    # ------------------------------------------------------------------------------------------------ what it stirs
    def _tell_account(self, company: AccountTrack | None, lead_id: int, change: Change) -> None:
        """Remember that the company's other leads are to be scored anew, if this change matters to them."""
        if company is not None and stirs(self.at.rules.policy, change):
            self._stir(company, lead_id, change.event)

    def _stir(self, company: AccountTrack, lead_id: int, event: LeadEvent) -> None:
        if together(self.at.rules.policy).matters and (hops := hops_of(event)) < HOPS:
            company.stirred_by, company.hops = (lead_id, event.seq), hops + 1
