"""Reading and throwing away what is left of a refused body, so that its sender hears why.

A server that answers and closes while the sender is still sending resets the connection: a browser then shows a
network error, and a proxy 502, instead of the answer.
"""

from flask import request

DRAINED = 32 * 1024 * 1024
"""Bytes that are thrown away at most; a larger body loses its answer."""
CHUNK = 64 * 1024


def drain() -> None:
    """Read this request's body to its end, where the web server says that it knows the end (gunicorn does)."""
    if "wsgi.input_terminated" not in request.environ:
        return
    body, left = request.environ["wsgi.input"], DRAINED
    while left > 0 and (chunk := body.read(CHUNK)):
        left -= len(chunk)
