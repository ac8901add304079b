"""From waiting events to committed decisions, batch by batch (docs/contract/design.md §3).

An `Evaluator` lives in one drain. It claims events (committed first), decides them in one transaction
(`engine.batch.transact`), and sees to those that fail: an event whose evaluation raises is left out of the batch,
tried again later and then set aside; one that kills its process is found because every claim counts and batches halve
with each attempt.
"""

import traceback
from collections.abc import Sequence
from datetime import timedelta

import structlog

from engine.batch.leads import Histories
from engine.batch.transact import BatchTransaction, EventsFailed
from engine.clock import WallClock
from engine.errors import IllegalMove, NotFound, ServerUnavailable
from engine.matcher.rules import PolicyRules, Prepare, RulesCache
from engine.store.inbox import waiting
from engine.store.inbox.waiting import WaitingEvent
from engine.store.policy.versions import active_number
from engine.store.session import retrying

log = structlog.get_logger(__name__)

BATCH = 200
"""Events decided in one transaction."""
CLAIMS_ALLOWED = 10
"""An event claimed this often without being decided ended its process, the last times alone: 200 halves to 1 in 7."""
FAILURES_ALLOWED = 5
FIRST_RETRY_SECONDS = 1


class Evaluator:
    """Decides what waits in shards the caller holds the locks of. Not for threads; close it at the end.

    ``prepare`` makes a policy version ready; tests give one whose matcher breaks.
    """

    def __init__(self, clock: WallClock, prepare: Prepare | None = None) -> None:
        self._clock = clock
        self._rules = RulesCache(prepare)
        self._histories = Histories()
        self.woken: set[int] = set()
        """Leads that got events of the engine's own since the caller last looked."""

    def waiting(self, shards: Sequence[int]) -> bool:
        """Whether there is something to decide in these shards, now."""
        return active_number() is not None and waiting.is_waiting(shards, self._clock.now())

    def decide_batch(self, shards: Sequence[int]) -> int:
        """Decide the next events of these shards; returns how many were decided, failed, or went to another lead.

        1. look at the first due events; 2. take as many as their attempts allow; 3. count the attempt, committed;
        4. decide them in one transaction; 5. if that fails as a whole, decide them one by one.
        Returns 0 without an active policy: events wait, visibly. Raises ServerUnavailable when the database is lost.
        """
        due = waiting.head(shards, self._clock.now(), BATCH)
        number = active_number() if due else None
        if number is None:
            return 0
        chosen = next_batch(due)
        if chosen[0].attempts >= CLAIMS_ALLOWED:
            self._set_aside(chosen[0].event_id, f"its evaluation ended the process {CLAIMS_ALLOWED} times")
            return 1
        event_ids = [item.event_id for item in chosen]
        waiting.claim(event_ids)
        try:
            return self._decide(event_ids, number)
        except ServerUnavailable:
            raise
        except Exception:
            log.exception("batch.failed", events=len(event_ids), mended_by="deciding one by one")
            return sum(self._decide_alone(event_id, number) for event_id in event_ids)

    def close(self) -> None:
        """Give the matchers' memory back."""
        self._rules.close()

    def _decide(self, event_ids: Sequence[int], number: int) -> int:
        """Decide events in one transaction; those that raise are dealt with, and the others decided without them."""
        rules, left, dealt_with = self._rules.version(number), list(event_ids), 0
        while left:
            try:
                return dealt_with + retrying(lambda: self._transact(rules, left))
            except EventsFailed as failed:
                for event_id, error in failed.errors:
                    self._failed(event_id, error)
                    left.remove(event_id)
                dealt_with += len(failed.errors)
        return dealt_with

    def _transact(self, rules: PolicyRules, event_ids: Sequence[int]) -> int:
        run = BatchTransaction(rules, self._rules, self._histories, self._clock)
        decided = run.decide(event_ids)
        self.woken.update(run.woken)
        return decided

    def _decide_alone(self, event_id: int, number: int) -> int:
        try:
            return self._decide([event_id], number)
        except ServerUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event raises is recorded on it, the others go on
            self._failed(event_id, error)
            return 1

    def _failed(self, event_id: int, error: Exception) -> None:
        """Remember the error; try again after 1, 2, 4, 8 seconds, then set the event aside.

        What can never be done is set aside at once, with its reason alone.
        """
        if isinstance(error, IllegalMove | NotFound):
            self._set_aside(event_id, f"{error}")
            return
        failures = waiting.failures_of(event_id) + 1
        story = "".join(traceback.format_exception(error))[-4000:]
        log.error("event.failed", event_id=event_id, failures=failures, error=repr(error))
        if failures >= FAILURES_ALLOWED:
            self._set_aside(event_id, story)
        else:
            pause = timedelta(seconds=FIRST_RETRY_SECONDS * 2 ** (failures - 1))
            waiting.postpone(event_id, story, self._clock.now() + pause)

    def _set_aside(self, event_id: int, error: str) -> None:
        waiting.set_aside(event_id, error, self._clock.now())
        log.error("event.set_aside", event_id=event_id, mended_by="run it again in the admin once the cause is gone")


def next_batch(waiting: Sequence[WaitingEvent]) -> list[WaitingEvent]:
    """How many of the first events to take: all of equal suspicion, half as many with every attempt before."""
    attempts = waiting[0].attempts
    size = max(1, BATCH >> attempts)
    chosen = []
    for item in waiting[:size]:
        if item.attempts > attempts:
            break
        chosen.append(item)
    return chosen
