"""`POST /v1/simulate` with a worker of its queue: the answer, what is refused, and that nothing is stored."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.test import TestResponse

from engine.settings import Settings
from engine.store.session import raw, transaction
from tests.admin.api_client import Api, event, told
from tests.patience import PATIENCE
from tests.workers.processes import await_that

POLICY: dict[str, Any] = yaml.safe_load((Path(__file__).parents[3] / "examples" / "olist-policy.yaml").read_text())
EVENT = {
    "type": "landing_page.submitted",
    "occurred_at": "2026-11-20T09:00:00Z",
    "id": "e1",
    "lead": {"external_id": "a"},
}
ROSTER = {"format": "baton.roster/1", "people": [{"email": "ann@example.com", "role": "sdr"}]}


@pytest.fixture
def asks(settings: Settings) -> Iterator[None]:
    """A worker that answers the questions of this test."""
    environment = {
        **os.environ,
        "BATON_DATABASE_URL": settings.database_url or "",
        "BATON_REDIS_URL": settings.redis_url or "",
        "BATON_SECRET_KEY": "for-tests-only" * 4,
    }
    worker = subprocess.Popen((sys.executable, "-m", "admin.cli", "worker", "--simulator"), env=environment)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(PATIENCE)


@pytest.fixture
def reader(api: Api) -> dict[str, str]:
    return api.key("reader", ["policy:read"])


def ask(api: Api, headers: dict[str, str], **changes: Any) -> Any:
    """Ask, and ask again as the answer says while the worker is not up yet or the machine is busy."""
    body = {"policy": POLICY, "events": [EVENT], **changes}
    answers: list[TestResponse] = []

    def is_answered() -> bool:
        answers.append(api.client.post("/v1/simulate", json=body, headers=headers))
        return answers[-1].status_code != 503

    await_that(is_answered)
    return answers[-1].status_code, told(answers[-1])


def test_a_document_is_tried_and_nothing_is_stored(api: Api, reader: dict[str, str], asks: None) -> None:
    status, answer = ask(api, reader, now="2026-11-21T00:00:00Z")
    assert (status, answer["at"], len(answer["items"])) == (200, "2026-11-21T00:00:00Z", 1)
    assert answer["items"][0]["engagement"] == 20
    with transaction() as connection:
        assert raw(connection).execute("SELECT count(*) FROM event").fetchone() == (0,)
    status, answer = ask(api, reader, until="2026-11-20T10:00:00Z", roster=ROSTER)
    assert (status, answer["items"][0]["decisions"][0]["event"]) == (200, "landing_page.submitted")


def test_the_draft_may_be_tried(api: Api, reader: dict[str, str], asks: None) -> None:
    writer = api.key("writer", ["policy:write"]) | {"If-Match": "*"}
    assert api.client.put("/v1/policy/draft", json=POLICY, headers=writer).status_code == 200
    assert ask(api, reader, policy="draft")[0] == 200


def test_without_events_there_is_nothing_to_ask(api: Api, reader: dict[str, str]) -> None:
    status, answer = ask(api, reader, events=[])
    assert (status, answer["items"], answer["at"]) == (200, [], None)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"policy": "active"}, 404, "No policy is in force"),
        ({"policy": None}, 422, "document"),
        ({"policy": {"format": "baton.policy/1"}}, 422, "errors"),
        ({"roster": {"format": "baton.roster/2"}}, 422, "roster"),
        ({"events": {}}, 422, "list"),
        ({"events": [event(), {"id": 7}]}, 422, "1 of 2"),
        ({"now": "today"}, 422, "moment"),
        ({"now": 7}, 422, "moment"),
        ({"now": "2026-11-20T09:00:00Z", "until": "2026-11-20T09:00:00Z"}, 422, "not both"),
        ({"then": 1}, 422, "unknown"),
    ],
)
def test_what_cannot_be_tried_is_told(
    api: Api, reader: dict[str, str], changes: dict[str, Any], status: int, says: str
) -> None:
    got, problem = ask(api, reader, **changes)
    assert got == status
    assert says in problem["detail"]


def test_a_key_needs_the_scope(api: Api) -> None:
    assert ask(api, api.key("web"))[0] == 403
