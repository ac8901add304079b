"""A worker runs only jobs of the table, and survives the death of the child process that runs them."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Callback, Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from engine.policy.draft_check import current, stored
from engine.store.policy.drafts import load_draft, save_draft
from tests.factories import column, hire, policy_document
from tests.present import event, put_in_force, take_in
from tests.workers.processes import WORKER, await_that, children, kill_work_horse, run_burst, running
from workers import queues
from workers.checks import ask_check
from workers.jobs import JOBS, BatonJob, JobRefused
from workers.simulator import SIMULATIONS

MARK = "BATON_TEST_MARK"


@pytest.fixture
def queue(redis_url: str) -> Queue:
    """The queue of wake-ups as anybody sees it who can write to Redis: with RQ's own classes."""
    queues.init_queue(redis_url)
    return Queue(queues.EVENTS, connection=redis.Redis.from_url(redis_url), serializer=JSONSerializer)


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that exists once something ran that must not run."""
    path = tmp_path / "mark"
    monkeypatch.setenv(MARK, str(path))
    return path


def leave_mark(*_arguments: Any) -> None:
    """What somebody would like to have called."""
    Path(os.environ[MARK]).touch()


def decided() -> int:
    """How many events are decided."""
    return int(column("SELECT count(*) FROM decision")[0])


def error_of(job: Job) -> str:
    """How a failed job ended."""
    result = job.latest_result()
    assert result is not None
    return result.exc_string or ""


def test_a_job_named_os_system_does_not_run(database: str, redis_url: str, queue: Queue, mark: Path) -> None:
    job = queue.enqueue_call("os.system", args=(f"touch {mark}",))
    run_burst(database, redis_url)
    assert not mark.exists()
    assert job.get_status(refresh=True) == "failed"
    assert "'os.system' is not a job of Baton" in error_of(job)


def test_call_backs_of_a_job_are_not_called(database: str, redis_url: str, queue: Queue, mark: Path) -> None:
    call = Callback(f"{__name__}.leave_mark")
    good = queue.enqueue_call("drain", args=(0, 1), on_success=call, on_failure=call, on_stopped=call)
    bad = queue.enqueue_call("drain", args=("text",), on_success=call, on_failure=call, on_stopped=call)
    run_burst(database, redis_url)
    assert (good.get_status(refresh=True), bad.get_status(refresh=True)) == ("finished", "failed")
    assert not mark.exists()


@pytest.mark.parametrize("arguments", [("0", "1"), (0, "__import__('os')"), (0.5, 1), (True, 1), ([0], 1), (None, 1)])
def test_arguments_that_are_no_whole_numbers_are_refused(queue: Queue, arguments: tuple[object, ...]) -> None:
    stored = queue.enqueue_call("drain", args=arguments)
    job = BatonJob.fetch(stored.id, connection=queue.connection, serializer=JSONSerializer)
    with pytest.raises(JobRefused, match="whole numbers"):
        _ = job.func


def test_named_arguments_are_refused(queue: Queue) -> None:
    stored = queue.enqueue_call("drain", args=(0,), kwargs={"of": 1})
    job = BatonJob.fetch(stored.id, connection=queue.connection, serializer=JSONSerializer)
    with pytest.raises(JobRefused, match="whole numbers"):
        _ = job.func


def test_the_jobs_of_the_table_run_in_a_forked_worker(database: str, redis_url: str, queue: Queue) -> None:
    assert {"drain", "simulate"} <= set(JOBS)
    put_in_force()
    hire("li@example.com")
    queues.wake(take_in(*(event(external_id=f"c{n}") for n in range(20))).lead_ids)
    run_burst(database, redis_url)
    assert decided() == 20


def test_the_draft_is_checked_by_the_worker_of_questions(database: str, redis_url: str, queue: Queue) -> None:
    save_draft(policy_document(), None, "marketing@example.com")
    revision = load_draft().revision
    assert ask_check(revision)
    assert ask_check(revision)
    questions = Queue(SIMULATIONS, connection=queue.connection, serializer=JSONSerializer)
    assert questions.count == 1
    run_burst(database, redis_url, SIMULATIONS)
    last = stored()
    assert last is not None
    assert last.of == current()
    assert ask_check(revision)
    assert questions.count == 1, "it may be asked for again once it is done"


def test_a_killed_work_horse_is_followed_by_another_at_once_and_everything_is_decided_once(
    database: str, redis_url: str, queue: Queue
) -> None:
    put_in_force()
    hire("li@example.com", "wang@example.com")
    for start in range(0, 3000, 500):
        take_in(*(event(external_id=f"c{n // 3}") for n in range(start, start + 500)))
    leads = column("SELECT DISTINCT lead_id FROM inbox")
    with running(WORKER, database, redis_url) as worker:
        queues.wake(leads)
        await_that(lambda: decided() > 0)
        killed = kill_work_horse(worker)
        seconds = await_that(lambda: set(children(worker.pid)) - {killed})
        assert seconds < 2, "no scheduler runs here: the worker itself wakes the lane"
        await_that(lambda: decided() == 3000)
    assert column("SELECT count(*) FROM inbox") == [0]
    assert column("SELECT sum(engagement) FROM lead") == [0]
    assert sorted(column("SELECT count(*) FROM lead GROUP BY owner")) == [500, 500]


def test_a_worker_stops_between_two_batches_when_asked_to(database: str, redis_url: str, queue: Queue) -> None:
    put_in_force()
    hire("li@example.com")
    for start in range(0, 4000, 500):
        take_in(*(event(external_id=f"c{n}") for n in range(start, start + 500)))
    leads = column("SELECT DISTINCT lead_id FROM inbox")
    with running(WORKER, database, redis_url) as worker:
        queues.wake(leads)
        await_that(lambda: decided() > 0)
        asked = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
        assert time.monotonic() - asked < 10
    assert 0 < decided() < 4000
    assert column("SELECT count(*) FROM inbox") == [4000 - decided()]
    assert column("SELECT count(*) FROM inbox WHERE attempts > 1") == [0]


def test_killing_a_worker_ends_its_child_too(database: str, redis_url: str, queue: Queue) -> None:
    put_in_force()
    take_in(*(event(external_id=f"c{n}") for n in range(500)))
    with running(WORKER, database, redis_url) as worker:
        queues.wake([1, 2, 3])
        await_that(lambda: decided() > 0)
        (horse,) = children(worker.pid)
        worker.kill()
        await_that(lambda: not Path(f"/proc/{horse}").exists() or "Z (zombie)" in _status(horse))


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "Z (zombie)"
