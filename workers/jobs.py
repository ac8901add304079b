"""The jobs RQ may run, as a closed table, and the classes that run nothing else.

RQ calls any importable function whose name stands in Redis; `BatonJob` looks names up in `JOBS` only, ignores
call-backs and takes numbers as arguments (docs/contract/durable.md). A drain runs in a forked child and makes its own
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
"""A drain stays this long after its last event: cheaper than a fork for the next one."""
DRAIN_LIMIT_SECONDS = 20.0
"""A drain ends after this long and wakes its lane again, so that a new policy version or a stop is noticed."""
TURN_SECONDS = 0.5
"""A drain gives way after this long when another lane waits for a worker: Redis counts killed workers for minutes, and
so there may be more lanes than workers."""
IDLE_POLL_SECONDS = 0.008
COLLECTED_AFTER = (20_000, 20, 100)
"""Thresholds of Python's collector of cycles in a drain, which lives for seconds."""


class JobRefused(BatonError):
    """A name in the queue that is not in the table: nothing of ours put it there."""


def drain(lane: int, of: int) -> int:
    """Decide what waits in a lane until it was idle for a moment; returns how many events were decided.

    1. say that the drain is alive and take back the wake-up; 2. lock the lane's shards, leaving out those another
    drain holds; 3. decide batch after batch; 4. unlock; 5. look once more, since an event may have been committed
    between the last look and the unlocking, and wake the lane again if so.
    """
    _rarely_collect()
    _say_alive(lane, of)
    _tolerate(lambda: queues.client().delete(queues.wake_key(lane, of)), lane)
    evaluator = Evaluator(_time.clock)
    try:
        with ShardLocks(queues.shards_of(lane, of)) as held:
            decided = _drain_until_idle(evaluator, held, lane, of) if held else 0
        _tolerate(lambda: queues.client().delete(queues.drain_key(lane, of)), lane)
        if evaluator.waiting(held):
            _tolerate(lambda: queues.wake_lanes([lane], of), lane)
    finally:
        evaluator.close()
        close_store()
    return decided


def _rarely_collect() -> None:
    """Look for garbage cycles less often, and never among what was there before: a batch makes few and many objects."""
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


def _drain_until_idle(evaluator: Evaluator, shards: tuple[int, ...], lane: int, of: int) -> int:
    started = last_event = said = looked = time.monotonic()
    decided = 0
    while not _stop.requested:
        moment = time.monotonic()
        if moment - last_event > LINGER_SECONDS or moment - started > DRAIN_LIMIT_SECONDS:
            break
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
            queues.wake(evaluator.woken)
            evaluator.woken.clear()
        if count:
            last_event = time.monotonic()
        else:
            time.sleep(IDLE_POLL_SECONDS)
    return decided


def _others_wait(lane: int) -> bool:
    """Whether a lane waits for a worker to become free."""
    waiting: list[bool] = []
    _tolerate(lambda: waiting.append(queues.jobs_wait()), lane)
    return any(waiting)


def _say_alive(lane: int, of: int) -> None:
    _tolerate(lambda: queues.client().set(queues.drain_key(lane, of), "1", ex=queues.DRAIN_SECONDS), lane)


def _tolerate(tell: Callable[[], object], lane: int) -> None:
    """Tell Redis something; deciding goes on when it does not listen, and the scheduler wakes what waits."""
    try:
        tell()
    except redis.RedisError as error:
        log.warning("drain.unheard", lane=lane, reason=type(error).__name__)


JOBS: dict[str, Callable[..., Any]] = {"drain": drain, "simulate": simulator.simulate, "check_draft": checks.check}
"""Everything a worker will run, by the name that stands in Redis."""


class BatonJob(Job):
    """An RQ job that runs a function of `JOBS` or nothing."""

    @property
    def func(self) -> Callable[..., Any]:
        """The function of the table; raises JobRefused for any other name and for arguments that are not numbers."""
        if self.func_name not in JOBS:
            raise JobRefused(f"{self.func_name!r} is not a job of Baton: somebody else writes to this queue")
        if self.kwargs or not all(type(argument) is int for argument in self.args):
            raise JobRefused(f"job {self.func_name!r} takes whole numbers only")
        return JOBS[self.func_name]

    @property
    def success_callback(self) -> None:
        """None: call-backs are names in Redis too."""

    @property
    def failure_callback(self) -> None:
        """None: call-backs are names in Redis too."""

    @property
    def stopped_callback(self) -> None:
        """None: call-backs are names in Redis too."""


class BatonWorker(Worker):
    """A forking RQ worker whose children end with it and stop between two batches when asked to."""

    job_class = BatonJob

    def setup_work_horse_signals(self) -> None:
        """In the child: end with the worker; SIGTERM asks the drain to stop after the batch at hand."""
        die_with_parent(signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _stop.request)

    def handle_warm_shutdown_request(self) -> None:
        """Pass the request on to the child at work."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call] # RQ leaves it untyped
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)

    def handle_work_horse_killed(self, job: Job, _pid: int, ret_val: int, _usage: Any) -> None:
        """A child died at work: wake its lane at once; the batch it held is tried again in halves."""
        log.error("drain.killed", job=job.func_name, status=ret_val)
        if job.func_name == "drain" and len(job.args) == 2:
            lane, of = job.args
            _tolerate(lambda: queues.client().delete(queues.drain_key(lane, of)), lane)
            _tolerate(lambda: queues.wake_lanes([lane], of), lane)


class _Stop:
    """Whether this process was asked to stop."""

    requested = False

    def request(self, _signum: int, _frame: object) -> None:
        """Signal handler."""
        self.requested = True


_stop = _Stop()


class _Time:
    """What drains take for the time; forked children inherit it."""

    clock: WallClock = SystemClock()


_time = _Time()


def run_worker(redis_url: str, name: str, queue: str = queues.EVENTS, clock: WallClock | None = None) -> None:
    """Work until told to stop. Call it with `init_store` and `init_queue` done, in a process of its own.

    What every drain would load anew after its fork is loaded before. ``clock`` replaces the machine's in tests.
    """
    known_countries()
    _time.clock = clock or _time.clock
    make_worker(redis_url, name, queue).work(logging_level="WARNING")


def make_worker(redis_url: str, name: str, queue_name: str = queues.EVENTS) -> BatonWorker:
    """A worker of one queue, that of wake-ups or that of questions, that runs nothing but `JOBS`."""
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
