"""Reading leads, their arithmetic, decisions and timeline over HTTP."""

from typing import Any

import pytest

from tests.admin.api_client import Api, event
from tests.admin.deciding import REPS, decide_all, start_with_policy


def asked(api: Api, headers: dict[str, str], address: str) -> Any:
    answer = api.client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def reader(api: Api) -> dict[str, str]:
    """An installation with three decided leads, and a key that reads them."""
    start_with_policy()
    sent = [
        event(1, company={"employees": "120"}, lead={"external_id": "lead-1", "email": "Li.Na@Example.com"}),
        event(2, type="demo.requested", traits={"tags": "x", "shoe": 43}),
        event(3, company={"employees": "many"}),
    ]
    assert api.send(sent, api.key()).status_code == 202
    assert decide_all(api.clock) == 3
    return api.key("reader", ["leads:read"])


def test_a_lead_shows_what_it_is_and_where_it_stands(api: Api, reader: dict[str, str]) -> None:
    (lead,) = asked(api, reader, "/v1/leads?email=li.na@example.com")["items"]
    assert lead["identities"] == {"external_id": "lead-1", "email": "li.na@example.com"}
    assert lead["facts"]["company.employees"] == 120
    assert lead["facts"]["lead.email"] == "li.na@example.com"
    assert (lead["stage"], lead["owner"], lead["scores"]["fit"], lead["scores"]["cell"]) == (
        "ready",
        REPS[0],
        40,
        "A.cold",
    )
    assert lead["policy"]["number"] == 1
    assert lead["waiting_events"] == 0
    assert asked(api, reader, f"/v1/leads/{lead['id']}") == lead


def test_unknown_names_are_kept_and_unreadable_values_noted(api: Api, reader: dict[str, str]) -> None:
    (second,) = asked(api, reader, "/v1/leads?external_id=lead-2")["items"]
    assert second["extras"] == {"lead.shoe": 43}
    (third,) = asked(api, reader, "/v1/leads?external_id=lead-3")["items"]
    assert [(note["field"], note["raw"]) for note in third["notes"]] == [("company.employees", "many")]
    assert "company.employees" not in third["facts"]


def test_lists_go_on_page_by_page(api: Api, reader: dict[str, str]) -> None:
    first = asked(api, reader, "/v1/leads?limit=2")
    second = asked(api, reader, f"/v1/leads?limit=2&cursor={first['next']}")
    names = [lead["identities"]["external_id"] for lead in first["items"] + second["items"]]
    assert (names, second["next"]) == (["lead-1", "lead-2", "lead-3"], None)


def test_filters_narrow_the_list(api: Api, reader: dict[str, str]) -> None:
    counts = {"stage=ready": 3, "stage=won": 0, "cell=D.hot": 1, f"owner={REPS[0]}": 3, "phone=13812345678": 0}
    assert {query: len(asked(api, reader, f"/v1/leads?{query}")["items"]) for query in counts} == counts


def test_a_bad_question_is_a_problem_not_a_wider_answer(api: Api) -> None:
    headers = api.key("reader", ["leads:read"])
    bad = ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=%00", "emial=x", "email=nobody", "stage=a%00b"]
    for query in bad:
        answer = api.client.get(f"/v1/leads?{query}", headers=headers)
        assert (answer.status_code, answer.content_type) == (422, "application/problem+json"), query


def test_a_lead_that_is_not_there_is_not_found(api: Api) -> None:
    headers = api.key("reader", ["leads:read"])
    for lead in ("0", "99", "9223372036854775808", "9" * 40, "x", "-1"):
        for part in ("", "/ledger", "/decisions", "/timeline", "/explain"):
            assert api.client.get(f"/v1/leads/{lead}{part}", headers=headers).status_code == 404, (lead, part)


def test_the_reasons_are_told_in_three_languages(api: Api, reader: dict[str, str]) -> None:
    told = {
        lang: asked(api, reader, f"/v1/leads/1/explain?lang={lang}")["sentences"]
        for lang in ("en", "zh_Hans", "zh_Hant")
    }
    assert "  +40  size.mid" in told["en"]
    assert "静态评分" in told["zh_Hans"][1]
    assert told["zh_Hant"][1] not in {told["en"][1], told["zh_Hans"][1]}
    assert api.client.get("/v1/leads/1/explain?lang=fr", headers=reader).status_code == 422


def test_the_ledger_adds_up_to_the_scores(api: Api, reader: dict[str, str]) -> None:
    again = [event(n, type="demo.requested", lead={"external_id": "lead-2"}) for n in (4, 5)]
    api.send(again, api.key("more"))
    decide_all(api.clock)
    (lead,) = asked(api, reader, "/v1/leads?external_id=lead-2")["items"]
    ledger = asked(api, reader, f"/v1/leads/{lead['id']}/ledger")
    assert ledger["engagement"] == lead["scores"]["engagement"] == 50
    assert [line["contribution"] for line in ledger["ledger"]] == [30, 20, 0]
    assert [line["cut_by"] for line in ledger["ledger"]] == [None, "group", "group"]
    assert (
        sum(line["contribution"] for line in ledger["ledger"]) + sum(a["amount"] for a in ledger["adjustments"]) == 50
    )


def test_a_decision_names_every_candidate_with_its_reason(api: Api, reader: dict[str, str]) -> None:
    (lead,) = asked(api, reader, "/v1/leads?external_id=lead-1")["items"]
    (decision,) = asked(api, reader, f"/v1/leads/{lead['id']}/decisions")["items"]
    assert (decision["stage_before"], decision["stage"], decision["owner"]) == (None, "ready", REPS[0])
    assert decision["assignment"]["candidates"] == [{"person": REPS[0], "reason": "chosen"}]
    assert decision["event"]["id"] == "e-1"


def test_an_event_tells_where_it_stands(api: Api, reader: dict[str, str]) -> None:
    found = asked(api, reader, "/v1/events/web/e-1")
    assert (found["status"], found["decision"]["stage"]) == ("decided", "ready")
    api.send(event(9, id="a/b c"), api.key("late"))
    found = asked(api, reader, "/v1/events/late/a/b%20c")
    assert (found["status"], found["decision"]) == ("waiting", None)
    assert api.client.get("/v1/events/web/none", headers=reader).status_code == 404


def test_the_timeline_holds_events_and_decisions_in_order(api: Api, reader: dict[str, str]) -> None:
    api.send(event(4, lead={"external_id": "lead-1"}), api.key("late"))
    (lead,) = asked(api, reader, "/v1/leads?external_id=lead-1")["items"]
    assert lead["waiting_events"] == 1
    items = asked(api, reader, f"/v1/leads/{lead['id']}/timeline")["items"]
    assert [(item["id"], item["status"]) for item in items] == [("e-1", "decided"), ("e-4", "waiting")]
    assert items[0]["decision"]["event"]["id"] == "e-1"


def test_reading_needs_its_scope(api: Api, reader: dict[str, str]) -> None:
    assert api.client.get("/v1/leads", headers=api.key("writer", ["leads:write"])).status_code == 403
    assert api.client.get("/v1/leads", headers=api.key("page", public=True)).status_code == 403
    assert api.client.get("/v1/leads").status_code == 401
