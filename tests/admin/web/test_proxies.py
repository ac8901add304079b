"""Behind a proxy: whose address, scheme and host are used, and which peers are trusted."""

import dataclasses
from ipaddress import ip_network

import pytest
from flask import Flask, request

from admin.web.proxies import BehindProxies
from engine.settings import Settings
from engine.store.access.accounts import add_user
from tests.admin.pages import Pages
from tests.admin.world import LI, PASSWORD

PROXY, INNER, CLIENT, STRANGER = "10.0.0.2", "10.0.0.3", "198.51.100.7", "203.0.113.9"
TRUSTED = (ip_network("10.0.0.0/29"), ip_network("::1"))


def seen(peer: str, **headers: str) -> str:
    """What an application behind the proxy sees: address, scheme and host."""
    app = Flask(__name__)
    app.wsgi_app = BehindProxies(app.wsgi_app, TRUSTED)  # type: ignore[method-assign]
    app.add_url_rule("/", "seen", lambda: f"{request.remote_addr} {request.scheme}://{request.host}")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().get("/", headers=named, environ_base={"REMOTE_ADDR": peer}).text


@pytest.mark.parametrize(
    ("peer", "hops", "client"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{STRANGER}, {CLIENT}", CLIENT),
        (PROXY, f"{STRANGER}, {CLIENT}, {INNER}", CLIENT),
        (PROXY, f"{INNER}, {INNER}", INNER),
        (PROXY, f"{CLIENT}:51234", CLIENT),
        (PROXY, "[2001:db8::7]:443", "2001:db8::7"),
        (PROXY, f"{CLIENT}, unknown", PROXY),
        (PROXY, f"{CLIENT}, unknown, {INNER}", INNER),
        (PROXY, "", PROXY),
        ("::1", CLIENT, CLIENT),
        ("::ffff:10.0.0.2", CLIENT, CLIENT),
        (STRANGER, CLIENT, STRANGER),
        ("10.0.0.9", CLIENT, "10.0.0.9"),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(peer: str, hops: str, client: str) -> None:
    assert seen(peer, X_Forwarded_For=hops) == f"{client} http://localhost"


def test_scheme_and_host_come_from_the_nearest_proxy() -> None:
    told = {"X_Forwarded_Proto": "http, https", "X_Forwarded_Host": "evil.example.org, baton.example.com"}
    assert seen(PROXY, **told) == f"{PROXY} https://baton.example.com"
    assert seen(PROXY, X_Forwarded_Proto="javascript") == f"{PROXY} http://localhost"


def test_a_stranger_forwards_nothing() -> None:
    told = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil.example.org", "Forwarded": "for=1.2.3.4"}
    assert seen(STRANGER, X_Forwarded_For=CLIENT, **told) == f"{STRANGER} http://localhost"


# ------------------------------------------------------------------------------------------------ the whole admin
@pytest.fixture
def pages(settings: Settings) -> Pages:
    behind = dataclasses.replace(settings, public_url="https://baton.example.com", trusted_proxies=TRUSTED)
    add_user(LI, "admin", PASSWORD)
    return Pages(behind)


def test_one_clients_failures_do_not_lock_the_others_out(pages: Pages) -> None:
    reader = pages.anonymous()
    token = reader.token("/login")
    for client, password, status in [*[(STRANGER, "not the password", 200)] * 5, (CLIENT, PASSWORD, 302)]:
        answer = reader.client.post(
            "/login",
            data={"email": LI, "password": password, "csrf_token": token},
            headers={"X-Forwarded-For": client, "X-Forwarded-Proto": "https", "Referer": "https://localhost/login"},
            environ_base={"REMOTE_ADDR": PROXY},
            base_url="https://localhost",
        )
        assert answer.status_code == status


def test_over_https_every_cookie_is_secure(pages: Pages) -> None:
    reader = pages.anonymous()
    fields = {"email": LI, "password": PASSWORD, "remember": "y", "csrf_token": reader.token("/login")}
    cookies = reader.client.post("/login", data=fields).headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"session", "remember_token"}
    assert all({"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; ")) for cookie in cookies)
