"""Every work action over HTTP: its effect, and its refusals with code and remedy."""

from collections.abc import Iterator
from typing import Any

import pytest

from admin.clicks import ACTIONS
from admin.text.refusals import REFUSALS
from engine.core.qualification.stages import WORK
from engine.store.orm import unit_of_work
from engine.store.schema.roster_tables import Person, Team
from tests.admin.api_client import Api, event
from tests.admin.deciding import POLICY, REPS, decide_all, somebody_deciding, start_with_policy

LI, WANG = REPS
ZHAO, BOSS, CHEN, GONE = (f"{name}@example.com" for name in ("zhao", "boss", "chen", "gone"))
RULES: dict[str, Any] = {
    **POLICY,
    "reasons": {"reject": [{"key": "no_budget"}], "release": [{"key": "no_time"}], "disqualify": [{"key": "student"}]},
    "feedback": {"on_reject": "pool", "on_release": "pool"},
    "pool": {"protection": {"days": 10}, "claim": {"per_day": 2, "holding": 3, "cooldown": {"days": 7}}},
}


class Desk:
    """Somebody decides; people act through keys of their own."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._keys: dict[str | None, dict[str, str]] = {}

    def key(self, person: str | None) -> dict[str, str]:
        if person not in self._keys:
            name = (person or "crm").split("@")[0]
            self._keys[person] = self.api.key(name, ["leads:write", "leads:read", "events:write"], person=person)
        return self._keys[person]

    def work(self, action: str, person: str | None, lead: int = 1, **said: Any) -> Any:
        body = {"action": action, **said}
        return self.api.client.post(f"/v1/leads/{lead}/work", json=body, headers=self.key(person))

    def done(self, action: str, person: str | None, lead: int = 1, **said: Any) -> Any:
        answer = self.work(action, person, lead, **said)
        assert answer.status_code == 200, answer.json
        return answer.json

    def refused(self, action: str, person: str | None, lead: int = 1, **said: Any) -> str:
        answer = self.work(action, person, lead, **said)
        assert (answer.status_code, answer.json["code"]) == (409, "illegal_move"), answer.json
        assert answer.json["mend"] == str(REFUSALS[answer.json["reason"]].mend)
        assert answer.json["detail"].endswith(answer.json["mend"])
        return str(answer.json["reason"])

    def lead(self, number: int) -> Any:
        return self.api.client.get(f"/v1/leads/{number}", headers=self.key(None)).json

    def mql(self, number: int) -> int:
        """A lead that goes straight to sales; returns its id, which is the number."""
        self.send(event(number, type="demo.requested", company={"employees": 80, "name": f"c{number}"}))
        return number

    def send(self, item: dict[str, Any], person: str | None = None) -> None:
        answer = self.api.send(item, self.key(person))
        assert answer.status_code == 202, answer.json
        decide_all(self.api.clock)


@pytest.fixture
def desk(api: Api) -> Iterator[Desk]:
    """Li and Zhao call, Wang and Chen sell, a boss heads the team of Wang and Chen; lead 1 is an MQL."""
    start_with_policy(RULES)
    with unit_of_work() as session:
        session.add(Team(key="east", head=BOSS))
        session.add(Person(email=ZHAO, role="sdr", details={}))
        session.add(Person(email=BOSS, role="manager", details={}))
        session.add(Person(email=CHEN, role="sales", team="east", capacity=1, details={}))
        session.add(Person(email=GONE, role="sales", team="east", active=False, details={}))
        session.get_one(Person, WANG).team = "east"
    desk = Desk(api)
    desk.mql(1)
    with somebody_deciding(api.clock):
        if desk.lead(1)["owner"] != WANG:
            desk.done("assign", BOSS, to=WANG)
        yield desk


def test_the_actions_are_those_of_the_contract_and_events_of_the_stage_table() -> None:
    assert " ".join(ACTIONS) == "touch qualify accept reject release claim assign dispatch disqualify recycle reopen"
    assert {action.event for action in ACTIONS.values()} <= set(WORK)


def test_an_owner_accepts_and_nobody_accepts_twice(desk: Desk) -> None:
    assert desk.refused("accept", CHEN) == "not_owner"
    assert desk.done("accept", WANG)["stage"] == "sql"
    assert desk.refused("accept", WANG) == "wrong_stage"


def test_a_rejected_lead_is_claimed_by_another_but_not_by_whoever_let_it_go(desk: Desk) -> None:
    assert desk.refused("claim", CHEN) == "not_in_pool"
    assert desk.refused("reject", WANG, reason="ugly") == "reason_unknown"
    rejected = desk.done("reject", WANG, reason="no_budget", note="next year")
    assert (rejected["stage"], rejected["owner"]) == ("mql", None)
    assert desk.refused("claim", WANG) == "cooldown"
    assert desk.refused("claim", LI) == "wrong_role"
    assert desk.refused("claim", None) == "person_required"
    claimed = desk.done("claim", CHEN)
    assert (claimed["owner"], claimed["rep"], claimed["stage"]) == (CHEN, CHEN, "mql")


def test_claims_have_a_limit_a_day(desk: Desk) -> None:
    for number in (1, 2, 3):
        if desk.lead(number if number == 1 else desk.mql(number))["owner"] == WANG:
            desk.done("assign", BOSS, number, to=CHEN)
        desk.done("reject", CHEN, number, reason="no_budget")
    assert [desk.done("claim", WANG, number)["owner"] for number in (1, 2)] == [WANG, WANG]
    assert desk.refused("claim", WANG, 3) == "claims_per_day"


def test_a_released_lead_lies_in_the_pool_as_an_mql(desk: Desk) -> None:
    desk.done("accept", WANG)
    assert desk.refused("release", CHEN, reason="no_time") == "not_owner"
    released = desk.done("release", WANG, reason="no_time")
    assert (released["stage"], released["owner"]) == ("mql", None)


def test_a_manager_gives_a_lead_to_anybody_active_and_hears_what_speaks_against_it(desk: Desk) -> None:
    assert desk.refused("assign", BOSS, to="nobody@example.com") == "unknown_person"
    assert desk.refused("assign", BOSS, to=GONE) == "inactive_person"
    assert desk.refused("assign", BOSS, to=f" {WANG.upper()} ") == "already_owner"
    assert desk.refused("assign", LI, to=LI) == "not_owner"
    given = desk.done("assign", BOSS, to=CHEN)
    assert (given["owner"], given["rep"], given["warnings"]) == (CHEN, CHEN, [])
    second = desk.mql(2)
    if desk.lead(second)["owner"] == CHEN:
        desk.done("assign", BOSS, second, to=WANG)
    over = desk.done("assign", BOSS, second, to=CHEN)
    assert over["owner"] == CHEN
    assert over["warnings"] == [{"code": "capacity", "message": "has as many open leads as allowed"}]


def test_the_head_of_a_team_dispatches_their_leads_to_people_of_it(desk: Desk) -> None:
    assert desk.refused("dispatch", WANG, to=CHEN) == "not_of_team"
    desk.done("assign", BOSS, to=BOSS)
    assert desk.refused("dispatch", BOSS, to=LI) == "not_of_team"
    assert desk.done("dispatch", BOSS, to=CHEN)["owner"] == CHEN


def test_a_lead_is_recycled_disqualified_and_reopened(desk: Desk) -> None:
    recycled = desk.done("recycle", WANG)
    assert (recycled["stage"], recycled["owner"], recycled["facts"].get("lead.cycle")) == ("nurture", None, None)
    assert desk.refused("recycle", WANG) == "no_owner"
    assert desk.refused("reopen", WANG) == "wrong_stage"
    assert desk.done("disqualify", WANG, reason="student")["stage"] == "disqualified"
    assert desk.done("reopen", WANG)["stage"] == "nurture"


def test_a_trusted_system_without_a_person_speaks_for_the_owner(desk: Desk) -> None:
    assert desk.done("touch", None, channel="call", result="reached")["owner"] == WANG
    assert desk.done("accept", None)["stage"] == "sql"


def test_opportunities_come_as_events_with_the_actor_of_the_key(desk: Desk) -> None:
    desk.done("accept", WANG)
    for number, (kind, said, stage) in enumerate(OPPORTUNITIES, start=20):
        desk.send(event(number, type=kind, lead={"external_id": "lead-1"}, properties=said), WANG)
        assert desk.lead(1)["stage"] == stage, kind
    timeline = desk.api.client.get("/v1/leads/1/timeline", headers=desk.key(None)).json
    assert timeline is not None
    assert {item["actor"] for item in timeline["items"] if item["type"].startswith("opportunity.")} == {WANG}
    strange = event(9, type="opportunity.won", lead={"external_id": "lead-1"}, actor=CHEN)
    answer = desk.api.send(strange, desk.key(WANG)).json
    assert answer is not None
    assert [item["path"] for item in answer["rejected"]] == ["actor"]


OPPORTUNITIES: list[tuple[str, dict[str, Any], str]] = [
    ("opportunity.created", {"amount": 120000}, "opportunity"),
    ("opportunity.withdrawn", {"reason": "paused"}, "sql"),
    ("opportunity.created", {"amount": 90000}, "opportunity"),
    ("opportunity.won", {"amount": 88000}, "won"),
]


def test_a_key_without_leads_write_tells_of_no_opportunity(desk: Desk) -> None:
    answer = desk.api.send(event(5, type="opportunity.won"), desk.api.key("shop"))
    assert answer.status_code == 403
