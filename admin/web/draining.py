"""Reads and discards the rest of a refused body, so that the sender gets the answer.

A server that closes while the client still sends resets the connection. A browser then shows a network error, and a
proxy 502, instead of the answer.
"""

from flask import request

DRAINED = 32 * 1024 * 1024
"""Most bytes to discard. The sender of a larger body gets a reset, which limits what an attacker can make us read."""
CHUNK = 64 * 1024


def drain() -> None:
    """Discard the rest of this request's body, if the server marks its end (gunicorn does). Else a read may block."""
    if "wsgi.input_terminated" not in request.environ:
        return
    body, left = request.environ["wsgi.input"], DRAINED
    while left > 0 and (chunk := body.read(CHUNK)):
        left -= len(chunk)
