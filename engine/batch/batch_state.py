"""Leads and companies in memory, and how one event changes them. Live batches, replays and simulations share this code.

A `BatchState` runs no SQL and uses no queue. The caller adds the leads (`LeadInBatch`) and companies of an event, calls
`decide`, chooses a person if the outcome has a need, and calls `settle`. The same events in the same order always give
the same state (docs/contract/design.md §3). `engine.batch.companies` holds the part about companies.
"""

from collections.abc import Sequence
from dataclasses import replace

from engine.batch.companies import BatchContext, CompanyIndex
from engine.batch.leads import EventInBatch, LeadInBatch
from engine.core.assignment.assignment import Choice
from engine.core.decide import complete, decide
from engine.core.explain import note_body
from engine.core.lead import facts
from engine.core.lead.accounts import OWN_WORK
from engine.core.lead.history import History
from engine.core.lead.merging import join, standing
from engine.core.lead.model import LeadEvent
from engine.core.notify.effects import Notice
from engine.core.outcome import Outcome, Situation
from engine.core.qualification.stages import ERASED
from engine.core.scoring.siblings import FactChange

__all__ = ["BatchContext", "BatchState"]


class BatchState(CompanyIndex):
    """Leads and companies, changed by one event after another."""

    def decide(self, track: LeadInBatch, event: LeadEvent) -> EventInBatch:
        """Apply an event to a lead and decide it. If the outcome has a ``need``, the caller must call `settle`."""
        lead, at, earlier = track.lead, self.at, track.history
        event = _stripped(event) if event.type == ERASED or lead.state.erased_at is not None else event
        # Before folding: claims of an older version must not mix with claims of this one (R3.6).
        self.reread(track)
        folded = self.fold(lead.claims, event)
        lead.claims, track.history = folded.claims, earlier.with_event(event)
        track.seqs[event.source, event.id] = event.seq
        # Before `sight`: the view includes the company's facts.
        company = self._learn_company(track, event)
        view, account = self.sight(track)
        by_company = event.type == "score.refreshed" and event.properties.get("cause") == "account"
        changed = folded.changed or by_company
        situation = Situation(lead.state, lead.clocks, view, facts_changed=changed, account=account)
        outcome = self._with_joined(track, event, decide(situation, event, at.policy_context, at.people))
        track.extras = facts.extras(track.known.all if track.known else lead.claims, at.rules.frame.vocabulary)
        lead.notes = [*lead.notes, *(note_body(note) for note in folded.notes)]
        lead.first_event_at = min(filter(None, (lead.first_event_at, event.occurred_at)))
        # The engine's own events are no activity of the lead.
        if event.type not in OWN_WORK:
            lead.last_event_at = max(filter(None, (lead.last_event_at, event.occurred_at)))
        stages = (situation.state.stage, outcome.after.stage)
        self._tell_account(company, lead.id, FactChange(event, view.with_history(earlier), folded.changed, stages))
        step = EventInBatch(track, event, folded.notes, situation, outcome)
        if outcome.need is None:
            self.settle(step, None)
        else:
            self._apply(step)
        return step

    def settle(self, step: EventInBatch, choice: Choice | None) -> None:
        """Finish a step with the chosen person, or None if no choice was needed: owner, queue, clocks."""
        at = self.at
        step.outcome = complete(step.outcome, choice, step.situation, step.event, at.policy_context, at.now, due=at.due)
        self._apply(step)

    def pair(self, one: LeadInBatch, other: LeadInBatch) -> tuple[LeadInBatch, LeadInBatch]:
        """Two leads of one person, sorted: the lead that stays, then the lead that is merged into it."""
        stays, goes = sorted((one, other), key=lambda track: standing(track.lead.state, track.lead.id))
        return stays, goes

    def join(self, stays: LeadInBatch, goes: LeadInBatch, seq: int = 0) -> None:
        """Merge the lead ``goes`` into the lead ``stays``. The next decision scores the joined history.

        ``seq`` is the row of the merge event, here and in `relearn`.
        """
        # First: it needs the account of the lead that goes.
        self._leave_company(goes, seq)
        stays.lead.state = join(stays.lead.state, goes.lead.state)
        stays.joined = (*stays.joined, goes.lead.state.owner)
        # Without an outcome the merged lead is not stored as a living one.
        goes.lead.account_id, goes.outcome = None, None
        goes.lead.state = replace(goes.lead.state, queued=None)
        stays.lead.claims = facts.joined([stays.lead.claims, goes.lead.claims])
        stays.lead.notes = [*stays.lead.notes, *goes.lead.notes]
        stays.lead.first_event_at = min(
            filter(None, (stays.lead.first_event_at, goes.lead.first_event_at)), default=None
        )
        stays.history = History.joined([stays.history, goes.history])
        stays.seqs |= goes.seqs
        stays.counted |= goes.counted

    def relearn(self, track: LeadInBatch, events: Sequence[LeadEvent], seq: int = 0) -> None:
        """Reset a lead to exactly these events, as after an undone merge. Its company drops what came from the
        others.
        """
        lead = track.lead
        lead.claims = self.folded(events)
        lead.first_event_at = min((one.occurred_at for one in events), default=None)
        lead.last_event_at = max((one.occurred_at for one in events), default=None)
        track.history = History.of(events)
        track.seqs = {(one.source, one.id): one.seq for one in events}
        track.reading = self.at.rules.reading
        self._leave_company(track, seq)
        lead.account_id = None

    @staticmethod
    def _with_joined(track: LeadInBatch, event: LeadEvent, outcome: Outcome) -> Outcome:
        """After a merge, notify the owners of both leads (docs/contract/design.md §2)."""
        owners = dict.fromkeys(filter(None, (outcome.before.owner, *track.joined)))
        track.joined = ()
        if event.type != "lead.merged":
            return outcome
        notices = (
            Notice("merged", owner, owner, f"{event.id}:{owner}", {"owner": outcome.after.owner}) for owner in owners
        )
        return replace(outcome, effects=(*outcome.effects, *notices))

    @staticmethod
    def _apply(step: EventInBatch) -> None:
        step.track.outcome = step.outcome
        step.track.lead.state = step.outcome.after
        step.track.lead.clocks = step.outcome.clocks


def _stripped(event: LeadEvent) -> LeadEvent:
    """An event of which nothing is learned: it erases, or its lead is erased (R4.8)."""
    return replace(event, identities={}, traits={}, company={}, answers={}, properties={})
