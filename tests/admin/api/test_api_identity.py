"""Who is who at the doors: unreadable identifiers, calls without an id, merges and separations that cannot be."""

from datetime import timedelta
from typing import Any

import pytest

from admin.lead_data.lead_json import Json
from engine.store.inbox.nobody_list import nobody_values, save_nobody
from tests.admin.api_client import NOW, Api, event, told
from tests.admin.deciding import decide_all, start_with_policy
from tests.factories import column, rows

WRITER = ["events:write", "leads:read", "leads:write"]


def send(api: Api, *items: dict[str, Any]) -> Any:
    """The answer to events of a trusted system."""
    return api.client.post("/v1/events", json=list(items), headers=writer(api))


def writer(api: Api) -> dict[str, str]:
    """The key of that system, made once."""
    if "crm" not in KEYS:
        KEYS["crm"] = api.key("crm", WRITER)
    return KEYS["crm"]


KEYS: dict[str, dict[str, str]] = {}


@pytest.fixture(autouse=True)
def _no_keys() -> None:
    KEYS.clear()


def refused(answer: Any) -> list[str]:
    """The messages of a request of which nothing was taken."""
    assert answer.status_code == 422
    return [item["message"] for item in told(answer)["rejected"]]


def only_lead(api: Api, query: str) -> Json:
    """The lead of a query."""
    (lead,) = told(api.client.get(f"/v1/leads?{query}", headers=writer(api)))["items"]
    return dict(lead)


DOORS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/events", event(id="1", lead={"email": "n/a", "phone": "13800138001"})),
    ("/v1/identify", {"messageId": "1", "userId": "undefined", "traits": {"phone": "13800138001"}}),
    ("/v1/batch", {"batch": [{"type": "track", "event": "x", "messageId": "1", "userId": "N/A",
                              "context": {"traits": {"phone": "138-0013-8001"}}}]}),
]  # fmt: skip


@pytest.mark.parametrize(("door", "body"), DOORS, ids=[door for door, _ in DOORS])
def test_an_unreadable_identifier_costs_only_itself_at_every_door(api: Api, door: str, body: dict[str, Any]) -> None:
    """R1.15."""
    start_with_policy()
    assert told(api.client.post(door, json=body, headers=writer(api)))["accepted"] == 1
    decide_all(api.clock)
    lead = only_lead(api, "phone=13800138001")
    assert lead["identities"] == {"phone": "+8613800138001"}
    (note,) = lead["notes"]
    assert note["code"] == "unreadable_identity"
    assert note["field"] in {"lead.email", "lead.external_id"}


def test_an_item_that_names_nobody_is_refused_with_the_mend(api: Api) -> None:
    """R1.15."""
    assert refused(send(api, event(lead={"email": "n/a"}))) == [
        "lead.email names nobody: n/a only fills the field, leave it out"
    ]
    answer = api.client.post("/v1/track", json={"event": "x", "userId": "undefined"}, headers=writer(api))
    assert refused(answer) == ["userId names nobody: undefined only fills the field, leave it out"]


CALL = {"userId": "u", "event": "Signed Up", "timestamp": NOW.isoformat()}


def accepted(api: Api, call: dict[str, Any]) -> int:
    """How many events a track call added."""
    return int(told(api.client.post("/v1/track", json=call, headers=writer(api)))["accepted"])


def test_a_call_without_an_id_that_is_sent_again_is_a_duplicate(api: Api) -> None:
    """R1.17."""
    assert accepted(api, {**CALL, "sentAt": NOW.isoformat()}) == 1
    later = (NOW + timedelta(seconds=5)).isoformat()
    again = {**CALL, "sentAt": later, "attempt": 2, "context": {"sentAt": later}}
    assert accepted(api, {**CALL, "sentAt": later}) == 0
    assert accepted(api, again) == 0
    assert accepted(api, {**CALL, "timestamp": (NOW - timedelta(seconds=1)).isoformat()}) == 1
    assert accepted(api, {**CALL, "properties": {"plan": "pro"}}) == 1


def test_calls_without_id_and_moment_are_events_of_their_own(api: Api) -> None:
    """R1.17."""
    call = {"userId": "u", "event": "Signed Up"}
    assert [accepted(api, call), accepted(api, call), accepted(api, {**call, "sentAt": NOW.isoformat()})] == [1, 1, 1]


@pytest.fixture
def merged(api: Api) -> tuple[int, int]:
    """Two leads that became one: (winner, merge)."""
    start_with_policy()
    send(api, event(id="a", lead={"external_id": "c1"}), event(id="b", lead={"email": "li@corp.cn"}))
    send(api, event(id="c", lead={"external_id": "c1", "email": "li@corp.cn"}))
    decide_all(api.clock)
    ((merge, winner),) = rows("SELECT id, winner_id FROM merge")
    return winner, merge


def asked(name: str, properties: dict[str, Any], **lead: str) -> dict[str, Any]:
    """An event that asks for a merge."""
    return event(id=name, type="lead.merged", lead=lead or {"external_id": "c1"}, properties=properties)


