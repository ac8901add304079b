"""`POST /v1/events`: what is taken, what is refused and how, who may send."""

import gzip
import json
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from admin.api.bodies import MAX_BODY
from engine.store.access.keys import revoke_key
from tests.admin.api_client import NOW, Api, event


def test_one_event_is_accepted_and_the_same_one_is_a_duplicate(api: Api) -> None:
    headers = api.key()
    assert api.send(event(), headers).json == {"accepted": 1, "duplicates": 0, "rejected": []}
    second = api.send(event(), headers)
    assert (second.status_code, second.json) == (202, {"accepted": 0, "duplicates": 1, "rejected": []})


def test_a_list_keeps_its_good_items_when_others_are_bad(api: Api) -> None:
    answer = api.send([event(1), event(2, occurred_at="2026-11-21T10:00:00"), event(3), 7], api.key())
    assert answer.status_code == 202
    assert answer.json is not None
    assert answer.json["accepted"] == 2
    assert [(item["index"], item["code"], item["path"]) for item in answer.json["rejected"]] == [
        (1, "no_zone", "occurred_at"),
        (3, "not_an_object", ""),
    ]
    assert "add Z" in answer.json["rejected"][0]["message"]


def test_a_request_of_bad_items_only_is_a_422_problem_that_lists_them(api: Api) -> None:
    answer = api.send([event(1, id=""), event(2, extra=1)], api.key())
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "all_rejected"
    assert [item["code"] for item in answer.json["rejected"]] == ["bad_id", "unknown_key"]


def test_two_keys_may_use_the_same_event_id(api: Api) -> None:
    first, second = api.key("one"), api.key("two")
    assert api.send(event(), first).json == api.send(event(), second).json


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "key_missing"),
        ({"Authorization": "Bearer nonsense"}, 401, "key_unknown"),
        ({"Authorization": "Bearer baton_00000000_" + "x" * 43}, 401, "key_unknown"),
        ({"Authorization": "Basic !!!"}, 401, "key_missing"),
    ],
)
def test_without_a_living_key_nothing_is_read(api: Api, headers: dict[str, str], status: int, code: str) -> None:
    answer = api.send(event(), headers)
    assert (answer.status_code, answer.json and answer.json["code"]) == (status, code)
    assert "WWW-Authenticate" in answer.headers


def test_a_key_without_a_fitting_scope_is_refused(api: Api) -> None:
    assert api.send(event(), api.key(scopes=["leads:read"])).status_code == 403


def test_work_needs_the_scope_for_it(api: Api) -> None:
    touched = event(type="lead.touched", properties={"channel": "call", "result": "reached"})
    refused = api.send(touched, api.key("tracker"))
    assert refused.status_code == 403
    assert refused.json is not None
    assert refused.json["rejected"][0]["code"] == "scope_missing"
    assert api.send(touched, api.key("crm", ["leads:write"])).status_code == 202


def test_events_of_the_engine_are_refused_from_everybody(api: Api) -> None:
    answer = api.send(event(type="sla.breached"), api.key(scopes=["events:write", "leads:write"]))
    assert answer.status_code == 403


def test_a_public_key_sends_behaviour_and_identifies_only(api: Api) -> None:
    headers = api.key("page", public=True)
    sent = [event(1), event(2, type="lead.identified"), event(3, type="lead.touched")]
    answer = api.send(sent, headers)
    assert answer.json is not None
    assert answer.json["accepted"] == 2
    assert answer.json["rejected"][0]["code"] == "not_for_public_keys"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_secret_key_is_not_offered_to_other_sites(api: Api) -> None:
    assert "Access-Control-Allow-Origin" not in api.send(event(), api.key()).headers


def test_a_beacon_carries_a_public_key_in_its_address(api: Api) -> None:
    token = api.key("page", public=True)["Authorization"].removeprefix("Bearer ")
    answer = api.client.post(f"/v1/events?key={token}", data=json.dumps(event()), content_type="text/plain")
    assert answer.status_code == 202
    secret = api.key("server")["Authorization"].removeprefix("Bearer ")
    answer = api.client.post(f"/v1/events?key={secret}", data=json.dumps(event()), content_type="text/plain")
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "not_for_public_keys")


