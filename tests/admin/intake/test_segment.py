"""Segment's own Python library, unmodified but for its host, and the calls as other libraries send them."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segment.analytics.client import Client

from admin.api.events.segment_calls import read_call
from admin.intake.envelope import ItemRefused, Sender
from tests.admin.api_client import NOW, Api, told
from tests.admin.deciding import decide_all, start_with_policy
from tests.admin.live import listening

WEB = Sender("web", frozenset({"events:write"}))


def basic(headers: dict[str, str]) -> dict[str, str]:
    token = headers["Authorization"].removeprefix("Bearer ")
    return {"Authorization": "Basic " + base64.b64encode(f"{token}:".encode()).decode()}


def stored(api: Api, source: str, message: str) -> Any:
    return api.client.get(f"/v1/events/{source}/{message}", headers=api.key(f"r-{message}", ["leads:read"])).json


@pytest.mark.parametrize("gzip", [False, True])
def test_the_public_library_sends_as_it_is(api: Api, gzip: bool) -> None:
    start_with_policy()
    token = api.key("site")["Authorization"].removeprefix("Bearer ")
    errors: list[Any] = []
    with listening(api.app) as host:
        library = Client(
            token, host=host, gzip=gzip, sync_mode=False, on_error=lambda e, _: errors.append(e), max_retries=1
        )
        traits = {"email": "Li@Example.com", "jobTitle": "CTO", "company": {"name": "Acme", "employees": 120}}
        library.identify("u-1", traits, message_id="m-1", timestamp=NOW - timedelta(minutes=3))
        library.track("u-1", "Demo Requested", {"plan": "pro"}, message_id="m-2", timestamp=NOW - timedelta(minutes=2))
        library.page("u-1", "docs", "Pricing", {"path": "/pricing"}, message_id="m-3", timestamp=NOW)
        library.track("u-1", "Demo Requested", message_id="m-2", timestamp=NOW)
        library.group("u-1", "g-1", {"industry": "retail"}, message_id="m-4", timestamp=NOW)
        library.shutdown()
    assert errors == []
    assert decide_all(api.clock) == 4
    (lead,) = told(api.client.get("/v1/leads?email=li@example.com", headers=api.key("r", ["leads:read"])))["items"]
    assert lead["identities"] == {"external_id": "u-1", "email": "li@example.com"}
    assert lead["facts"]["lead.job_title"] == "CTO"
    assert lead["facts"]["company.employees"] == 120
    assert lead["facts"]["company.industry"] == "retail"
    assert (lead["scores"]["engagement"], lead["stage"]) == (30, "mql")
    assert stored(api, "site", "m-3")["body"]["properties"]["page"] == "/pricing"


def test_one_call_is_taken_at_its_own_address(api: Api) -> None:
    key = basic(api.key())
    body = {"userId": "u", "event": "Signed Up", "messageId": "m"}
    answer = api.client.post("/v1/track", json=body, headers=key)
    assert (answer.status_code, answer.json) == (200, {"success": True, "accepted": 1, "duplicates": 0, "rejected": []})
    assert told(api.client.post("/v1/t", json=body, headers=key))["duplicates"] == 1
    assert stored(api, "web", "m")["type"] == "Signed Up"


def test_browsers_put_a_public_key_into_the_body(api: Api) -> None:
    token = api.key("page", public=True)["Authorization"].removeprefix("Bearer ")
    body = json.dumps({"writeKey": token, "anonymousId": "a", "messageId": "m", "name": "Home"})
    answer = api.client.post("/v1/p", data=body, content_type="text/plain")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert stored(api, "page", "m")["trusted"] is False
    secret = api.key("server")["Authorization"].removeprefix("Bearer ")
    assert api.client.post("/v1/p", json={"writeKey": secret, "anonymousId": "a"}).status_code == 403


def test_an_alias_joins_the_anonymous_visitor_and_the_user(api: Api) -> None:
    body = {"previousId": "anon-1", "userId": "u-1", "messageId": "m"}
    assert api.client.post("/v1/alias", json=body, headers=basic(api.key())).status_code == 200
    assert stored(api, "web", "m")["body"]["lead"] == {"external_id": "u-1", "anonymous_id": "anon-1"}


def test_bad_calls_of_a_batch_are_named_and_the_others_taken(api: Api) -> None:
    calls = [
        {"type": "track", "userId": "u", "event": "Ok", "messageId": "1"},
        {"type": "track", "userId": "u", "messageId": "2"},
        {"type": "dance", "userId": "u"},
        {"type": "identify", "traits": {"email": "not an address"}},
        {"type": "track", "userId": "u", "event": "lead.accepted"},
        {"type": "track", "userId": "u", "event": "x", "timestamp": "2026-11-21T10:00:00"},
        7,
    ]
    answer = api.client.post("/v1/batch", json={"batch": calls}, headers=basic(api.key()))
    assert answer.status_code == 200
    assert told(answer)["accepted"] == 1
    assert [(r["index"], r["code"], r["path"]) for r in told(answer)["rejected"]] == [
        (1, "wrong_type", "event"),
        (2, "unknown_type", "type"),
        (3, "no_identifier", "userId"),
        (4, "scope_missing", "type"),
        (5, "no_zone", "timestamp"),
        (6, "not_an_object", ""),
    ]


def test_a_batch_that_is_none_is_a_problem(api: Api) -> None:
    key = basic(api.key())
    bodies: tuple[Any, ...] = ({}, {"batch": {}}, [], {"batch": [1] * 1001})
    for body in bodies:
        assert api.client.post("/v1/batch", json=body, headers=key).status_code == 422
    assert api.client.post("/v1/batch", data=b'{"batch": [], "batch": []}', headers=key,
                           content_type="application/json").status_code == 422  # fmt: skip


def test_a_fast_clock_is_set_right_by_the_moment_of_sending() -> None:
    ahead = NOW + timedelta(days=3)
    call = {
        "userId": "u",
        "event": "x",
        "timestamp": ahead.isoformat(),
        "sentAt": (ahead + timedelta(hours=1)).isoformat(),
    }
    assert read_call(call, "track", WEB, NOW, suspect=True).occurred_at == NOW - timedelta(hours=1)


def test_an_unreadable_address_stays_a_trait() -> None:
    intake = read_call({"userId": 7, "traits": {"email": "broken@", "phone": "1"}}, "identify", WEB, NOW, suspect=True)
    assert intake.identities == {"external_id": "7"}
    assert intake.traits == {"email": "broken@", "phone": "1"}


def test_a_message_without_id_is_named_by_what_it_says() -> None:
    call = {"userId": "u", "event": "x", "timestamp": "2026-11-21T09:00:00Z"}
    first = read_call(call, "track", WEB, NOW, suspect=True)
    assert first.id == read_call(dict(reversed(call.items())), "track", WEB, NOW, suspect=True).id
    assert first.id != read_call(call | {"event": "y"}, "track", WEB, NOW, suspect=True).id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["type", "userId", "anonymousId", "previousId", "event", "traits", "context", "properties", "timestamp"]
KEYS += ["sentAt", "groupId", "messageId", "company", "website", "address", "firstName"]


@given(JSON | st.dictionaries(st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4)))
def test_any_call_is_an_event_or_a_refusal(call: Any) -> None:
    for kind in ("identify", "track", "page", "group", "alias", None):
        try:
            intake = read_call(call, kind, WEB, NOW, suspect=True)
        except ItemRefused as why:
            seen = (why.code, why.message)
        else:
            seen = (intake.id, next(iter(intake.identities)))
        assert all(seen)
