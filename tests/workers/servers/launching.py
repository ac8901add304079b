"""Shared by the tests of the launcher: other users of this machine, servers started by hand, and stopping them."""

import fcntl
import os
import pickle
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from engine.errors import ServerUnavailable
from engine.settings import Settings, load_settings
from tests.patience import PATIENCE
from workers.servers import embedded, programs
from workers.servers.folders import lock_owner

T = TypeVar("T")
ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).resolve().parents[3]
HOLD_SERVERS = """
import signal, sys
from engine.settings import load_settings
from workers.servers.embedded import embedded_servers
with embedded_servers(load_settings({"BATON_HOME": sys.argv[1]})):
    print("up", flush=True)
    signal.pause()
"""


def settings_of(home: Path) -> Settings:
    """Settings with embedded servers under ``home`` and nothing else set."""
    return load_settings({"BATON_HOME": str(home)})


def answering(settings: Settings) -> bool:
    """Whether both servers answer at this moment."""
    try:
        embedded.require_servers(settings)
    except ServerUnavailable:
        return False
    return True


def start_holder(home: Path) -> subprocess.Popen[str]:
    """A process that runs both servers until it is killed; returns when they are up."""
    command = [sys.executable, "-c", HOLD_SERVERS, str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    return process


def server_pids(home: Path) -> list[int]:
    """Process ids of the two servers that run on ``home``."""
    return [owner for kind in ("postgres", "valkey") if (owner := lock_owner(home, kind))]


def await_nothing_left(home: Path, kinds: Sequence[str] = ("postgres", "valkey")) -> None:
    """Return once no process of these servers is alive: until then one of them holds the lock."""
    for kind in kinds:
        with (home / f"{kind}.lock").open() as handle, _limited(f"a process of {kind} is still alive"):
            fcntl.flock(handle, fcntl.LOCK_SH)


@contextmanager
def _limited(reason: str) -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise TimeoutError(reason)

    former = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(int(PATIENCE))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)


def other_user(name: str = "nobody") -> pwd.struct_passwd:
    """Another user of this machine; oneself where one is not root and can become nobody else."""
    return pwd.getpwnam(name) if ROOT else pwd.getpwuid(os.geteuid())


def as_user(uid: int, work: Callable[[], T]) -> T:
    """What ``work`` returns when run by that user, in a forked child; an exception is raised here."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _report(writing, uid, work)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        succeeded, result = pickle.load(stream)  # noqa: S301 - written by our own child
    os.waitpid(child, 0)
    if not succeeded:
        raise result
    return result  # type: ignore[no-any-return]


def _report(writing: int, uid: int, work: Callable[[], object]) -> None:
    try:
        _become(uid)
        outcome = pickle.dumps((True, work()))
    except Exception as error:  # noqa: BLE001 - handed over to the parent, which raises it
        outcome = pickle.dumps((False, error))
    os.write(writing, outcome)
    os._exit(0)


def spawn_server_as(uid: int, kind: str, home: Path) -> int:
    """Become that user in a forked child, and then the server; returns the process id."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _become(uid)
        os._exit(programs.main(["--home", str(home), "--parent", str(parent), kind]))
    return child


def _become(uid: int) -> None:
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(pwd.getpwuid(uid).pw_gid if uid < 50_000 else uid)
        os.setuid(uid)


def await_answer_as(uid: int, settings: Settings, kind: str) -> None:
    """Return once the server answers that user."""
    as_user(uid, lambda: embedded.await_answering(kind, settings))
