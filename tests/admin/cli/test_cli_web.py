"""The production web server as a process: it serves, stops when told, and leaves nothing when it is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from engine.settings import Settings
from tests.admin.pages import TOKEN
from tests.patience import PATIENCE


def eventually(check: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


@pytest.fixture
def web(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`baton web` as a process of its own, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    values = {
        "BATON_DATABASE_URL": str(settings.database_url),
        "BATON_REDIS_URL": str(settings.redis_url),
        "BATON_SECRET_KEY": str(settings.secret_key),
        "BATON_PORT": str(port),
    }
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-m", "admin.cli", "web"], env={**os.environ, **values}, cwd=root
    ) as process:
        try:
            assert eventually(lambda: answers(port))
            yield process, port
        finally:
            process.kill()


def test_the_web_process_stops_when_told(web: tuple[subprocess.Popen[bytes], int]) -> None:
    process, port = web
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert not answers(port)


def test_nothing_of_a_killed_web_process_is_left(web: tuple[subprocess.Popen[bytes], int]) -> None:
    process, port = web
    children = children_of(process.pid)
    assert len(children) >= 2
    process.kill()
    process.wait()
    assert eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert not answers(port)


def test_whoever_sends_too_much_still_hears_why(web: tuple[subprocess.Popen[bytes], int]) -> None:
    """An answer while the body is still coming would reset the connection: the body is read to its end first."""
    connection = HTTPConnection("127.0.0.1", web[1], timeout=PATIENCE)
    connection.request("POST", "/login", b"x" * 8_000_000, {"Content-Type": "multipart/form-data; boundary=x"})
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"at most 3 MiB" in answer.read()
    connection.close()


def test_the_web_server_believes_no_header_that_baton_does_not(web: tuple[subprocess.Popen[bytes], int]) -> None:
    """gunicorn by itself takes the scheme from peers on loopback. Over HTTPS a form without a referrer is refused."""
    connection = HTTPConnection("127.0.0.1", web[1], timeout=PATIENCE)
    connection.request("GET", "/login")
    page = connection.getresponse()
    cookie, token = page.headers["Set-Cookie"].partition(";")[0], TOKEN.search(page.read().decode())
    assert token
    form = urlencode({"csrf_token": token[1], "email": "li@example.com", "password": "not the password"})
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-Proto": "https"}
    connection.request("POST", "/login", form, headers)
    assert connection.getresponse().status == 200
    connection.close()
