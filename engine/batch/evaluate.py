"""Decide waiting events, batch by batch (docs/contract/design.md §3).

An `Evaluator` lives as long as one drain. It claims events (committed first), decides them in one transaction
(`engine.batch.transact`), and handles failures. An event that raises is left out of the batch, retried later, then set
aside. An event that kills the process is found because claims are counted and the batch size halves with each attempt.
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
"""Set an event aside after this many claims without a decision: it kept killing its process. A batch of 200 is halved
to one event after 7 claims, so the last 3 claims were for this event alone.
"""
FAILURES_ALLOWED = 5
"""Set an event aside after this many errors."""
FIRST_RETRY_SECONDS = 1
"""Seconds before the first retry. Doubles with each further one."""


class Evaluator:
    """Decides the events of shards whose locks the caller holds. Not thread-safe. Close it at the end.

    ``prepare`` loads a policy version. Tests pass one with a broken matcher.
    """

    def __init__(self, clock: WallClock, prepare: Prepare | None = None) -> None:
        self._clock = clock
        self._rules = RulesCache(prepare)
        self._histories = Histories()
        self.woken: set[int] = set()
        """Leads that received events from the engine since the caller last cleared this."""

    def waiting(self, shards: Sequence[int]) -> bool:
        """Whether these shards have an event to decide now."""
        return active_number() is not None and waiting.is_waiting(shards, self._clock.now())

    def decide_batch(self, shards: Sequence[int]) -> int:
        """Decide the next events of these shards. Returns how many were decided, failed, or moved to another lead.

        1. read the first due events; 2. take as many as their attempts allow; 3. count the attempt and commit; 4.
        decide them in one transaction; 5. if the transaction fails, decide them one by one. Returns 0 without an active
        policy: the events wait. Raises ServerUnavailable if the database is lost.
        """
        due = waiting.head(shards, self._clock.now(), BATCH)
        number = active_number() if due else None
        if number is None:
            return 0
        chosen = next_batch(due)
        # Before the claim: one more evaluation would kill this process too.
        if chosen[0].attempts >= CLAIMS_ALLOWED:
            self._set_aside(chosen[0].event_id, f"its evaluation ended the process {CLAIMS_ALLOWED} times")
            return 1
        event_ids = [item.event_id for item in chosen]
        # Committed before deciding, so that a killed process leaves its attempt behind.
        waiting.claim(event_ids)
        try:
            return self._decide(event_ids, number)
        except ServerUnavailable:
            raise
        except Exception:
            log.exception("batch.failed", events=len(event_ids), mended_by="deciding one by one")
            return sum(self._decide_alone(event_id, number) for event_id in event_ids)

    def close(self) -> None:
        """Free the matchers' memory."""
        self._rules.close()

    def _decide(self, event_ids: Sequence[int], number: int) -> int:
        """Decide events in one transaction. Events that raise are recorded and left out; the others are decided
        again.
        """
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
        """Record the error. Retry after 1, 2, 4 and 8 seconds, then set the event aside.

        What can never be done is set aside at once, with its reason alone.
        """
        if isinstance(error, IllegalMove | NotFound):
            self._set_aside(event_id, f"{error}")
            return
        failures = waiting.failures_of(event_id) + 1
        # 4000 characters: the last frames, which name the cause.
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
    """The events to take next: those with as many attempts as the first one. The size halves with each attempt."""
    attempts = waiting[0].attempts
    size = max(1, BATCH >> attempts)
    chosen = []
    for item in waiting[:size]:
        if item.attempts > attempts:
            break
        chosen.append(item)
    return chosen
