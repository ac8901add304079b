"""The jobs that RQ may run, in a closed table, and the classes that run nothing else.

RQ runs any importable function whose name is in Redis. `BatonJob` looks names up in `JOBS` only, ignores call-backs and
accepts only numbers as arguments (docs/contract/durable.md). A drain runs in a forked child and opens its own
connections.
"""

import gc
import signal
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from engine.batch.evaluate import Evaluator
from engine.clock import SystemClock, WallClock
from engine.core.calendar.calendars import known_countries
from engine.errors import BatonError
from engine.store.session import close_store
from engine.store.shards import ShardLocks
from workers import checks, queues, simulator
from workers.servers.lifeline import die_with_parent

log = structlog.get_logger(__name__)

LINGER_SECONDS = 0.5
"""A drain waits this long for another event: cheaper than a fork for the next one."""
DRAIN_LIMIT_SECONDS = 20.0
"""Longest duration of a drain. It then wakes its lane again, so that a new policy version or a stop takes effect."""
TURN_SECONDS = 0.5
"""A drain checks this often whether another lane waits for a worker, and then ends. There can be more lanes than
workers, because Redis counts killed workers for minutes.
"""
IDLE_POLL_SECONDS = 0.008
"""Pause between two looks at an idle inbox: the most that a live event waits in a running drain."""
COLLECTED_AFTER = (20_000, 20, 100)
"""Thresholds of Python's cycle collector in a drain, which lives for seconds."""


class JobRefused(BatonError):
    """A job name in the queue that is not in the table. Baton did not write it."""


def drain(lane: int, of: int) -> int:
    """Decide the events of a lane until it is idle. Returns how many events were decided.

    1. announce the drain and delete the wake-up; 2. lock the lane's shards, except those of other drains; 3. decide
    batch after batch; 4. unlock; 5. look once more, because an event may have been committed between the last look and
    the unlock, and wake the lane again if so.
    """
    _rarely_collect()
    # Alive before the wake-up is deleted: in between, no second drain of this lane is enqueued.
    _say_alive(lane, of)
    _tolerate(lambda: queues.client().delete(queues.wake_key(lane, of)), lane)
    evaluator = Evaluator(_time.clock)
    try:
        with ShardLocks(queues.shards_of(lane, of)) as held:
            decided = _drain_until_idle(evaluator, held, lane, of) if held else 0
        _tolerate(lambda: queues.client().delete(queues.drain_key(lane, of)), lane)
        # After the alive key is deleted: a wake-up sent before that was suppressed by it.
        if evaluator.waiting(held):
            _tolerate(lambda: queues.wake_lanes([lane], of), lane)
    finally:
        evaluator.close()
        close_store()
    return decided


def _rarely_collect() -> None:
    """Collect garbage cycles less often, and never in objects that existed before: a batch creates few cycles and many
    objects.
    """
    # Also keeps pages shared with the parent: the collector would write to each object's header.
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


def _drain_until_idle(evaluator: Evaluator, shards: tuple[int, ...], lane: int, of: int) -> int:
    started = last_event = said = looked = time.monotonic()
    decided = 0
    while not _stop.requested:
        moment = time.monotonic()
        if moment - last_event > LINGER_SECONDS or moment - started > DRAIN_LIMIT_SECONDS:
            break
        # A third: two announcements may be late before the key expires.
        if moment - said > queues.DRAIN_SECONDS / 3:
            _say_alive(lane, of)
            said = moment
        if moment - looked > TURN_SECONDS:
            looked = moment
            if _others_wait(lane):
                break
        count = evaluator.decide_batch(shards)
        decided += count
        if evaluator.woken:
            # Their leads may be in other lanes, whose drains have ended.
            queues.wake(evaluator.woken)
            evaluator.woken.clear()
        if count:
            last_event = time.monotonic()
        else:
            time.sleep(IDLE_POLL_SECONDS)
    return decided


def _others_wait(lane: int) -> bool:
    """Whether a lane waits for a free worker."""
    waiting: list[bool] = []
    _tolerate(lambda: waiting.append(queues.jobs_wait()), lane)
    return any(waiting)


