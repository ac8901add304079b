"""Which IP addresses are on the public Internet: the only ones a webhook may use.

Python's ``ipaddress.is_global`` decides first. It lags behind the registries, by how much depends on Python's version,
so ranges that it misses are listed here. Pure: no lookup and no connection.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

NOT_PUBLIC_V4 = (
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments (RFC 6890), such as the dummy 192.0.0.8 (RFC 7600)
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, taken out of service (RFC 7526)
)
GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
"""The range assigned to the public Internet (RFC 4291). It excludes, among others, site-local ``fec0::/10``,
IPv4-compatible ``::/96``, the local NAT64 prefix ``64:ff9b:1::/48`` and segment routing ``5f00::/16``.
"""
NOT_PUBLIC_V6 = (
    IPv6Network("2001::/23"),  # IETF protocol assignments (RFC 2928); holds Teredo 2001::/32, a tunnel to any IPv4
    IPv6Network("2001:db8::/32"),  # documentation (RFC 3849)
    IPv6Network("2002::/16"),  # 6to4: a tunnel to any IPv4 address (RFC 3056)
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)
NAT64 = IPv6Network("64:ff9b::/96")
"""Represents the IPv4 address in its last 32 bits (RFC 6052). In a network without IPv4, every IPv4 host has such an
address.
"""


def is_public(address: str) -> bool:
    """Whether an IP address is on the public Internet. Raises `ValueError` for text that is not an IP address."""
    ip = ip_address(address)
    inner = ip if isinstance(ip, IPv4Address) else _ipv4_within(ip)
    if inner is not None:
        return _is_usable(inner) and not any(inner in network for network in NOT_PUBLIC_V4)
    return _is_usable(ip) and ip in GLOBAL_UNICAST_V6 and not any(ip in network for network in NOT_PUBLIC_V6)


def _ipv4_within(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that receives packets to this one. Tunnels are refused as a whole, so their ends do not
    matter.
    """
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped


def _is_usable(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast
