"""Behind a proxy: who really asks, and over which scheme and host (`BATON_TRUSTED_PROXIES`).

Werkzeug's ``ProxyFix`` counts hops and believes whoever connects; this believes only the peers it is told of. Headers
from anybody else are dropped, so that nothing behind this can read them by mistake.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from engine.settings import Network

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Address = IPv4Address | IPv6Address
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
DROPPED = (*FORWARDED, "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


class BehindProxies:
    """A WSGI application that sees the client instead of the proxy, when the proxy is one of ``trusted``."""

    def __init__(self, app: "WSGIApplication", trusted: Sequence[Network]) -> None:
        self._app, self._trusted = app, tuple(trusted)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Take over what a trusted peer forwards, and drop the rest."""
        peer = read_address(environ.get("REMOTE_ADDR", ""))
        given = {name: environ.pop(name, "") for name in DROPPED}
        if peer is not None and is_within(peer, self._trusted):
            self._take_over(environ, peer, *(given[name] for name in FORWARDED))
        return self._app(environ, start_response)

    def _take_over(self, environ: "WSGIEnvironment", peer: Address, hops: str, scheme: str, host: str) -> None:
        environ["REMOTE_ADDR"] = str(client_of(hops, peer, self._trusted))
        if last_of(scheme) in {"http", "https"}:
            environ["wsgi.url_scheme"] = last_of(scheme)
        if last_of(host):
            environ["HTTP_HOST"] = last_of(host)


def client_of(hops: str, peer: Address, trusted: Sequence[Network]) -> Address:
    """The client of an ``X-Forwarded-For`` list that ``peer`` sent.

    Each proxy appends whom it talks to, so the list is read from its end: the first address that is no trusted proxy
    is the client, and what stands before it is the client's own claim. An entry that is no address ends the reading at
    the proxy that passed it on.
    """
    found = peer
    for text in reversed(hops.split(",")):
        hop = read_address(text)
        if hop is None:
            return found
        found = hop
        if not is_within(hop, trusted):
            return found
    return found


def read_address(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, or in brackets; None for anything else."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    # A socket that serves both families shows IPv4 peers as ::ffff:a.b.c.d; lists name them as IPv4.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds an address."""
    return any(address.version == network.version and address in network for network in networks)


def last_of(header: str) -> str:
    """The entry that the nearest proxy appended to a list."""
    return header.rpartition(",")[2].strip()