def _say_alive(lane: int, of: int) -> None:
    _tolerate(lambda: queues.client().set(queues.drain_key(lane, of), "1", ex=queues.DRAIN_SECONDS), lane)


def _tolerate(tell: Callable[[], object], lane: int) -> None:
    """Run a Redis command. Errors are logged: decisions go on, and the scheduler wakes waiting lanes."""
    try:
        tell()
    except redis.RedisError as error:
        log.warning("drain.unheard", lane=lane, reason=type(error).__name__)


JOBS: dict[str, Callable[..., Any]] = {"drain": drain, "simulate": simulator.simulate, "check_draft": checks.check}
"""All functions that a worker runs, by their names in Redis."""


class BatonJob(Job):
    """An RQ job that runs a function of `JOBS` or nothing."""

    @property
    def func(self) -> Callable[..., Any]:
        """The function of the table. Raises JobRefused for any other name and for arguments that are not numbers."""
        if self.func_name not in JOBS:
            raise JobRefused(f"{self.func_name!r} is not a job of Baton: somebody else writes to this queue")
        if self.kwargs or not all(type(argument) is int for argument in self.args):
            raise JobRefused(f"job {self.func_name!r} takes whole numbers only")
        return JOBS[self.func_name]

    @property
    def success_callback(self) -> None:
        """None: call-backs are names in Redis, too."""

    @property
    def failure_callback(self) -> None:
        """None: call-backs are names in Redis, too."""

    @property
    def stopped_callback(self) -> None:
        """None: call-backs are names in Redis, too."""


class BatonWorker(Worker):
    """A forking RQ worker. Its children end with it, and stop between two batches on request."""

    job_class = BatonJob

    def setup_work_horse_signals(self) -> None:
        """In the child: end with the worker. SIGTERM stops the drain after the current batch."""
        # SIGKILL: a child without its worker must not hold shards while a new worker starts.
        die_with_parent(signal.SIGKILL)
        # Ctrl-C reaches the whole process group; only the worker decides when the child stops.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _stop.request)

    def handle_warm_shutdown_request(self) -> None:
        """Forward the request to the running child."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call] # RQ leaves it untyped
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)

    def handle_work_horse_killed(self, job: Job, _pid: int, ret_val: int, _usage: Any) -> None:
        """A child died: wake its lane at once. Its batch is retried in halves."""
        # Deleting the keys makes the lane wakeable before they expire.
        log.error("drain.killed", job=job.func_name, status=ret_val)
        if job.func_name == "drain" and len(job.args) == 2:
            lane, of = job.args
            _tolerate(lambda: queues.client().delete(queues.drain_key(lane, of)), lane)
            _tolerate(lambda: queues.wake_lanes([lane], of), lane)


class _Stop:
    """Whether this process should stop."""

    requested = False

    def request(self, _signum: int, _frame: object) -> None:
        """Signal handler."""
        self.requested = True


_stop = _Stop()


class _Time:
    """The clock of drains. Forked children inherit it."""

    clock: WallClock = SystemClock()


_time = _Time()


def run_worker(redis_url: str, name: str, queue: str = queues.EVENTS, clock: WallClock | None = None) -> None:
    """Work until stopped. Call `init_store` and `init_queue` first, in a process of its own.

    Data that every drain needs is loaded here once, before the forks. ``clock`` replaces the machine's clock in tests.
    """
    known_countries()
    _time.clock = clock or _time.clock
    make_worker(redis_url, name, queue).work(logging_level="WARNING")


def make_worker(redis_url: str, name: str, queue_name: str = queues.EVENTS) -> BatonWorker:
    """A worker of one queue (wake-ups or simulations) that runs only `JOBS`."""
    connection = queues.connect_redis(redis_url, patient=True)
    queue = Queue(queue_name, connection=connection, serializer=JSONSerializer, job_class=BatonJob)
    return BatonWorker(
        [queue],
        name=name,
        connection=connection,
        job_class=BatonJob,
        serializer=JSONSerializer,
        log_job_description=False,
    )
