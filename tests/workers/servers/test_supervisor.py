"""`baton up` from outside: a real process with real servers that is queried, killed and restarted."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings import Settings, load_settings
from tests.patience import PATIENCE
from tests.workers.servers import launching
from workers.servers import embedded
from workers.servers.folders import run_folder
from workers.servers.supervised import LONGEST_PAUSE, pause_after
from workers.servers.supervisor import ready_url


class Up:
    """A running toy `baton up` and what it has said so far."""

    def __init__(self, cast: str, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.servers.toy_up", cast],
            env={**os.environ, **environment},
            cwd=launching.REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []

    def expect(self, pattern: str) -> re.Match[str]:
        """Read on until a line matches; fails with everything said when the process ends or patience does."""
        stream, watchdog = self.process.stdout, threading.Timer(PATIENCE, self.process.kill)
        assert stream
        watchdog.start()
        try:
            for line in stream:
                self.said.append(line)
                if found := re.search(pattern, line):
                    return found
        finally:
            watchdog.cancel()
        raise AssertionError(f"{pattern!r} was never said:\n{''.join(self.said)}")

    def expect_ready(self) -> None:
        """Return once it is ready, also when that was said long ago."""
        if not any(line.startswith("READY") for line in self.said):
            self.expect("^READY")

    def expect_pid(self, name: str) -> int:
        """The process id that a program says when it starts."""
        return int(self.expect(rf"^{name} *\| pid (\d+)")[1])

    def pid_of(self, name: str) -> int:
        """The process id that a program has said or will say: programs that start together speak in any order."""
        pattern = rf"^{name} *\| pid (\d+)"
        found = next((said for line in self.said if (said := re.search(pattern, line))), None)
        return int((found or self.expect(pattern))[1])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Exit code, and seconds until the process had ended."""
        begun = time.monotonic()
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=PATIENCE)
        self.said.append(said)
        return self.process.returncode, time.monotonic() - begun


@contextmanager
def running(cast: str, environment: dict[str, str]) -> Iterator[Up]:
    up = Up(cast, environment)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.stop()
        if up.process.stdout:
            up.process.stdout.close()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path, port: int) -> dict[str, str]:
    """Embedded servers in a fresh home."""
    return {"BATON_HOME": str(tmp_path / "var"), "BATON_PORT": str(port), "BATON_HOST": "127.0.0.1"}


@pytest.fixture
def beside(servers: Settings, environment: dict[str, str]) -> dict[str, str]:
    """The servers of the test run as outside ones: only programs are supervised."""
    return {
        **environment,
        "BATON_DATABASE_URL": embedded.database_url(servers),
        "BATON_REDIS_URL": embedded.redis_url(servers),
    }


def position(up: Up, pattern: str) -> int:
    found = re.search(pattern, "".join(up.said), re.MULTILINE)
    assert found, f"{pattern!r} was never said:\n{''.join(up.said)}"
    return found.start()


def test_everything_starts_in_order_comes_back_when_killed_and_stops_in_order(environment: dict[str, str]) -> None:
    home = Path(environment["BATON_HOME"])
    settings = load_settings(environment)
    with running("whole", environment) as up:
        up.expect("migrated")
        web = up.expect_pid("web")
        up.expect_ready()
        up.expect("demonstrated")
        assert (
            position(up, r"^postgres .*ready to accept") < position(up, r"^migrate .*migrated") < position(up, r"^web ")
        )
        second = subprocess.run(
            [sys.executable, "-m", "tests.workers.servers.toy_up", "whole"],
            env={**os.environ, **environment},
            cwd=launching.REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert f"already running on {home} (process {up.process.pid})" in second.stdout
        for name, pid in zip(("postgres", "valkey"), launching.server_pids(home), strict=True):
            os.kill(pid, signal.SIGKILL)
            up.expect(rf"{name} ended \(terminated by SIGKILL\); starting it again in 0\.[24] s")
            embedded.await_answering(name, settings)
        os.kill(web, signal.SIGKILL)
        assert up.expect_pid("web") != web
        assert up.stop()[0] == 0
        assert position(up, r"^web +\| stopped") < position(up, r"^postgres .*received fast shutdown")
        assert position(up, r"^worker-2 +\| stopped") < position(up, r"^postgres .*received fast shutdown")
        assert position(up, r"^postgres .*database system is shut down")
    launching.await_nothing_left(home)
    assert list(run_folder(home).iterdir()) == []


def test_after_kill_9_nothing_is_left_and_the_next_start_recovers(environment: dict[str, str]) -> None:
    home = Path(environment["BATON_HOME"])
    with running("whole", environment) as up:
        web, worker = up.expect_pid("web"), up.pid_of("worker-2")
        up.expect_ready()
        programs = [os.pidfd_open(pid) for pid in (web, worker)]
        up.stop(signal.SIGKILL)
        for program in programs:
            assert select.select([program], [], [], PATIENCE)[0], "a program outlived its supervisor"
            os.close(program)
    launching.await_nothing_left(home)
    assert list(run_folder(home).iterdir()) == []
    with running("whole", environment) as again:
        again.expect_ready()
        assert again.stop(signal.SIGINT)[0] == 0


def test_a_program_that_does_not_stop_is_asked_again_and_then_killed(beside: dict[str, str]) -> None:
    with running("stuck", beside) as up:
        up.expect_ready()
        code, seconds = up.stop()
        assert code == 0
        assert "asked twice" in up.said[-1]
        assert seconds < 10


def test_a_failing_program_is_tried_again_with_growing_pauses_and_disturbs_nobody(beside: dict[str, str]) -> None:
    with running("quarrel", beside) as up:
        pauses = [
            float(up.expect(r"failing ended \(exit status 3\); starting it again in ([\d.]+) s")[1]) for _ in range(3)
        ]
        assert pauses == [0.4, 0.8, 1.6]
        assert f"{'failing':<11} | no good; # 50% 'quoted'\n" in up.said
        up.expect_ready()
        assert up.stop()[0] == 0


@given(st.integers(min_value=0, max_value=10**9))
def test_a_pause_never_grows_beyond_the_longest_and_never_shrinks(failures: int) -> None:
    assert 0 < pause_after(failures) <= pause_after(failures + 1) <= LONGEST_PAUSE


def test_a_taken_port_is_named_before_anything_starts(environment: dict[str, str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(environment["BATON_PORT"])))
        holder.listen()
        with running("whole", environment) as up:
            up.expect(
                rf"cannot listen on 127.0.0.1 port {environment['BATON_PORT']} \(Address already in use\).*BATON_PORT"
            )
            assert up.process.wait() == 1
    assert launching.server_pids(Path(environment["BATON_HOME"])) == []


def test_a_home_that_cannot_be_used_is_named_before_anything_starts(environment: dict[str, str]) -> None:
    Path(environment["BATON_HOME"]).write_text("a file")
    with running("whole", environment) as up:
        up.expect("is no folder; remove it")
        assert up.process.wait() == 1


def test_ready_is_asked_on_this_machine_whatever_the_web_listens_on() -> None:
    hosts = {
        "127.0.0.1": "127.0.0.1",
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - a setting, not a socket
        "::": "[::1]",
        "::1": "[::1]",
        "example.org": "example.org",
    }
    for host, asked in hosts.items():
        assert ready_url(load_settings({"BATON_HOST": host, "BATON_PORT": "8000"})) == f"http://{asked}:8000/readyz"
