"""Workers and schedulers as processes, for tests that kill, stop and restart them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.patience import PATIENCE
from workers.queues import EVENTS

REPOSITORY = Path(__file__).resolve().parents[2]
READY = """
import sys
from engine.store.session import init_store
from workers import jobs, queues, scheduler
database, queue = sys.argv[1:3]
init_store(database)
queues.init_queue(queue)
"""
WORKER = f"{READY}\njobs.run_worker(queue, sys.argv[3])"
BURST = f"{READY}\njobs.make_worker(queue, 'burst', sys.argv[3]).work(burst=True, logging_level='WARNING')"
SCHEDULER = f"{READY}\nscheduler.run_scheduler()"
MOVED = f"{READY}\nfrom tests.workers.moved_clock import MovedClock\nclock = MovedClock(sys.argv[3])"
MOVED_WORKER = f"{MOVED}\njobs.run_worker(queue, 'moved', clock=clock)"
MOVED_SCHEDULER = f"{MOVED}\nscheduler.run_scheduler(clock)"
"""The same by a clock that a test moves; the third argument is the clock's file."""


@contextmanager
def running(program: str, database: str, redis_url: str, name: str = "one") -> Iterator[subprocess.Popen[bytes]]:
    """A process of `WORKER` or `SCHEDULER`, ended at the end of the block if it is still there."""
    process = subprocess.Popen([sys.executable, "-c", program, database, redis_url, name], cwd=REPOSITORY)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def run_burst(database: str, redis_url: str, queue: str = EVENTS) -> None:
    """Let a real forking worker do all jobs of a queue, and end."""
    command = [sys.executable, "-c", BURST, database, redis_url, queue]
    assert subprocess.run(command, cwd=REPOSITORY, timeout=PATIENCE, check=False).returncode == 0


def children(pid: int) -> list[int]:
    """Processes that a process has started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def await_that(happens: Callable[[], object], seconds: float = PATIENCE) -> float:
    """Look until something is true; returns how many seconds that took, and fails after ``seconds``."""
    started = time.monotonic()
    while not happens():
        assert time.monotonic() - started < seconds, f"did not happen within {seconds} seconds"
        time.sleep(0.02)
    return time.monotonic() - started


def kill_work_horse(worker: subprocess.Popen[bytes]) -> int:
    """Kill -9 the child in which a worker runs its job; returns its process id."""
    await_that(lambda: children(worker.pid))
    (horse,) = children(worker.pid)
    os.kill(horse, signal.SIGKILL)
    return horse
