"""The API as tests call it: an application on a database of its own, keys, and a clock that stands still."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.store.access.keys import add_key
from tests import factories

NOW = factories.NOW + timedelta(days=1, hours=8)
"""What the clock of these tests shows, if they do not set it."""
JsonItem = dict[str, Any]


class StandingClock:
    """A clock that shows what a test sets."""

    def __init__(self) -> None:
        self.moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class Api:
    """An application with one client and the keys a test made."""

    app: Flask
    client: FlaskClient
    clock: StandingClock

    def key(
        self,
        name: str = "web",
        scopes: Iterable[str] = ("events:write",),
        *,
        public: bool = False,
        person: str | None = None,
    ) -> dict[str, str]:
        """Headers with a new key."""
        token = add_key(name, scopes, NOW, public=public, person=person).secret
        return {"Authorization": f"Bearer {token}"}

    def send(self, body: Any, headers: dict[str, str]) -> TestResponse:
        """Post one event or a list."""
        return self.client.post("/v1/events", json=body, headers=headers)


def event(number: int = 1, /, **changes: Any) -> JsonItem:
    """A good event; ``changes`` replace its keys, None removes one."""
    item: JsonItem = {
        "id": f"e-{number}",
        "type": "content.downloaded",
        "occurred_at": (NOW - timedelta(hours=1)).isoformat(),
        "lead": {"external_id": f"lead-{number}"},
    } | changes
    return {key: value for key, value in item.items() if value is not None}


def zulu(moment: datetime) -> str:
    """A moment as answers write it."""
    return moment.isoformat().replace("+00:00", "Z")


def told(answer: TestResponse) -> Any:
    """The JSON of an answer."""
    return answer.json
