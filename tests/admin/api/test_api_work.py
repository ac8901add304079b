"""Work actions over HTTP: decided at once, refused with the reason, or answered with 202."""

from typing import Any

import pytest

from tests.admin.api_client import Api, event
from tests.admin.deciding import REPS, decide_all, somebody_deciding, start_with_policy


@pytest.fixture
def worker(api: Api) -> dict[str, str]:
    """An installation with one MQL (lead 1, of a sales person), and the sales person's key."""
    start_with_policy()
    api.send(event(1, type="demo.requested", company={"employees": 80}), api.key())
    decide_all(api.clock)
    return api.key("wang", ["leads:write", "leads:read"], person=REPS[1])


def work(api: Api, headers: dict[str, str], body: Any, lead: int = 1) -> Any:
    return api.client.post(f"/v1/leads/{lead}/work", json=body, headers=headers)


def test_an_accepted_lead_comes_back_decided(api: Api, worker: dict[str, str]) -> None:
    with somebody_deciding(api.clock):
        answer = work(api, worker, {"action": "accept"})
    assert (answer.status_code, answer.json["stage"], answer.json["rep"]) == (200, "sql", REPS[1])


def test_an_illegal_move_is_a_conflict_with_its_reason(api: Api, worker: dict[str, str]) -> None:
    with somebody_deciding(api.clock):
        assert work(api, worker, {"action": "accept"}).status_code == 200
        answer = work(api, worker, {"action": "accept"})
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert answer.json["reason"]
    assert answer.json["decision"]["refused"]["message"] in answer.json["detail"]


def test_work_that_nobody_decides_says_where_to_look(api: Api, worker: dict[str, str]) -> None:
    answer = work(api, worker, {"action": "touch", "channel": "call", "result": "reached"})
    assert (answer.status_code, answer.json["status"]) == (202, "waiting")
    decide_all(api.clock)
    found = api.client.get(answer.headers["Location"], headers=worker).json
    assert found is not None
    assert (found["status"], found["actor"], found["type"]) == ("decided", REPS[1], "lead.touched")


def test_a_rejection_needs_its_reason(api: Api, worker: dict[str, str]) -> None:
    answer = work(api, worker, {"action": "reject"})
    assert (answer.status_code, answer.json["path"]) == (422, "reason")
    with somebody_deciding(api.clock):
        answer = work(api, worker, {"action": "reject", "reason": "no_budget", "note": "next year"})
    assert (answer.status_code, answer.json["stage"]) == (200, "ready")


def test_answers_become_facts(api: Api, worker: dict[str, str]) -> None:
    with somebody_deciding(api.clock):
        answer = work(api, worker, {"action": "qualify", "answers": {"budget": " yes "}})
    assert answer.status_code == 200
    lead = api.client.get("/v1/leads/1", headers=worker).json
    assert lead is not None
    assert lead["facts"]["answers.budget"] == "yes"


def test_the_same_idempotency_key_has_one_effect(api: Api, worker: dict[str, str]) -> None:
    headers = worker | {"Idempotency-Key": "click-1"}
    touch = {"action": "touch", "channel": "call", "result": "reached"}
    with somebody_deciding(api.clock):
        first, second = work(api, headers, touch), work(api, headers, touch)
        other = work(api, headers, {"action": "accept"})
    assert (first.status_code, second.status_code, other.status_code) == (200, 200, 409)
    items = api.client.get("/v1/leads/1/timeline", headers=worker).json
    assert items is not None
    assert [item["type"] for item in items["items"]].count("lead.touched") == 1


UNUSABLE: list[tuple[Any, str]] = [
    ([], ""),
    ({}, "action"),
    ({"action": "dance"}, "action"),
    ({"action": ["accept"]}, "action"),
    ({"action": "accept", "extra": 1}, "extra"),
    ({"action": "touch", "channel": "call", "result": "sang"}, "result"),
    ({"action": "touch", "channel": 5, "result": "reached"}, "channel"),
    ({"action": "reject", "reason": " "}, "reason"),
    ({"action": "qualify", "answers": []}, "answers"),
    ({"action": "accept", "note": "a\x00b"}, "note"),
    ({"action": "release"}, "reason"),
    ({"action": "disqualify", "reason": ""}, "reason"),
    ({"action": "assign"}, "to"),
    ({"action": "dispatch", "to": 7}, "to"),
    ({"action": "claim", "to": "li@example.com"}, "to"),
]


def test_unusable_work_is_named_with_its_path(api: Api, worker: dict[str, str]) -> None:
    for body, path in UNUSABLE:
        answer = work(api, worker, body)
        assert (answer.status_code, answer.json["path"]) == (422, path), body


def test_work_on_no_lead_is_not_found_and_needs_its_scope(api: Api, worker: dict[str, str]) -> None:
    assert work(api, worker, {"action": "accept"}, lead=77).status_code == 404
    assert work(api, api.key("web2", ["leads:read"]), {"action": "accept"}).status_code == 403
