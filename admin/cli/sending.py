"""The client of `POST /v1/events`: sends events in lists and retries while the server is away.

A repeated event has no effect (once per source and id), so every retry is safe. May not touch the database.
"""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from engine.errors import BatonError, ServerUnavailable

LIST_ITEMS = 200
LIST_BYTES = 1024 * 1024
"""A list ends at either limit: well below those of the server, so that an interruption repeats little."""
MAX_LINE = 2 * 1024 * 1024 - 2
"""The server's limit of a body, less the brackets of the list."""
TIMEOUT = 60
"""Seconds for one request; as long as the server gives it."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds between two attempts. The pause doubles from the first to the longest."""


class SendingRefused(BatonError):
    """The server refuses every event of this sender; the message says why."""


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A rejected line: its number in the file, a code and a message."""

    line: int
    code: str
    message: str


@dataclass(slots=True)
class SendingSummary:
    """The counts of everything that was sent, and the rejected lines."""

    accepted: int = 0
    duplicates: int = 0
    refusals: list[RejectedLine] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The summary for programs."""
        refused = [{"line": r.line, "code": r.code, "message": r.message} for r in self.refusals]
        return {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": refused}


@dataclass(frozen=True, slots=True)
class FileLine:
    """One event as it stands in the file."""

    number: int
    text: bytes


def lists_of(
    lines: Iterable[bytes], refuse: Callable[[RejectedLine], None], items: int = LIST_ITEMS
) -> Iterator[list[FileLine]]:
    """Group lines into lists. A line that is not JSON is rejected here: it would make its whole list unreadable."""
    waiting: list[FileLine] = []
    size = 0
    for number, raw in enumerate(lines, start=1):
        text = raw.strip().removeprefix(b"\xef\xbb\xbf")
        if not text:
            continue
        wrong = _why_unsendable(text)
        if wrong is not None:
            refuse(RejectedLine(number, *wrong))
            continue
        if waiting and (len(waiting) == items or size + len(text) > LIST_BYTES):
            yield waiting
            waiting, size = [], 0
        waiting.append(FileLine(number, text))
        size += len(text) + 1
    if waiting:
        yield waiting


def _why_unsendable(text: bytes) -> tuple[str, str] | None:
    if len(text) > MAX_LINE:
        return "body_too_large", f"the line has {len(text)} bytes: {MAX_LINE} at most"
    try:
        json.loads(text)
    except RecursionError:
        return "nested_too_deeply", "the line is nested too deeply"
    except ValueError as error:
        return "malformed_json", f"the line is not JSON ({error})"
    return None


class EventSender:
    """A connection to one Baton with one key. ``patience``: seconds to retry while the server is away."""

    def __init__(self, url: str, key: str, patience: float = 120.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SendingRefused(f"{url!r} is no address of a Baton: give http://host:port")
        self._base = parts.path.rstrip("/")
        self._make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._address = (parts.hostname, parts.port)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._patience = patience
        self._connection: http.client.HTTPConnection | None = None

    def send(self, lines: list[FileLine], summary: SendingSummary) -> None:
        """Send a list, retry until the server answers, and add the result to ``summary``."""
        body = b"[" + b",".join(line.text for line in lines) + b"]"
        status, answer = self._until_answered(body)
        if "rejected" not in answer:
            raise SendingRefused(f"the server answered {status}: {answer.get('detail', answer)}")
        summary.accepted += answer["accepted"]
        summary.duplicates += answer["duplicates"]
        for item in answer["rejected"]:
            summary.refusals.append(RejectedLine(lines[item["index"]].number, item["code"], item["message"]))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _until_answered(self, body: bytes) -> tuple[int, dict[str, Any]]:
        until, pause = time.monotonic() + self._patience, FIRST_PAUSE
        while True:
            try:
                status, text = self._post(body)
                # these say that the server, or a proxy before it, is busy or away: the same request may work later
                if status not in {429, 502, 503, 504}:
                    return status, json.loads(text)
                reason = f"it answers {status}"
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()  # a broken connection cannot be reused
                reason = f"{type(error).__name__}: {error}"
            if time.monotonic() + pause > until:
                raise ServerUnavailable(f"{self._address[0]} does not take events ({reason}); run the same again later")
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = self._make(*self._address, timeout=TIMEOUT)
            self._connection.connect()
            # head and body are two writes: Nagle's algorithm would hold the second back
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.request("POST", f"{self._base}/v1/events", body, self._headers)
        response = self._connection.getresponse()
        return response.status, response.read()
