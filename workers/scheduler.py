"""The scheduler: what happens because time passes (docs/contract/design.md §3).

It counts workers, wakes lanes with waiting events, fires due clocks, lets queued leads ask again and
puts scheduled policies in force. It holds no state
that matters: everything it does is a claimed row or an event with an id of its own, so several schedulers, a killed one
or a late one do no harm.
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
STUCK = timedelta(seconds=3)
"""Events that wait longer although no wake-up is queued and no drain is alive: their wake-up was lost with Redis."""
OUTAGE_PAUSE_SECONDS = 1.0
_queue = QueueWatch()


@dataclass(frozen=True, slots=True)
class Duty:
    """Something done every so often."""

    name: str
    every: timedelta
    do: Callable[[datetime], None]


def count_workers(_now: datetime) -> None:
    """As many lanes as there are workers."""
    queues.set_lane_count(Worker.count(queue=Queue(queues.EVENTS, connection=queues.client())))


def wake_waiting(now: datetime) -> None:
    """Wake the lanes of shards with due events; take back wake-ups that nobody can be acting on."""
    waiting = waiting_shards(now)
    if not waiting or active_number() is None:
        return
    lanes = queues.lane_count()
    late = {shard % lanes for shard, since in waiting.items() if now - since > STUCK}
    if late and not Queue(queues.EVENTS, connection=queues.client()).count:
        queues.client().delete(*(queues.wake_key(lane, lanes) for lane in sorted(late)))
    queues.wake_lanes({shard % lanes for shard in waiting}, lanes)


def fire_clocks(now: datetime) -> None:
    """Turn due clocks into events, all of them."""
    while leads := fire_due_clocks(now):
        queues.wake(leads)


def fire_pool(now: datetime) -> None:
    """Warn owners and take leads back whose protection has passed."""
    while leads := fire_protections(now):
        queues.wake(leads)


def end_suspended(now: datetime) -> None:
    """Tell that suspensions are over."""
    queues.wake(end_suspensions(now))


def retry_queued(now: datetime) -> None:
    """Let queued leads ask again."""
    queues.wake(_queue.ask(now))


def rescore(now: datetime) -> None:
    """Send leads already there to be scored under a version that became active."""
    queues.wake(send_next(now))


def refresh(now: datetime) -> None:
    """Send leads to be scored anew whose midnight has come."""
    queues.wake(send_refreshes(now))


def ask_for_lists(now: datetime) -> None:
    """Tell managers, once a day, that next month's eligibility list is missing."""
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
"""Everything the scheduler does."""


def retention(months: int | None) -> tuple[Duty, ...]:
    """Erasing leads without activity for so many months; nothing when they are kept for ever."""
    if months is None:
        return ()
    return (Duty("retention", timedelta(minutes=1), lambda now: queues.wake(erase_inactive(now, months))),)


def run_scheduler(
    clock: WallClock | None = None, stop: threading.Event | None = None, retention_months: int | None = None
) -> None:
    """Do every duty when it is due until SIGTERM or Ctrl-C. Call it with `init_store` and `init_queue` done.

    ``stop`` is set then, for threads beside. ``retention_months``: how long leads without activity are kept.
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
                next_at[duty.name] = now + duty.every
                _perform(duty, now, stop)
        stop.wait(TICK_SECONDS)


def _perform(duty: Duty, now: datetime, stop: threading.Event) -> None:
    """Do one duty; an outage of a server is logged and waited out, anything else is logged and tried next time."""
    try:
        duty.do(now)
    except (ServerUnavailable, redis.RedisError) as error:
        log.warning("scheduler.outage", duty=duty.name, reason=type(error).__name__)
        stop.wait(OUTAGE_PAUSE_SECONDS)
    except Exception:
        log.exception("scheduler.failed", duty=duty.name)
