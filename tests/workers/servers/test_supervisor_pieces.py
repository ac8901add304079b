"""The pieces under `baton up`: waiting for answers, and dying with the parent."""

import os
import select
import signal
import subprocess
import sys

import pytest

from engine.errors import ServerUnavailable
from engine.settings import Settings, load_settings
from tests.patience import PATIENCE
from tests.workers.servers import launching
from workers.servers import embedded
from workers.servers.lifeline import die_with_parent
from workers.servers.server_readiness import check_servers
from workers.servers.web_readiness import await_answer, check_ready

PARENT = """
import os, signal, sys
from workers.servers.lifeline import die_with_parent
parent = os.getpid()
child = os.fork()
if child == 0:
    die_with_parent(signal.SIGKILL, parent)
    signal.pause()
print(child, flush=True)
signal.pause()
"""


def test_a_child_dies_with_its_parent_however_that_ends() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=launching.REPOSITORY
    )
    assert parent.stdout
    child = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    assert select.select([child], [], [], PATIENCE)[0]
    os.close(child)


def test_a_child_whose_parent_is_already_gone_ends_at_once() -> None:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with_parent(signal.SIGTERM, parent=1 if os.getppid() != 1 else 2)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM


def test_waiting_ends_when_the_answer_comes() -> None:
    answers = iter([ServerUnavailable("not yet"), ServerUnavailable("not yet"), None])

    def check() -> None:
        answer = next(answers)
        if answer is not None:
            raise answer

    await_answer(check, pytest.fail)
    assert list(answers) == []


def test_waiting_is_not_for_errors_that_waiting_cannot_mend() -> None:
    with pytest.raises(ValueError, match="no http address"):
        await_answer(lambda: check_ready("file:///etc/passwd"), pytest.fail)


def test_a_web_process_that_is_not_there_is_said_to_be_unavailable() -> None:
    with pytest.raises(ServerUnavailable, match="does not answer"):
        check_ready("http://127.0.0.1:1/readyz")


def test_running_servers_are_seen_whether_embedded_or_outside(servers: Settings) -> None:
    check_servers(servers)
    urls = {"BATON_DATABASE_URL": embedded.database_url(servers), "BATON_REDIS_URL": embedded.redis_url(servers)}
    check_servers(load_settings(urls))
    with pytest.raises(ServerUnavailable, match="BATON_REDIS_URL"):
        check_servers(load_settings({**urls, "BATON_REDIS_URL": "redis://127.0.0.1:1/0"}))
