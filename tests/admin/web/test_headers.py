"""Every answer of every address has the security headers, for anonymous visitors and for administrators."""

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from engine.settings import Settings
from tests.admin.pages import Pages
from tests.admin.world import fill

METHODS = {
    "anonymous": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    "admin": ("GET", "POST", "PUT", "DELETE"),  # the rest answers as it answers a stranger
}
MAY_BE_STORED = re.compile(r"/(static|admin/static|docs)/|/openapi\.json$")
VALUES = {"int": "1", "path": "baton/base.css", "": "x"}


def address_of(rule: Rule) -> str:
    """An address that the rule matches."""
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda found: VALUES.get(found[1] or "", "x"), rule.rule)


def addresses(app: Flask) -> list[str]:
    found = sorted({address_of(rule) for rule in app.url_map.iter_rules()})
    return [*found, "/nowhere", "/admin/nowhere", "/v1/nowhere"]


def wrong_with(answer: TestResponse, path: str) -> list[str]:
    """What the headers of an answer lack."""
    given = answer.headers
    policy = given.get("Content-Security-Policy", "")
    stored = given.get("Cache-Control", "")
    fine = {
        "Content-Security-Policy": "default-src 'none'" in policy and "unsafe" not in policy,
        "frame-ancestors": "frame-ancestors 'none'" in policy and given.get("X-Frame-Options") == "DENY",
        "X-Content-Type-Options": given.get("X-Content-Type-Options") == "nosniff",
        "Referrer-Policy": given.get("Referrer-Policy") == "same-origin",
        "Cache-Control": stored == "no-store" or bool(MAY_BE_STORED.search(path) and "=True" not in stored),
        "cookies": all(is_kept_close(cookie) for cookie in given.getlist("Set-Cookie")),
    }
    return [name for name, good in fine.items() if not good]


def is_kept_close(cookie: str) -> bool:
    return {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


@pytest.mark.parametrize("who", ["anonymous", pytest.param("admin", marks=pytest.mark.walk)])
def test_every_answer_is_kept_to_itself(pages: Pages, who: str) -> None:
    fill(pages.clock)
    reader = pages.anonymous() if who == "anonymous" else pages.as_role("admin")
    found: dict[str, list[str]] = {}
    statuses = set()
    for path in addresses(pages.app):
        for method in METHODS[who]:
            answer = reader.client.open(path, method=method)
            statuses.add(answer.status_code)
            if wrong := wrong_with(answer, path):
                found[f"{method} {path} {answer.status_code}"] = wrong
    assert {200, 302, 400, 401, 404, 405} <= statuses
    assert found == {}
