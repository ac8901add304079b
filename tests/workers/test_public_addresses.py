"""Webhooks go to the public Internet only, however an inside address is written or wrapped."""

import pytest

from workers.channels.public_addresses import is_public
from workers.channels.undelivered import Undelivered
from workers.channels.webhook import reachable

INSIDE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.8 192.0.0.170 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.1.2.3 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:192.88.99.1 ::ffff:0:0
64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::c0a8:101 64:ff9b:1::808:808 100::1 2001::1 2001:0:7f00:1::
2001:0:808:808:0:0:f5ff:fffe 2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 2002:808:808::
3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%2 fec0::1 fec0::1%2 feff::1 ff02::1 ff0e::1
"""
OUTSIDE = """
1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 172.15.255.255 172.32.0.1 192.0.1.1 192.88.98.1 198.17.1.1
223.255.255.254 2400:cb00::1 2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::808:808
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE.split())
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "spelled",
    ["localhost", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "10.1", "167772161",
     "0xa9fea9fe", "2852039166", "0xc0000008", "3221225480", "0", "::ffff:127.0.0.1", "64:ff9b::7f00:1"],
)  # fmt: skip
def test_no_spelling_of_an_address_leads_inside(spelled: str) -> None:
    """Names are resolved as the operating system reads them and judged before anything is dialled."""
    with pytest.raises(Undelivered, match="an address inside"):
        reachable(spelled, 80, private=False)


@pytest.mark.parametrize("spelled", ["134744072", "0x08080808", "8.8.2056"])
def test_a_spelling_of_a_public_address_is_pinned_to_it(spelled: str) -> None:
    assert reachable(spelled, 443, private=False) == [("8.8.8.8", 443)]
