"""Access and erasure over HTTP: who may, what is refused, what the answers hold."""

from typing import Any

import pytest

from engine.store.roster.roster import import_roster
from tests.admin.api_client import NOW, Api, event, told
from tests.admin.deciding import REPS, decide_all, somebody_deciding, start_with_policy
from tests.engine.searching import places_of, redis_texts
from workers import queues

ANNA: dict[str, Any] = {"email": "anna@acme.example", "external_id": "CRM-77123"}


@pytest.fixture
def system(api: Api) -> dict[str, str]:
    """An installation with one MQL, Anna (lead 1, of a sales person), and the key of a trusted system."""
    start_with_policy()
    said = {"traits": {"name": "Anna Lindqvist"}, "company": {"employees": 80}}
    api.send(event(1, type="demo.requested", lead=ANNA, **said), api.key())
    decide_all(api.clock)
    return api.key("crm", ["events:write", "leads:write", "leads:read"])


def erased(number: int = 9, **lead: str) -> dict[str, Any]:
    return event(number, type="lead.erased", lead=lead)


def test_an_erasure_of_somebody_unknown_is_refused_with_a_sentence_and_makes_no_lead(
    api: Api, system: dict[str, str]
) -> None:
    """R4.8."""
    answer = api.send(erased(email="stranger@else.example"), system)
    assert (answer.status_code, told(answer)["accepted"]) == (422, 0)
    (rejected,) = told(answer)["rejected"]
    assert (rejected["code"], rejected["path"]) == ("unknown_lead", "lead")
    assert "names nobody" in rejected["message"]
    assert len(told(api.client.get("/v1/leads", headers=system))["items"]) == 1
    assert places_of(["stranger@else"]) == []


def test_of_a_list_only_the_erasure_of_somebody_unknown_is_refused(api: Api, system: dict[str, str]) -> None:
    body = [{"id": "bad"}, event(5), erased(email="stranger@else.example"), erased(8, **ANNA)]
    answer = told(api.send(body, system))
    assert (answer["accepted"], [one["index"] for one in answer["rejected"]]) == (2, [0, 2])


def test_an_erasure_by_event_is_decided_and_repeated_without_effect(api: Api, system: dict[str, str]) -> None:
    asked = erased(email=ANNA["email"])
    assert told(api.send(asked, system))["accepted"] == 1
    decide_all(api.clock)
    assert told(api.send(asked, system)) == {"accepted": 0, "duplicates": 1, "rejected": []}
    found = told(api.client.get("/v1/events/crm/e-9", headers=system))
    assert (found["status"], found["type"]) == ("decided", "lead.erased")
    assert places_of([*ANNA.values(), "Lindqvist"]) == []


def test_a_lead_is_erased_by_its_number_and_answers_with_what_stays(api: Api, system: dict[str, str]) -> None:
    before = told(api.client.get("/v1/leads/1", headers=system))
    with somebody_deciding(api.clock):
        answer = api.client.post("/v1/leads/1/erase", headers=system)
        again = api.client.post("/v1/leads/1/erase", headers=system)
        reopened = api.client.post("/v1/leads/1/work", json={"action": "reopen"}, headers=system)
    lead = told(answer)
    assert answer.status_code == 200
    assert lead["erased_at"] is not None
    assert (lead["owner"], lead["stage"]) == (None, "disqualified")
    assert [lead["scores"][name] for name in ("fit", "engagement", "cell")] == [
        before["scores"][name] for name in ("fit", "engagement", "cell")
    ]
    assert all(value.startswith("erased:") for value in lead["identities"].values())
    assert [(one.status_code, told(one)["reason"]) for one in (again, reopened)] == [(409, "erased")] * 2
    assert places_of([*ANNA.values(), "Lindqvist"]) == []
    everything = " ".join(redis_texts(queues.client()))
    assert [value for value in [*ANNA.values(), "Lindqvist"] if value in everything] == []


@pytest.mark.parametrize(("role", "status"), [("sales", 403), ("manager", 202)])
def test_of_the_people_a_key_may_be_bound_to_managers_erase(
    api: Api, system: dict[str, str], role: str, status: int
) -> None:
    person = "somebody@example.com"
    rows = [{"email": person, "role": role}]
    import_roster({"format": "baton.roster/1", "people": rows}, by="boss", now=NOW)
    key = api.key("person", ["events:write", "leads:write"], person=person)
    assert api.client.post("/v1/leads/1/erase", headers=key).status_code == status
    by_event = api.send(erased(**ANNA), key)
    assert by_event.status_code == (202 if role == "manager" else 403)


def test_a_key_that_may_not_write_leads_erases_nobody(api: Api, system: dict[str, str]) -> None:
    assert api.send(erased(**ANNA), api.key("browser", ["events:write"])).status_code == 403
    assert api.client.post("/v1/leads/1/erase", headers=api.key("r", ["leads:read"])).status_code == 403


def test_everything_kept_about_a_person_is_exported(api: Api, system: dict[str, str]) -> None:
    answer = told(api.client.get("/v1/leads/1/export", headers=system))
    assert answer["lead"]["facts"]["lead.name"] == "Anna Lindqvist"
    stored = answer["stored"]
    assert {row["value"] for row in stored["identity"]} == set(ANNA.values())
    assert stored["event"][0]["body"]["traits"] == {"name": "Anna Lindqvist"}
    assert stored["decision"]
    assert stored["assignment"]


def test_people_export_only_leads_they_have_or_had(api: Api, system: dict[str, str]) -> None:
    mine = api.key("wang", ["leads:read"], person=REPS[1])
    other = api.key("other", ["leads:read"], person=REPS[0])
    assert api.client.get("/v1/leads/1/export", headers=mine).status_code == 200
    assert api.client.get("/v1/leads/1/export", headers=other).status_code == 403
    assert api.client.get("/v1/leads/99/export", headers=system).status_code == 404
