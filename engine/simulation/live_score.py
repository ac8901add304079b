"""The scores of a lead at the moment somebody opens it. They are for display and decide nothing (R3.6).

Computed from decided events only, read in one snapshot without locks, under the version that last decided the lead: the
scores that a decision at this moment would give if nothing new had happened. Stores nothing. Runs in
`workers.live_scores`, never in the web process, which may not hold a matcher.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.batch.companies import BatchContext, CompanyIndex
from engine.batch.leads import CachedHistory, CompanyInBatch, Histories, LeadInBatch
from engine.core.calendar.schedules import Timing
from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent, Scores
from engine.core.lead.people import People
from engine.core.scoring.scoring import score
from engine.matcher.rules import PolicyRules, RulesCache
from engine.store.decisions import reading
from engine.store.decisions.reading import LoadedLead
from engine.store.read.record import snapshot
from engine.store.session import Driver

NOBODY = People({}, frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class ScoredNow:
    """Scores at a moment, and the version that computed them."""

    number: int
    digest: str
    at: datetime
    scores: Scores


class LiveScorer:
    """Scores leads for display. Caches versions and histories between calls. Close it at the end."""

    def __init__(self) -> None:
        self._versions = RulesCache()
        self._histories = Histories()

    def score(self, lead_id: int, now: datetime) -> ScoredNow | None:
        """The scores of a lead at a moment after its last decision. None if it was never decided, or was merged
        away.
        """
        with snapshot() as driver:
            lead = next(iter(reading.read_leads(driver, [lead_id])), None)
            if lead is None or lead.policy_number is None:
                return None
            # The lead's own version, not the active one: the lead may not be rescored yet.
            rules = self._versions.version(lead.policy_number)
            view, account = self._seen(driver, lead, rules, now).sight(self._track(driver, [lead])[lead_id])
        return ScoredNow(rules.number, rules.digest, now, score(rules.policy, view, rules.matcher, account))

    def close(self) -> None:
        """Free the matchers' memory."""
        self._versions.close()

    def _seen(self, driver: Driver, lead: LoadedLead, rules: PolicyRules, now: datetime) -> CompanyIndex:
        """The company of a lead. Its other leads are read only if the policy uses them."""
        moment = BatchContext(now, rules, NOBODY, self._versions.clock_rule, lambda _rule, _owner, at: Timing(at, at))

        def members(account: int) -> Mapping[int, LeadInBatch]:
            return self._track(driver, reading.read_members(driver, [account]))

        seen = CompanyIndex(moment, members, lambda number: reading.read_told(driver, [number])[number])
        if lead.account_id is not None:
            for key, (number, claims, version) in reading.read_accounts(driver, [lead.account_id]).items():
                company = CompanyInBatch(number, claims, leads=None, reading=self._reading(version))
                seen.reread_company(company)
                seen.companies[key] = company
        return seen

    def _track(self, driver: Driver, leads: Sequence[LoadedLead]) -> dict[int, LeadInBatch]:
        """Leads with their histories, from the cache while their rows are unchanged."""
        known = {lead.id: found for lead in leads if (found := self._histories.get(lead)) is not None}
        unknown = [lead for lead in leads if lead.id not in known]
        events = reading.read_history(driver, [lead.id for lead in unknown]) if unknown else {}
        for lead in unknown:
            known[lead.id] = _remembered(lead.version, events[lead.id])
            self._histories.put(lead.id, known[lead.id])
        return {
            lead.id: LeadInBatch(
                lead, known[lead.id].history, {}, frozenset(), frozenset(), reading=self._reading(lead.policy_number)
            )
            for lead in leads
        }

    def _reading(self, version: int | None) -> str:
        return "" if version is None else self._versions.reading(version)


def _remembered(version: int, events: Sequence[LeadEvent]) -> CachedHistory:
    return CachedHistory(version, History.of(events), {}, frozenset())
