"""Every call of docs/contract/design.md §5 answers with its status and with at least these keys.

Statuses of bad keys and scopes, `Allow` and `/openapi.json` against the table of routes: tests/admin/api.
"""

import dataclasses
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engine.store.access.keys import SCOPES
from tests.admin.api_client import Api, event, told
from tests.admin.deciding import POLICY, REPS, decide_all, somebody_deciding, start_with_policy
from tests.outside.keys import lacking

LEAD = (
    "id stage owner sdr rep identities facts notes scores.model scores.fit scores.engagement scores.grade scores.heat "
    "scores.cell scores.at checklists missing clocks policy.number policy.digest waiting_events"
)
EVENT = "source id type occurred_at received_at lead body actor imported status due_at attempts error decision"
DECISION = (
    "id event.source event.id event.type event.occurred_at lead at policy.number policy.digest stage_before stage "
    "owner_before owner cell refused assignment detail"
)
PAGE = "items next"
TAKEN = "accepted duplicates rejected"
PROBLEM = "type title status code detail"
LINT = "publishable digest findings cases.green cases.red cases.rules cases.untouched"
VERSION = "number digest name active published_at published_by reason bypassed act_on_existing signatures"
SEGMENT: dict[str, Any] = {"userId": "lead-1", "messageId": "m-1", "event": "Demo Requested"}
READS = [
    ("/v1/leads?stage=mql&cell=A.hot&limit=1&email=&external_id=lead-1&phone=&owner=", PAGE),
    ("/v1/leads/1", LEAD),
    ("/v1/leads/1/ledger", "lead at model fit fit_rules engagement ledger adjustments"),
    ("/v1/leads/1/decisions", PAGE),
    ("/v1/leads/1/timeline", PAGE),
    ("/v1/leads/1/explain?lang=zh_Hans", "lead lang sentences"),
    ("/v1/events/web/e-1", EVENT),
    ("/v1/policy/draft", "format name timezone"),
    ("/v1/policy/versions", "items"),
    ("/v1/policy/versions/1", f"{VERSION} document"),
    ("/v1/policy/diff", "items"),
    ("/v1/policy/scheduled", "items"),
    ("/v1/roster", "format people"),
    ("/v1/roster/eligibility/2026-12?role=sales", "emails"),
    ("/v1/pool", PAGE),
    ("/v1/notices", PAGE),
    *((f"/v1/reports/{name}", "report from to tables") for name in ("fairness", "sla", "speed", "conversion", "load")),
    ("/healthz", "status"),
    ("/openapi.json", "openapi paths components"),
]
POSTS = [
    ("/v1/events", event(11), 202, TAKEN),
    ("/v1/events", [event(12), event(13)], 202, TAKEN),
    *((f"/v1/{kind}", SEGMENT, 200, "success") for kind in ("identify", "track", "page", "screen", "group", "alias")),
    ("/v1/batch", {"batch": [{**SEGMENT, "type": "track", "messageId": "m-2"}]}, 200, "success"),
    ("/v1/simulate", {"policy": "active", "events": []}, 200, "policy.name policy.digest at items"),
    ("/v1/policy/lint", POLICY, 200, LINT),
    ("/v1/notices/read", {"person": REPS[0], "ids": "all"}, 200, "marked unread"),
]


@pytest.fixture
def keys(api: Api) -> dict[str, str]:
    """One decided lead, an MQL of a sales person; headers of a key that may do everything."""
    start_with_policy()
    api.send(event(1, type="demo.requested", company={"employees": 80}), api.key())
    decide_all(api.clock)
    return api.key("all", SCOPES)


def faults(answer: TestResponse, status: int, wanted: str) -> set[str]:
    """What an answer lacks, the right status included."""
    wrong = (
        set() if answer.status_code == status else {f"{answer.status_code} instead of {status}: {answer.text[:300]}"}
    )
    return wrong | lacking(told(answer), wanted)


def test_scopes_have_their_names() -> None:
    named = "events:write leads:read leads:write policy:read policy:write roster:read roster:write"
    assert set(named.split()) <= set(SCOPES)


def test_every_reading_call_answers_with_its_keys(api: Api, keys: dict[str, str]) -> None:
    for path, wanted in READS:
        assert faults(api.client.get(path, headers=keys), 200, wanted) == set(), path


def test_every_sending_call_answers_with_its_keys(api: Api, keys: dict[str, str]) -> None:
    for path, body, status, wanted in POSTS:
        assert faults(api.client.post(path, json=body, headers=keys), status, wanted) == set(), path


