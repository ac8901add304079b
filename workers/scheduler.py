"""The scheduler: everything that happens by time (docs/contract/design.md §3).

It counts workers, wakes lanes with waiting events, fires due clocks, retries queued leads, and puts planned policies in
force. It holds no state that matters: each action is a claimed row or an event with a unique id. So several schedulers,
or a killed or late one, do no harm.
"""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
import structlog
from rq import Queue, Worker

from engine.clock import SystemClock, WallClock
from engine.errors import ServerUnavailable
from engine.policy.activation import activate_due
from engine.store.decisions.discipline import end_suspensions
from engine.store.due.clocks import fire_due_clocks
from engine.store.due.protection import fire_protections
from engine.store.due.queue import QueueWatch
from engine.store.due.refreshes import send_refreshes
from engine.store.due.rescore import send_next
from engine.store.due.retention import erase_inactive
from engine.store.inbox.waiting import waiting_shards
from engine.store.policy.versions import active_number
from engine.store.roster.eligibility import warn_of_missing_lists
from workers import queues

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.25
"""Pause between two rounds of duties: the most by which a clock is late."""
STUCK = timedelta(seconds=3)
"""Events that wait longer, with no wake-up queued and no drain alive, have lost their wake-up with Redis."""
OUTAGE_PAUSE_SECONDS = 1.0
"""Pause after an error of a server, so that an outage does not fill the log."""
_queue = QueueWatch()


@dataclass(frozen=True, slots=True)
class Duty:
    """A recurring task: ``do`` runs at intervals of ``every``."""

    name: str
    every: timedelta
    do: Callable[[datetime], None]


def count_workers(_now: datetime) -> None:
    """Set as many lanes as there are workers."""
    queues.set_lane_count(Worker.count(queue=Queue(queues.EVENTS, connection=queues.client())))


def wake_waiting(now: datetime) -> None:
    """Wake the lanes of shards with due events. Delete wake-ups that were lost."""
    waiting = waiting_shards(now)
    if not waiting or active_number() is None:
        return
    lanes = queues.lane_count()
    late = {shard % lanes for shard, since in waiting.items() if now - since > STUCK}
    # With jobs in the queue the wake-ups are not lost, only waiting for a worker.
    if late and not Queue(queues.EVENTS, connection=queues.client()).count:
        queues.client().delete(*(queues.wake_key(lane, lanes) for lane in sorted(late)))
    queues.wake_lanes({shard % lanes for shard in waiting}, lanes)


def fire_clocks(now: datetime) -> None:
    """Turn all due clocks into events."""
    while leads := fire_due_clocks(now):
        queues.wake(leads)


def fire_pool(now: datetime) -> None:
    """Warn owners, and reclaim leads whose protection has ended."""
    while leads := fire_protections(now):
        queues.wake(leads)


def end_suspended(now: datetime) -> None:
    """End suspensions whose time has passed."""
    queues.wake(end_suspensions(now))


def retry_queued(now: datetime) -> None:
    """Retry queued leads."""
    queues.wake(_queue.ask(now))


def rescore(now: datetime) -> None:
    """Send existing leads to be rescored under a version that became active."""
    queues.wake(send_next(now))


def refresh(now: datetime) -> None:
    """Refresh leads whose midnight has come."""
    queues.wake(send_refreshes(now))


def ask_for_lists(now: datetime) -> None:
    """Notify managers, once a day, that next month's eligibility list is missing."""
    warn_of_missing_lists(now)


def activate_policies(now: datetime) -> None:
    """Put policies in force whose moment has come."""
    activate_due(now)


DUTIES = (
    Duty("activate_policies", timedelta(seconds=1), activate_policies),
    Duty("count_workers", timedelta(seconds=1), count_workers),
    Duty("fire_clocks", timedelta(seconds=TICK_SECONDS), fire_clocks),
    Duty("fire_pool", timedelta(seconds=TICK_SECONDS), fire_pool),
    Duty("end_suspensions", timedelta(seconds=1), end_suspended),
    Duty("wake_waiting", timedelta(seconds=0.5), wake_waiting),
    Duty("rescore", timedelta(seconds=TICK_SECONDS), rescore),
    Duty("refresh", timedelta(seconds=TICK_SECONDS), refresh),
    Duty("ask_for_lists", timedelta(hours=1), ask_for_lists),
    Duty("drain_queues", timedelta(seconds=TICK_SECONDS), retry_queued),
)
"""All duties, in the order in which they run."""


def retention(months: int | None) -> tuple[Duty, ...]:
    """Erasing leads without activity for so many months; nothing when they are kept for ever."""
    if months is None:
        return ()
    return (Duty("retention", timedelta(minutes=1), lambda now: queues.wake(erase_inactive(now, months))),)


def run_scheduler(
    clock: WallClock | None = None, stop: threading.Event | None = None, retention_months: int | None = None
) -> None:
    """Run every duty when it is due, until SIGTERM or Ctrl-C. Call `init_store` and `init_queue` first.

    ``stop`` is set at that signal, so that other threads end, too. ``retention_months``: how long leads without
    activity are kept.
    """
    stop = stop or threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    source = clock or SystemClock()
    next_at: dict[str, datetime] = {}
    while not stop.is_set():
        now = source.now()
        for duty in (*DUTIES, *retention(retention_months)):
            if next_at.get(duty.name, now) <= now:
                # Before the duty runs: one that fails waits for its interval, too.
                next_at[duty.name] = now + duty.every
                _perform(duty, now, stop)
        stop.wait(TICK_SECONDS)


def _perform(duty: Duty, now: datetime, stop: threading.Event) -> None:
    """Run one duty. An outage of a server is logged and waited out; any other error is logged, and the duty runs again
    next time.
    """
    try:
        duty.do(now)
    except (ServerUnavailable, redis.RedisError) as error:
        log.warning("scheduler.outage", duty=duty.name, reason=type(error).__name__)
        stop.wait(OUTAGE_PAUSE_SECONDS)
    except Exception:
        log.exception("scheduler.failed", duty=duty.name)