def test_browsers_may_ask_first(api: Api) -> None:
    answer = api.client.options("/v1/events", headers={"Origin": "https://shop.example.com"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"


def test_a_revoked_key_opens_nothing_at_once(api: Api) -> None:
    headers = api.key("leaving")
    assert api.send(event(1), headers).status_code == 202
    revoke_key("leaving", NOW)
    assert api.send(event(2), headers).status_code == 401


def test_an_actor_is_the_person_of_the_key_and_nobody_else(api: Api) -> None:
    bound = api.key("li", ["leads:write"], person="Li@example.com")
    touched = event(type="lead.touched")
    assert api.send(touched | {"actor": "li@example.com"}, bound).status_code == 202
    assert api.send(touched | {"id": "x", "actor": "wang@example.com"}, bound).status_code == 403
    assert (
        api.send(touched | {"id": "y", "actor": "li@example.com"}, api.key("any", ["leads:write"])).status_code == 403
    )


def test_history_is_imported_by_writers_of_leads_only(api: Api) -> None:
    won = event(type="opportunity.won", imported=True)
    assert api.send(won, api.key("crm", ["leads:write"])).status_code == 202
    assert api.send(event(5, imported=True), api.key("web")).status_code == 403


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status"),
    [
        (b"{", "application/json", None, 400),
        (b"\xff\xfe", "application/json", None, 400),
        (b"[]", "application/xml", None, 415),
        (b"[]", "application/json; charset=gbk", None, 415),
        (b"null", 'application/json; charset="UTF_8"', None, 422),
        (b"[]", "application/json", "br", 415),
        (b"[]", "application/json", "gzip", 400),
        (gzip.compress(b"[]", mtime=0)[:-9], "application/json", "gzip", 400),
        (b" " * (MAX_BODY + 1), "application/json", None, 413),
        (b"[" + b",".join(repeat(b"1", 1001)) + b"]", "application/json", None, 422),
        (gzip.compress(b" " * 50_000_000, 1, mtime=0), "application/json", "gzip", 413),
        (b"[" * 100_000, "application/json", None, 422),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "application/json", None, 422),
        (b"null", "application/json", None, 422),
        (b"", "application/json", None, 400),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(
    api: Api, body: bytes, content_type: str, encoding: str | None, status: int
) -> None:
    headers = api.key() | ({"Content-Encoding": encoding} if encoding else {})
    answer = api.client.post("/v1/events", data=body, headers=headers, content_type=content_type)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


def test_a_gzipped_list_is_unpacked(api: Api) -> None:
    packed = gzip.compress(json.dumps([event(n) for n in range(50)]).encode())
    answer = api.client.post(
        "/v1/events",
        data=packed,
        headers=api.key() | {"Content-Encoding": "gzip"},
        content_type="application/json",
    )
    assert answer.json == {"accepted": 50, "duplicates": 0, "rejected": []}


def test_an_item_nested_without_end_costs_no_other_item(api: Api) -> None:
    deep = '{"properties": ' * 5_000 + "1" + "}" * 5_000
    body = f"[{json.dumps(event(1))}, {deep}, {json.dumps(event(2))}]"
    answer = api.client.post("/v1/events", data=body, headers=api.key(), content_type="application/json")
    assert answer.json is not None
    assert (answer.json["accepted"], answer.json["rejected"][0]["index"]) == (2, 1)


def test_a_wrong_method_and_a_wrong_address_are_problems_too(api: Api) -> None:
    answer = api.client.get("/v1/events")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")
    assert api.client.get("/v1/nothing").status_code == 404
    assert api.client.get("/v1/nothing").content_type == "application/problem+json"


def test_a_body_may_come_in_pieces_of_unknown_length(api: Api) -> None:
    pieces: Iterator[bytes] = chain([b"["], [json.dumps(event(1)).encode()], [b"]"])
    environ = {"wsgi.input_terminated": True}
    answer = api.client.post(
        "/v1/events",
        data=b"".join(pieces),
        headers=api.key(),
        content_type="application/json",
        environ_overrides=environ,
    )
    assert answer.status_code == 202
