"""Leads and companies in memory, and how one event changes them: what live decisions, replays and simulations share.

A `BatchState` knows no SQL and no queue. Whoever drives it brings in the leads (`LeadInBatch`) and companies an event
speaks of, asks it to `decide`, finds a person when the outcome has a need, and `settle`s the step. Deciding one event
after another in the same order gives the same world anywhere (docs/contract/design.md §3). Companies and what their
leads see of each other are `engine.batch.companies`.
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
    """What one event after another makes of leads and companies."""

    def decide(self, track: LeadInBatch, event: LeadEvent) -> EventInBatch:
        """Decide an event on a lead and learn what it says. With a ``need`` in the outcome, `settle` must follow."""
        lead, at, earlier = track.lead, self.at, track.history
        event = _stripped(event) if event.type == ERASED or lead.state.erased_at is not None else event
        self.reread(track)
        folded = self.fold(lead.claims, event)
        lead.claims, track.history = folded.claims, earlier.with_event(event)
        track.seqs[event.source, event.id] = event.seq
        company = self._learn_company(track, event)
        view, account = self.sight(track)
        by_company = event.type == "score.refreshed" and event.properties.get("cause") == "account"
        changed = folded.changed or by_company
        situation = Situation(lead.state, lead.clocks, view, facts_changed=changed, account=account)
        outcome = self._with_joined(track, event, decide(situation, event, at.policy_context, at.people))
        track.extras = facts.extras(track.known.all if track.known else lead.claims, at.rules.frame.vocabulary)
        lead.notes = [*lead.notes, *(note_body(note) for note in folded.notes)]
        lead.first_event_at = min(filter(None, (lead.first_event_at, event.occurred_at)))
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
        """Finish a step with the person chosen, or with nobody to choose: owner, queue, clocks."""
        at = self.at
        step.outcome = complete(step.outcome, choice, step.situation, step.event, at.policy_context, at.now, due=at.due)
        self._apply(step)

    def pair(self, one: LeadInBatch, other: LeadInBatch) -> tuple[LeadInBatch, LeadInBatch]:
        """Of two leads that are one person: the one that stays, and the one that goes."""
        stays, goes = sorted((one, other), key=lambda track: standing(track.lead.state, track.lead.id))
        return stays, goes

    def join(self, stays: LeadInBatch, goes: LeadInBatch, seq: int = 0) -> None:
        """Let one lead take over everything of another; the next decision on it scores the joined history.

        ``seq`` is the row of the event that says so, here and in `relearn`.
        """
        self._leave_company(goes, seq)
        stays.lead.state = join(stays.lead.state, goes.lead.state)
        stays.joined = (*stays.joined, goes.lead.state.owner)
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
        """Make a lead know these events and nothing else, as after an undone merge; its company forgets the rest."""
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
        """When two leads became one, the owners of both are told (docs/contract/design.md §2)."""
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
