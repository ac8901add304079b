"""Request bodies: streamed, unpacked while they are read, refused as soon as they are too large.

May not parse them: `admin.intake.json_text` reads JSON.
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
"""Content types of `sendBeacon`, which cannot send `application/json`. An empty one counts, too."""


def read_body() -> bytes:
    """The whole unpacked body of this request, read once; raises Problem (400, 413, 415)."""
    if "body" not in g:
        g.body = _read()
    body: bytes = g.body
    return body


def check_media_type(*, beacons: bool) -> None:
    """Raise Problem (415) unless the body is declared as JSON, or, with ``beacons``, as a type of `sendBeacon`."""
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
        # one byte more than allowed is enough to see that the body is too large
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
    """Unpacks a stream piece by piece, so that a small body cannot fill the memory (zip bomb)."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        # 32 detects gzip and zlib headers; HTTP's deflate is zlib
        self.machine = zlib.decompressobj(zlib.MAX_WBITS | 32 if encoding != "deflate" else zlib.MAX_WBITS)

    @property
    def finished(self) -> bool:
        return self.machine.eof

    def take(self, chunk: bytes, limit: int) -> bytes:
        """Unpack one more piece; returns at most ``limit`` bytes."""
        try:
            return self.machine.decompress(chunk, limit)
        except zlib.error:
            raise Problem("bad_encoding", f"The body is not {self.encoding}, as Content-Encoding says.") from None


def _too_large() -> Problem:
    drained = 0  # the rest is read, so that the sender gets the answer instead of a reset (`admin.web.draining`)
    while drained < DRAINED and (chunk := request.stream.read(CHUNK)):
        drained += len(chunk)
    return Problem(
        "body_too_large",
        f"The body is larger than {MAX_BODY // 1024 // 1024} MiB after unpacking: send smaller lists.",
        limit=MAX_BODY,
    )
