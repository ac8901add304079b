"""The pages as tests use them: an application, people who sign in, forms with the token of the page."""

import re
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.settings import Settings
from engine.store.access.accounts import add_user, find_account
from tests.admin.api_client import StandingClock
from tests.admin.application import application
from tests.admin.world import PASSWORD, ROLES

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Reader:
    """Somebody with a browser."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-600:])
        return answer.text

    def link(self, path: str, text: str) -> str:
        """Where a link of a page leads that begins with the text."""
        found = re.search(rf'<a href="([^"]+)"[^>]*>{re.escape(text)}', self.text(path))
        assert found, f"no link {text} on {path}"
        return unescape(found[1])

    def token(self, path: str = "/admin/") -> str:
        found = TOKEN.search(self.get(path, follow_redirects=True).text)
        assert found, f"no token on {path}"
        return found[1]

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, page: str = "/admin/", **more: Any
    ) -> TestResponse:
        """Send a form with the token of ``page``; the answer is the page one lands on."""
        fields = {**(data or {}), "csrf_token": self.token(page)}
        return self.client.post(path, data=fields, follow_redirects=True, **more)

    def sign_in(self, email: str, password: str = PASSWORD) -> "Reader":
        self.post("/login", {"email": email, "password": password}, page="/login")
        return self


class Pages:
    """An application and its readers."""

    def __init__(self, settings: Settings) -> None:
        self.clock = StandingClock()
        self.app = application(settings, self.clock)

    def anonymous(self) -> Reader:
        return Reader(self.app)

    def as_role(self, role: str) -> Reader:
        if find_account(ROLES[role]) is None:
            add_user(ROLES[role], role, PASSWORD)
        return self.anonymous().sign_in(ROLES[role])
