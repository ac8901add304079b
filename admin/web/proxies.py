"""Reads client, scheme and host from the headers of trusted proxies (`BATON_TRUSTED_PROXIES`).

Werkzeug's ``ProxyFix`` counts hops and trusts every peer. This trusts only the listed networks. Forwarding headers of
other peers are removed, so that no code behind this can use them by mistake.
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
    """WSGI middleware that puts the client in place of a ``trusted`` proxy."""

    def __init__(self, app: "WSGIApplication", trusted: Sequence[Network]) -> None:
        self._app, self._trusted = app, tuple(trusted)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Use the headers of a trusted peer; remove all others."""
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

    Each proxy appends its peer, so the list is read from its end. The first address that is not a trusted proxy is the
    client; entries before it may be forged by the client. At an invalid entry, the proxy that sent it is the client.
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
    """An address as proxies write it: bare, with a port, or in brackets. None if it is invalid."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d, but the setting lists them as IPv4.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks."""
    return any(address.version == network.version and address in network for network in networks)


def last_of(header: str) -> str:
    """The last entry of a list: the one that the nearest proxy appended."""
    return header.rpartition(",")[2].strip()
