"""One batch is one transaction: lock, load, decide, assign, store (docs/contract/design.md §3).

All locks are taken in one order: leads by id, accounts by key, rotations by policy. Events are decided in memory, one
after another, and written together. Leads that need a person wait for the end of the round; then all of them are
assigned under the locks of the rotations, and their remaining events are decided in the next round. If an event raises,
the transaction is rolled back and `EventsFailed` names the events to leave out. Histories are cached only after the
commit.
"""

from collections.abc import Iterable, Sequence

from engine.batch.assignment_round import AssignmentRound
from engine.batch.batch_state import BatchContext
from engine.batch.erasing import erase_decided
from engine.batch.leads import CachedHistory, EventInBatch, Histories, LeadInBatch
from engine.batch.loading import Loading
from engine.batch.side_effects import SideEffects
from engine.batch.storing import Storing
from engine.clock import WallClock
from engine.core.calendar.schedules import Schedules
from engine.core.lead.model import LeadEvent
from engine.core.lead.people import NOBODY, claimed_by
from engine.core.sla.discipline import SuspensionBegun
from engine.errors import BatonError
from engine.matcher.rules import PolicyRules, RulesCache
from engine.store.inbox import waiting
from engine.store.roster.roster_lock import read_roster_lock
from engine.store.session import DatabaseError, Driver, raw, transaction


class EventsFailed(BatonError):
    """Events of a batch raised; nothing was committed. ``errors`` lists (event, exception)."""

    def __init__(self, errors: Sequence[tuple[int, Exception]]) -> None:
        super().__init__(f"{len(errors)} events failed, the first with {errors[0][1]!r}")
        self.errors = list(errors)


class BatchTransaction:
    """Decides one batch. After `decide`, ``woken`` lists the leads that received events from the engine."""

    def __init__(self, rules: PolicyRules, versions: RulesCache, histories: Histories, clock: WallClock) -> None:
        self.woken: list[int] = []
        self._rules = rules
        self._histories = histories
        self._versions = versions
        self._moment = BatchContext(
            clock.now(), rules, NOBODY, versions.clock_rule, Schedules.of(rules.policy, {}, ()).due
        )
        self._clock = clock
        self._steps: list[EventInBatch] = []
        self._failed: list[tuple[int, Exception]] = []
        self._spoiled: set[int] = set()
        self._turns: AssignmentRound | None = None
        self._suspended: list[str] = []

    def decide(self, event_ids: Sequence[int]) -> int:
        """Decide these events and commit. Returns how many were decided or moved to the lead theirs was merged into.

        1. lock and load; 2. decide in order, leaving out leads that wait for a person; 3. assign people; 4. repeat from
        2 with the rest; 5. store. Raises EventsFailed, with nothing committed, if an event raised.
        """
        with transaction() as connection:
            driver = raw(connection)
            # First of all locks: an edit of the roster waits for running batches, and new batches wait for the edit.
            read_roster_lock(driver)
            loading = Loading(driver, self._moment, self._versions, self._histories, self._clock)
            self._world, self._merging = loading.world, loading.merging
            self._aftermath = SideEffects(driver, self._moment, self._suspend)
            items, sent_on = loading.load(event_ids)
            self._decide_in_rounds(driver, items)
            if self._failed:
                raise EventsFailed(self._failed)
            # After the last round: only then are all rejections of the batch known.
            self._give_turns_back(driver)
            own = Storing(driver, self._world, self._aftermath, self._steps, self._merging.gone).store(self._turns)
            erased = erase_decided(driver, self._steps, self._moment)
            # Events given back to another lead are not decided here; a later batch locks that lead.
            waiting.leave(driver, sorted(self._merging.unmerged_events.intersection(event_ids)))
        for track in self._world.tracks.values():
            if track.outcome is not None and track.lead.id not in erased:
                # After the commit, and + 1 because `save_leads` raised the version of the row.
                known = CachedHistory(track.lead.version + 1, track.history, track.seqs, track.counted)
                self._histories.put(track.lead.id, known)
        self._histories.forget(erased)
        self.woken += [*loading.sent_on_to, *own, *self._merging.woken]
        return len(self._steps) + sent_on

    # ------------------------------------------------------------------------------------------------ deciding
    def _decide_in_rounds(self, driver: Driver, items: Sequence[tuple[int, LeadEvent]]) -> None:
        """Decide all events in rounds. Between two rounds, assign people to the leads that need one."""
        left, begun = items, 0
        while left:
            left = [item for item in left if not self._decide_one(*item)]
            # Before `_assign`: a person suspended in this round must not receive its leads.
            self._aftermath.count_strikes()
            self._assign(driver, self._steps[begun:])
            begun = len(self._steps)

    def _decide_one(self, lead_id: int, event: LeadEvent) -> bool:
        """Decide one event. Returns False if it must wait until an earlier event's lead has a person."""
        concerned = self._merging.concerned(lead_id, event)
        if any(track.pending for track in concerned):
            return False
        if event.seq in self._merging.unmerged_events or not self._spoiled.isdisjoint(
            track.lead.id for track in concerned
        ):
            return True
        try:
            step = self._world.decide(self._merging.subject(lead_id, event), event)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event raises is recorded on it, the others go on
            self._fail(event, error, concerned)
            return True
        self._steps.append(step)
        self._aftermath.decided(step)
        # Later claims of the same batch count against the same daily limit (R7.3).
        self._moment.people = claimed_by(self._moment.people, event, refused=step.outcome.refusal is not None)
        step.track.pending = step.outcome.need is not None
        return True

    # ------------------------------------------------------------------------------------------------ assigning
    def _assign(self, driver: Driver, steps: Sequence[EventInBatch]) -> None:
        """Assign people to the leads that need one. Locks all rotations of the policy."""
        for step in steps:
            if (need := step.outcome.need) is None:
                continue
            self._turns = self._turns or self._lock_turns(driver)
            step.track.pending = False
            try:
                choice = self._turns.choose(step, need)
                self._world.settle(step, choice)
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - as in `_decide_one`
                self._fail(step.event, error, [step.track])
            else:
                self._turns.take(step, choice)

    def _lock_turns(self, driver: Driver) -> AssignmentRound:
        turns = AssignmentRound.locked(driver, self._moment, self._world.account_owners)
        # The roster is read only now; suspensions of this batch are not in the database yet.
        for person in self._suspended:
            turns.suspend(person)
        return turns

    def _give_turns_back(self, driver: Driver) -> None:
        """Give back the turns of justified rejections (R4.7). Needs the locks of the rotations."""
        for one in self._aftermath.compensations():
            self._turns = self._turns or self._lock_turns(driver)
            self._turns.compensate(one.policy, one.person)

    def _suspend(self, begun: SuspensionBegun) -> None:
        """Stop assigning leads to a person, in this batch too."""
        self._suspended.append(begun.person)
        if self._turns is not None:
            self._turns.suspend(begun.person)

    def _fail(self, event: LeadEvent, error: Exception, concerned: Iterable[LeadInBatch]) -> None:
        """Record an event's error. The batch will be rolled back, so the other events of its leads are skipped."""
        self._failed.append((event.seq, error))
        self._spoiled.update(track.lead.id for track in concerned)
