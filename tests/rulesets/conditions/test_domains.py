"""From a domain, a web address or a mailbox to what a company registers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesets.conditions.domains import registrable_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.cn", "acme.cn"),
        ("mail.acme.cn", "acme.cn"),
        ("https://www.Acme.test/about?x=y#z", "acme.test"),
        ("http://user:pw@www.acme.com.cn:8080/x", "acme.com.cn"),
        ("//acme.cn", "acme.cn"),
        ("mailto:li@acme.cn", "acme.cn"),
        ("Li Na <li@mail.acme.co.uk>", "acme.co.uk"),
        (" ACME.cn. ", "acme.cn"),
        ("ａｃｍｅ．ｃｎ", "acme.cn"),
        ("acme。cn", "acme.cn"),
        ("xn--0m4ap1g.cn", "阿里.cn"),
        ("www.阿里.cn", "阿里.cn"),
        ("me.github.io", "me.github.io"),
        ("a.b.nowhere", "b.nowhere"),
    ],
)
def test_a_domain_is_read_from_whatever_names_it(text: str, domain: str) -> None:
    """R1.13."""
    assert registrable_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        "localhost",
        "com.cn",
        "github.io",
        "192.168.0.1",
        "[::1]",
        "n/a",
        "a b.cn",
        "acme..cn",
        "https://",
        "-",
    ],
)
def test_what_nobody_can_register_is_no_domain(text: str) -> None:
    """R1.13."""
    assert registrable_domain(text) is None


@given(st.text(max_size=60))
def test_reading_never_raises_and_a_domain_reads_as_itself(text: str) -> None:
    """R1.13."""
    domain = registrable_domain(text)
    assert domain is None or registrable_domain(domain) == domain
