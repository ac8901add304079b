"""Wake-ups tell a worker that leads have waiting events. The events stay in PostgreSQL (docs/contract/design.md §3).

Leads are spread over shards. A *lane* is the set of shards of one drain job; there are about as many lanes as workers.
Nothing depends on a wake-up: it is sent after the commit, not repeated while one waits or a drain is alive, and dropped
while Redis is down. The scheduler repeats lost ones. Knows jobs by name only.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from engine.errors import ServerUnavailable
from engine.store.shards import SHARDS

log = structlog.get_logger(__name__)

EVENTS = "events"
"""The RQ queue of wake-ups."""

LANES_KEY = "baton:lanes"
WAKE_SECONDS = 30
"""Lifetime of a wake-up. Afterwards it may be sent again."""
DRAIN_SECONDS = 5
"""Lifetime of a drain's alive key. The drain renews it more often."""
LANES_FRESH_SECONDS = 2.0
"""How long the number of lanes is cached."""
REDIS_PAUSE_SECONDS = 1.0
"""After an error of Redis, wake-ups are skipped for this long, so that accepting events stays fast."""
JOB_SECONDS = 300
"""RQ kills a job after this time: far longer than a drain or a simulation may take."""


@dataclass(slots=True)
class _Waker:
    """The Redis connection of this process, and its cached number of lanes and outages."""

    url: str | None = None
    client: "redis.Redis | None" = None
    lanes: int = 1
    lanes_known_at: float = field(default=-1e9)
    silent_until: float = field(default=-1e9)


_waker = _Waker()


def init_queue(url: str) -> None:
    """Set the Redis of this process. Connects to nothing yet."""
    _waker.url, _waker.client = url, None
    _waker.lanes_known_at = _waker.silent_until = -1e9


def connect_redis(url: str, *, patient: bool = False) -> "redis.Redis":
    """A client that fails fast (web), or one that can wait for blocking commands (``patient``: workers)."""
    if patient:
        return redis.Redis.from_url(url, socket_connect_timeout=5, health_check_interval=30)
    # No retries: intake must answer its caller, and the scheduler repeats wake-ups.
    return redis.Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.5, retry=Retry(NoBackoff(), 0))


def client() -> "redis.Redis":
    """The fast-failing client of this process. Raises ServerUnavailable unless `init_queue` was called."""
    if _waker.url is None:
        raise ServerUnavailable("no queue was named for this process: call init_queue(url) at its start")
    if _waker.client is None:
        _waker.client = connect_redis(_waker.url)
    return _waker.client


def patient_client(wait: float) -> "redis.Redis":
    """A separate client that may wait this many seconds for an answer. Close it. Raises as `client` does."""
    if _waker.url is None:
        raise ServerUnavailable("no queue was named for this process: call init_queue(url) at its start")
    # Longer than the blocking command: the server's answer should arrive before the socket times out.
    return redis.Redis.from_url(_waker.url, socket_connect_timeout=0.2, socket_timeout=wait + 5)


def wake(lead_ids: Iterable[int]) -> None:
    """Wake the lanes of these leads. Call it after the commit. Does not raise while Redis is down."""
    shards = {lead_id % SHARDS for lead_id in lead_ids}
    if not shards or time.monotonic() < _waker.silent_until:
        return
    try:
        lanes = lane_count()
        wake_lanes({shard % lanes for shard in shards}, lanes)
    except redis.RedisError as error:
        _waker.silent_until = time.monotonic() + REDIS_PAUSE_SECONDS
        log.warning("wake_up.lost", reason=type(error).__name__, mended_by="the scheduler wakes waiting leads")


def wake_lanes(lanes: Iterable[int], of: int) -> None:
    """Enqueue one drain per lane unless one waits or is alive. Raises RedisError if Redis does not answer."""
    for lane in sorted(lanes):
        if client().exists(drain_key(lane, of)):
            continue
        # `nx`: of parallel requests one enqueues the drain.
        if client().set(wake_key(lane, of), "1", nx=True, ex=WAKE_SECONDS):
            enqueue(EVENTS, "drain", lane, of)


def jobs_wait() -> bool:
    """Whether a drain waits for a worker. Raises RedisError if Redis does not answer."""
    return Queue(EVENTS, connection=client(), serializer=JSONSerializer).count > 0


def enqueue(queue: str, job: str, *arguments: int) -> None:
    """Put a job of the closed table (`workers.jobs.JOBS`) on a queue. Arguments are numbers only."""
    Queue(queue, connection=client(), serializer=JSONSerializer).enqueue_call(
        job, args=arguments, timeout=JOB_SECONDS, result_ttl=0, failure_ttl=86_400, description=job
    )


def lane_count() -> int:
    """The current number of lanes: the number of workers that the scheduler last counted."""
    if time.monotonic() - _waker.lanes_known_at > LANES_FRESH_SECONDS:
        known = client().get(LANES_KEY)
        _waker.lanes = int(known) if isinstance(known, bytes) and known.isdigit() else 1
        _waker.lanes_known_at = time.monotonic()
    # More lanes than shards would have nothing to do.
    return max(1, min(_waker.lanes, SHARDS))


def set_lane_count(workers: int) -> None:
    """Set the number of lanes. Drains of another count end by themselves; the locks of shards keep the order."""
    client().set(LANES_KEY, str(max(1, min(workers, SHARDS))))
    _waker.lanes_known_at = -1e9


def wake_key(lane: int, of: int) -> str:
    """Set while a wake-up of this lane waits in the queue."""
    return f"baton:wake:{lane}:{of}"


def drain_key(lane: int, of: int) -> str:
    """Set while a drain of this lane is alive. It will see everything committed before its last look."""
    return f"baton:drain:{lane}:{of}"


def shards_of(lane: int, of: int) -> tuple[int, ...]:
    """The shards of a lane."""
    return tuple(range(lane, SHARDS, of))
