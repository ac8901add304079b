"""Request bodies: read as they stream in, unpacked as they are read, given up as soon as they are too large.

May not look inside: JSON is `admin.intake.json_text`'s.
"""

import sys
import zlib

from flask import g, request

from admin.web.draining import CHUNK, DRAINED
from admin.web.problems import Problem

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a body after unpacking."""
UTF_8 = frozenset({"utf-8", "utf8"})
JSON_TYPES = frozenset({"application/json", "text/json"})
BEACON_TYPES = frozenset({"text/plain", "application/x-www-form-urlencoded", ""})
"""What browsers declare when they may not say JSON (`sendBeacon`), or say nothing."""


def read_body() -> bytes:
    """The whole unpacked body of this request, read once; raises Problem (400, 413, 415)."""
    if "body" not in g:
        g.body = _read()
    body: bytes = g.body
    return body


def check_media_type(*, beacons: bool) -> None:
    """Raise Problem (415) unless the body is declared as JSON, or in a way browsers cannot help."""
    declared = request.mimetype
    if declared in JSON_TYPES or declared.endswith("+json") or (beacons and declared in BEACON_TYPES):
        return
    raise Problem("wrong_media_type", f"Content-Type is {declared or 'missing'}: send application/json.")


def _read() -> bytes:
    _check_charset()
    request.max_content_length = sys.maxsize  # measured here, as it is unpacked; None would mean the pages' limit
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise Problem("wrong_media_type", f"Content-Encoding {encoding} is unknown: send gzip, deflate, or none.")
    if encoding in {"", "identity"} and (request.content_length or 0) > MAX_BODY:
        raise _too_large()
    parts, size = [], 0
    unpack = None if encoding in {"", "identity"} else _Unpacking(encoding)
    while chunk := request.stream.read(CHUNK):
        piece = chunk if unpack is None else unpack.take(chunk, MAX_BODY - size + 1)
        size += len(piece)
        if size > MAX_BODY:
            raise _too_large()
        parts.append(piece)
    if unpack is not None and not unpack.finished:
        raise Problem("bad_encoding", f"The {encoding} body ends too early: send all of it.")
    return b"".join(parts)


def _check_charset() -> None:
    """Raise Problem (415) for a body declared in another encoding: its bytes would be read as other characters."""
    declared = request.mimetype_params.get("charset", "utf-8").strip("\"' ")
    if declared.lower().replace("_", "-") not in UTF_8:
        raise Problem("wrong_media_type", f"Content-Type says charset={declared[:40]}: send UTF-8.")


class _Unpacking:
    """A stream being unpacked, never further than it is allowed to grow."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.machine = zlib.decompressobj(zlib.MAX_WBITS | 32 if encoding != "deflate" else zlib.MAX_WBITS)

    @property
    def finished(self) -> bool:
        return self.machine.eof

    def take(self, chunk: bytes, limit: int) -> bytes:
        """What one more piece unpacks to, at most ``limit`` bytes of it."""
        try:
            return self.machine.decompress(chunk, limit)
        except zlib.error:
            raise Problem("bad_encoding", f"The body is not {self.encoding}, as Content-Encoding says.") from None


def _too_large() -> Problem:
    drained = 0
    while drained < DRAINED and (chunk := request.stream.read(CHUNK)):
        drained += len(chunk)
    return Problem(
        "body_too_large",
        f"The body is larger than {MAX_BODY // 1024 // 1024} MiB after unpacking: send smaller lists.",
        limit=MAX_BODY,
    )
