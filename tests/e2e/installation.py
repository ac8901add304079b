"""A whole installation: `baton up` in its own folder, and the commands beside it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]
GLANCE = 0.05


class Installation:
    """One `baton up`, its log, and the commands that talk to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.log = folder / "up.log"
        self.environment = {
            **os.environ,
            "BATON_HOME": str(folder / "var"),
            "BATON_PORT": str(self.port),
            "BATON_WORKERS": "2",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run `baton up` and return once it says that it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                _command("up"), env=self.environment, cwd=REPOSITORY, stdout=log, stderr=log
            )
        self.await_ready()
        self.await_that(lambda: b"Baton is ready: " in self.log.read_bytes(), "it did not say that it is ready")

    def stop(self) -> None:
        """Ask it to stop and wait for its end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)

    def run(self, *arguments: str) -> str:
        """What a command prints; it must succeed."""
        done = subprocess.run(
            _command(*arguments), env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"baton {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that goes on while the test does other things."""
        return subprocess.Popen(
            _command(*arguments),
            env=self.environment,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def readyz(self) -> dict[str, Any] | None:
        """What /readyz answers now; None while nobody does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as refusal:
            return dict(json.load(refusal))
        except (OSError, ValueError):
            return None

    def await_ready(self) -> None:
        """Return once every part is up."""
        self.await_that(lambda: bool((self.readyz() or {}).get("ready")), "it did not become ready")

    def await_decided(self) -> None:
        """Return once nothing waits."""
        self.await_that(lambda: (self.readyz() or {}).get("waiting_events") == 0, "events still wait")

    def await_that(self, happened: Any, otherwise: str) -> None:
        """Look again and again until it happened; fail with the end of the log."""
        limit = time.monotonic() + PATIENCE
        while not happened():
            dead = self.process is not None and self.process.poll() is not None
            if dead or time.monotonic() > limit:
                raise AssertionError(f"{otherwise}:\n{self.log.read_text(errors='replace')[-3000:]}")
            threading.Event().wait(GLANCE)

    def processes(self) -> list[tuple[int, str]]:
        """(process, command line) of everything below `baton up`."""
        assert self.process is not None
        return list(_below(self.process.pid))

    def one_of(self, *words: str) -> int:
        """The first process of ours whose command line has these words."""
        found = [pid for pid, line in self.processes() if all(word in line for word in words)]
        assert found, f"no process with {words} among {self.processes()}"
        return found[0]


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """A running Baton in a folder, stopped at the end."""
    baton = Installation(folder)
    try:
        baton.start()
        yield baton
    finally:
        baton.stop()


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "admin.cli", *arguments]


def _below(pid: int) -> Iterator[tuple[int, str]]:
    try:
        tasks = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return
    for child in map(int, " ".join(tasks).split()):
        try:
            yield child, Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        yield from _below(child)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
