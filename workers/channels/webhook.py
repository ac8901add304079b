"""Outgoing webhooks: one signed POST to one address within ten seconds, without redirects and without private
addresses.

Signed by the Standard Webhooks scheme. The host name is resolved once, its addresses are checked, and exactly those are
connected to, so that a second lookup cannot return another address.
"""

import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from engine.store.outbox.deliveries import Taken
from workers.channels.public_addresses import is_public
from workers.channels.time_limit import cut_off_after
from workers.channels.undelivered import Undelivered

PATIENCE_SECONDS = 10.0
"""Time limit of the whole request; far less than a lease."""
AGENT = "Baton"


@dataclass(slots=True)
class _Line:
    """The current socket: encryption replaces it by another one."""

    patience: float
    until: float
    now: socket.socket | None = None

    def left(self) -> float:
        """Seconds left, at least 0.01."""
        # Zero would mean a non-blocking socket.
        return max(self.until - time.monotonic(), 0.01)


def send_webhook(taken: Taken, now: datetime, *, private: bool = False, patience: float = PATIENCE_SECONDS) -> None:
    """Send a message to its address. Raises `Undelivered` unless the answer is 2xx.

    ``private`` also allows private and loopback addresses.
    """
    if taken.secret is None:
        raise Undelivered("the subscription is paused or gone")
    # The signature covers these bytes: serialize once, send the same text.
    body = json.dumps(taken.payload, ensure_ascii=False, separators=(",", ":"))
    line = _Line(patience, time.monotonic() + patience)
    try:
        with cut_off_after(patience, lambda: line.now):
            status = _post(taken.address, body.encode(), _headers(taken, body, now), line, private=private)
    except (OSError, http.client.HTTPException) as error:
        raise Undelivered(_told(error, line)) from error
    finally:
        if line.now is not None:
            line.now.close()
    _judge(status)


def _headers(taken: Taken, body: str, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "Connection": "close",
        "webhook-id": taken.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(taken.secret or "").sign(taken.message_id, now, body),
    }


def _post(url: str, body: bytes, headers: dict[str, str], line: _Line, *, private: bool) -> int:
    """The status of the answer. The body is not read."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    line.now = _connect(reachable(host, parts.port or (443 if secure else 80), private=private), line)
    if secure:
        context = ssl.create_default_context()
        secured = context.wrap_socket(line.now, server_hostname=host, do_handshake_on_connect=False)
        line.now = secured
        # Separately, after `line.now` is the new socket: the time limit must cover the handshake, too.
        secured.do_handshake()
    connection = http.client.HTTPConnection(host)
    # The connection would resolve the name again; it gets the checked socket instead.
    connection.sock = line.now
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, {"Host": parts.netloc, **headers})
    return connection.getresponse().status


def reachable(host: str, port: int, *, private: bool) -> list[tuple[str, int]]:
    """The addresses of a host name. Refused as a whole if one of them is private."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not private and (inside := [address for address in found if not is_public(address)]):
        raise Undelivered(
            f"{host} is {inside[0]}, an address inside: webhooks go outside only, unless BATON_WEBHOOK_PRIVATE is 1"
        )
    return [(address, port) for address in dict.fromkeys(found)]


def _connect(places: list[tuple[str, int]], line: _Line) -> socket.socket:
    """A connection to the first address that answers."""
    for last, place in enumerate(places, start=1):
        try:
            return socket.create_connection(place, timeout=line.left())
        except OSError:
            if last == len(places):
                raise
    raise OSError("the name means no address")


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if status == 410:
        raise Undelivered("410: the address wants no more", permanent=True)
    if 300 <= status < 400:
        raise Undelivered(f"{status}: redirects are not followed; give the address it leads to")
    raise Undelivered(f"{status}: {http.client.responses.get(status, 'no known answer')}")


def _told(error: Exception, line: _Line) -> str:
    """The reason of a failure, without text from the other side."""
    if isinstance(error, TimeoutError) or time.monotonic() >= line.until:
        return f"no answer within {line.patience:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not good: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "the name is not known"
    return (
        f"no connection: {error.strerror or type(error).__name__}" if isinstance(error, OSError) else "no HTTP answer"
    )