def test_items_of_lists_have_their_keys(api: Api, keys: dict[str, str]) -> None:
    def first(path: str) -> Any:
        return told(api.client.get(path, headers=keys))["items"][0]

    assert lacking(first("/v1/leads"), LEAD) == set()
    assert lacking(first("/v1/leads/1/timeline"), EVENT) == set()
    assert lacking(first("/v1/policy/versions"), VERSION) == set()
    decision = first("/v1/leads/1/decisions")
    assert lacking(decision, DECISION) == set()
    assert {"person", "reason"} <= decision["assignment"]["candidates"][0].keys()
    assert lacking(told(api.client.get("/v1/events/web/e-1", headers=keys))["decision"], DECISION) == set()
    (line,) = told(api.client.get("/v1/leads/1/ledger", headers=keys))["ledger"]
    assert lacking(line, "group signal event_id occurred_at raw factor value contribution cut_by") == set()


def test_rejected_items_and_problems_have_their_keys(api: Api, keys: dict[str, str]) -> None:
    mixed = api.client.post("/v1/events", json=[event(20), event(21, id="")], headers=keys)
    assert lacking(told(mixed)["rejected"][0], "index code path message") == set()
    refused = api.client.post("/v1/events", json=[event(21, id="")], headers=keys)
    assert faults(refused, 422, f"{PROBLEM} {TAKEN}") == set()
    assert faults(api.client.get("/v1/leads/99", headers=keys), 404, PROBLEM) == set()
    assert faults(api.client.get("/v1/leads"), 401, PROBLEM) == set()


def test_segment_clients_send_their_write_key_as_user_name(api: Api, keys: dict[str, str]) -> None:
    token = keys["Authorization"].removeprefix("Bearer ")
    assert api.client.post("/v1/track", json=SEGMENT, auth=(token, "")).status_code == 200


def test_work_is_answered_with_the_lead_the_event_or_the_reason(api: Api, keys: dict[str, str]) -> None:
    wang = api.key("wang", ["leads:write", "leads:read"], person=REPS[1])

    def work(**body: Any) -> TestResponse:
        return api.client.post("/v1/leads/1/work", json=body, headers=wang)

    waiting = work(action="touch", channel="call", result="reached")
    assert faults(waiting, 202, f"status event.{' event.'.join(EVENT.split())}") == set()
    assert waiting.headers["Location"].startswith("/v1/events/")
    with somebody_deciding(api.clock):
        assert faults(work(action="accept"), 200, f"{LEAD} warnings") == set()
        assert faults(work(action="accept"), 409, f"{PROBLEM} reason mend decision.id") == set()


def test_documents_are_replaced_by_who_saw_them(api: Api, keys: dict[str, str]) -> None:
    draft, roster = api.client.get("/v1/policy/draft", headers=keys), api.client.get("/v1/roster", headers=keys)

    def put(path: str, body: Any, seen: TestResponse) -> TestResponse:
        return api.client.put(path, json=body, headers=keys | {"If-Match": seen.headers["ETag"]})

    assert faults(put("/v1/policy/draft", POLICY, draft), 200, "revision digest") == set()
    assert faults(put("/v1/roster", told(roster), roster), 200, "added updated deactivated unchanged affected") == set()
    emails = {"emails": [REPS[1]]}
    answer = api.client.put("/v1/roster/eligibility/2026-12?role=sales", json=emails, headers=keys)
    assert faults(answer, 200, "added removed unchanged") == set()


def test_a_publication_is_answered_with_its_version(api: Api, keys: dict[str, str]) -> None:
    api.app.config["BATON_SETTINGS"] = dataclasses.replace(api.app.config["BATON_SETTINGS"], signoff="none")
    api.client.put("/v1/policy/draft", json=POLICY, headers=keys | {"If-Match": "*"})
    body = {"reason": "next quarter", "act_on_existing": "none"}
    done = api.client.post("/v1/policy/publish", json=body, headers=keys)
    assert faults(done, 200, "number digest changed") == set()
    planned = api.client.post("/v1/policy/publish", json=body | {"at": "2099-01-01T09:00"}, headers=keys)
    assert faults(planned, 200, "number digest changed scheduled at") == set()


def test_monitoring_reads_readiness_and_figures(api: Api) -> None:
    ready = api.client.get("/readyz")
    wanted = "ready policy checks.database checks.queue checks.migrations checks.workers waiting_events lag_seconds"
    assert faults(ready, 503, wanted) == set(), "no worker runs"
    figures = api.client.get("/metrics").text
    for name in ("waiting_events", "lag_seconds", "set_aside_events", "leads", "clocks", "deliveries", "queued_leads"):
        assert f"# TYPE baton_{name} gauge" in figures
    assert api.client.get("/docs/api").status_code == 200
