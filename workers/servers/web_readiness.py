"""Wait until the web process is ready, then exit with 0: ``python -m workers.servers.web_readiness URL``.

Later steps of `baton up` start when the wait has ended. Reads only. Imports little, because it runs while everything
else is starting.
"""

import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from engine.errors import ServerUnavailable

POLL = 0.1
SAY_EVERY = 10.0
"""Seconds between two checks, and between two messages about what is missing."""


def await_answer(check: Callable[[], None], say: Callable[[str], object]) -> None:
    """Return once ``check`` stops raising ServerUnavailable. Until then report the reason every few seconds."""
    said = time.monotonic()
    while True:
        try:
            return check()
        except ServerUnavailable as error:
            if time.monotonic() - said >= SAY_EVERY:
                said = time.monotonic()
                say(f"still waiting: {error}")
        time.sleep(POLL)


def check_ready(url: str) -> None:
    """Raise ServerUnavailable unless ``url`` answers 200. Uses no proxy: the URL is on this machine."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"{url!r} is no http address")
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5) as response:
            status, said = response.status, ""
    except HTTPError as error:
        status, said = error.code, error.read(500).decode(errors="replace")
        error.close()
    except OSError as error:
        raise ServerUnavailable(f"{url} does not answer ({error})") from error
    if status != HTTPStatus.OK:
        raise ServerUnavailable(f"{url} answers {status} {said}".strip())


def say(sentence: str) -> None:
    """Write one line of the log."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def main(url: str) -> int:
    """Wait until ``url`` answers 200."""
    await_answer(lambda: check_ready(url), say)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