def test_a_merge_that_cannot_be_is_refused_at_the_door(api: Api, merged: tuple[int, int]) -> None:
    """R1.18."""
    winner, merge = merged
    send(api, event(id="d", lead={"wechat": "w"}))
    (other,) = column("SELECT max(id) FROM lead")
    asks: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"undo": 999999}, {}),
        ({"undo": "1"}, {}),
        ({"undo": merge}, {"wechat": "w"}),
        ({"undo": merge}, {"wechat": "nobody"}),
        ({}, {}),
        ({"leads": [1]}, {}),
        ({"leads": [winner, True]}, {}),
        ({"leads": [winner, 999999]}, {}),
        ({"leads": [winner, winner + 1]}, {}),
        ({"leads": [winner, other]}, {"wechat": "nobody"}),
    ]
    said = [refused(send(api, asked(f"x{n}", what, **lead)))[0] for n, (what, lead) in enumerate(asks)]
    assert said[0] == "properties cannot undo merge 999999: there is none of this number"
    assert "ended in lead" in said[2]
    assert "ended in lead" in said[3]
    assert [text.startswith("properties needs properties") for text in said[4:7]] == [True] * 3
    assert said[7].endswith("there is none of this number")
    assert said[8].endswith("they are one lead already")
    assert said[9].endswith("name one of the two leads by an identifier")
    assert column("SELECT count(*) FROM inbox WHERE set_aside_at IS NOT NULL") == [0]
    assert send(api, asked("y", {"leads": [winner, other]})).status_code == 202


def test_a_merge_is_undone_once_and_the_same_request_again_changes_nothing(api: Api, merged: tuple[int, int]) -> None:
    """R1.18."""
    _, merge = merged
    undo = asked("undo", {"undo": merge})
    assert told(send(api, undo))["accepted"] == 1
    decide_all(api.clock)
    assert told(send(api, undo))["duplicates"] == 1
    assert refused(send(api, asked("again", {"undo": merge}))) == [
        f"properties cannot undo merge {merge}: it was undone before"
    ]
    send(api, event(id="z", lead={"external_id": "c1", "email": "li@corp.cn"}))
    decide_all(api.clock)
    assert column("SELECT count(*) FROM lead WHERE merged_into IS NULL") == [2]


def test_leads_whom_a_shared_value_names_are_not_merged_by_hand(api: Api, merged: tuple[int, int]) -> None:
    """R1.14."""
    for name in ("ann@acme.test", "bo@acme.test"):
        send(api, event(id=name, lead={"email": name, "anonymous_id": "pc-1"}))
    send(api, event(id="v", lead={"anonymous_id": "pc-1"}))
    decide_all(api.clock)
    (visitor,) = column("SELECT id FROM lead WHERE state ? 'visitor'")
    (said,) = refused(send(api, asked("m", {"leads": [merged[0], visitor]})))
    assert said.endswith("several people share what names it")


def test_an_identifier_is_taken_from_a_lead(api: Api, merged: tuple[int, int]) -> None:
    """R1.18."""

    def separation(identifier: Any, name: str) -> Any:
        lead = {"external_id": "c1"}
        given = {"identifier": identifier} if identifier else {}
        return send(api, event(id=name, type="lead.separated", lead=lead, properties=given))

    assert "needs properties" in refused(separation(None, "1"))[0]
    assert refused(separation("wang@corp.cn", "2"))[0].endswith("is no identifier of the lead")
    assert "needs properties" in refused(separation({"email": "not one"}, "3"))[0]
    assert separation(" LI@corp.cn", "4").status_code == 202
    decide_all(api.clock)
    assert only_lead(api, "email=li@corp.cn")["identities"] == {"email": "li@corp.cn"}
    assert only_lead(api, "external_id=c1")["identities"] == {"external_id": "c1"}
    assert "the only identifier" in refused(separation({"external_id": "c1"}, "5"))[0]


def test_what_the_company_lists_names_nobody(api: Api) -> None:
    """R1.15."""
    assert save_nobody(["Walk-In", "", " walk-in ", "customer@shop.example"], "zhao@example.com") == 2
    assert nobody_values() == ["Walk-In", "customer@shop.example"]
    said = refused(send(api, event(lead={"external_id": "WALK-IN"})))
    assert said == ["lead.external_id names nobody: WALK-IN only fills the field, leave it out"]
    said = refused(send(api, event(lead={"email": "customer@shop.example"})))
    assert said == ["lead.email names nobody: customer@shop.example only fills the field, leave it out"]
    assert send(api, event(id="2", lead={"external_id": "walk-in", "wechat": "w"})).status_code == 202
    assert column("SELECT kind FROM identity") == ["wechat"]
    assert save_nobody([], "zhao@example.com") == 0
    assert send(api, event(id="3", lead={"external_id": "walk-in"})).status_code == 202
