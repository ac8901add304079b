"""Wake-ups: at most one waits per lane, events are decided without them, and a queue that is down blocks nothing."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from rq import Queue
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from engine.store.shards import SHARDS
from tests.factories import column, hire
from tests.present import event, now, put_in_force, take_in
from tests.workers.processes import REPOSITORY, await_that, run_burst
from workers import queues
from workers.scheduler import STUCK, wake_waiting

LONG = 2 * STUCK
"""After so much time nobody can be acting on a wake-up any more."""


@pytest.fixture
def lanes(redis_url: str) -> int:
    """A queue with two lanes."""
    queues.init_queue(redis_url)
    queues.set_lane_count(2)
    return 2


def waiting_jobs() -> list[tuple[int, int]]:
    """(lane, of) of the drains in the queue."""
    jobs = Queue(queues.EVENTS, connection=queues.client(), serializer=JSONSerializer).jobs
    return sorted(tuple(job.args) for job in jobs)


def test_every_shard_belongs_to_one_lane() -> None:
    for count in (1, 2, 3, 7, SHARDS):
        shards = [shard for lane in range(count) for shard in queues.shards_of(lane, count)]
        assert sorted(shards) == list(range(SHARDS))


def test_many_events_of_a_lane_make_one_wake_up(lanes: int) -> None:
    for _ in range(5):
        queues.wake([4, 6, 68])
    assert waiting_jobs() == [(0, 2)]
    queues.wake([5])
    assert waiting_jobs() == [(0, 2), (1, 2)]


def test_a_drain_that_is_alive_is_not_woken(lanes: int) -> None:
    queues.client().set(queues.drain_key(0, 2), "1", ex=5)
    queues.wake([2, 3])
    assert waiting_jobs() == [(1, 2)]


def test_there_is_one_lane_until_workers_were_counted_and_never_more_than_shards(redis_url: str) -> None:
    queues.init_queue(redis_url)
    assert queues.lane_count() == 1
    queues.set_lane_count(1000)
    assert queues.lane_count() == SHARDS


def test_waking_nobody_asks_nobody(tmp_path: Path) -> None:
    queues.init_queue(f"unix://{tmp_path}/gone.sock")
    with capture_logs() as told:
        queues.wake([])
        assert told == []
        queues.wake([1])
    assert [line["event"] for line in told] == ["wake_up.lost"], "whoever asks learns that nobody is there"


def test_a_process_that_was_told_of_no_queue_says_so() -> None:
    program = "from workers import queues; queues.client()"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "call init_queue(url) at its start" in done.stderr


def test_without_redis_events_are_accepted_fast_and_woken_later(database: str, redis_url: str, tmp_path: Path) -> None:
    put_in_force()
    hire("li@example.com")
    queues.init_queue(f"unix://{tmp_path}/gone.sock")
    started = time.monotonic()
    for number in range(20):
        queues.wake(take_in(event(external_id=f"c{number}")).lead_ids)
    assert time.monotonic() - started < 3
    queues.init_queue(redis_url)
    wake_waiting(now() + timedelta(seconds=1))
    run_burst(database, redis_url)
    assert column("SELECT count(*) FROM decision") == [20]


def test_a_wake_up_lost_with_redis_is_taken_back_and_sent_again(database: str, redis_url: str) -> None:
    put_in_force()
    take_in(event(external_id="c1"))
    queues.init_queue(redis_url)
    queues.client().set(queues.wake_key(0, 1), "1", ex=30)
    wake_waiting(now() + LONG)
    assert waiting_jobs() == [(0, 1)], "the event has been due for a long time"


def test_nothing_is_woken_before_the_first_policy(database: str, redis_url: str) -> None:
    take_in(event(external_id="c1"))
    queues.init_queue(redis_url)
    wake_waiting(now())
    assert waiting_jobs() == []
    put_in_force()
    wake_waiting(now())
    await_that(lambda: waiting_jobs() == [(0, 1)])
