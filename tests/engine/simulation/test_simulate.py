"""`score_at`: every lead once at a moment, by the live code, in memory (R9.1)."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.model import LeadEvent
from engine.simulation.simulate import rules_of, score_at
from rulesets.policy.policy import Policy
from tests.engine.core.scored_leads import NOW, event, model, policy, signal

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "cases" / "scoring.json").read_text("utf-8"))
GROUPS = {"lead": "traits", "company": "company", "answers": "answers"}
DOWNLOADS = policy(model([{}, signal()]))


def at(document: Policy, events: Iterable[LeadEvent], now: datetime = NOW) -> list[dict[str, Any]]:
    return list(score_at(rules_of(document), events, now))


def facts_event(facts: dict[str, Any], now: datetime) -> LeadEvent:
    """The event that says these facts, early enough to be history."""
    groups: dict[str, dict[str, Any]] = {name: {} for name in GROUPS.values()}
    for name, value in facts.items():
        group, _, key = name.partition(".")
        groups[GROUPS[group]][key] = value
    traits, company, answers = groups.values()
    return LeadEvent("facts", "facts", "lead.identified", now, {"external_id": "c1"}, traits, company, answers)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_golden_case_holds_in_a_simulation(case: dict[str, Any]) -> None:
    now = datetime.fromisoformat(case["now"])
    events = [
        LeadEvent(
            "case", e["id"], e["type"], datetime.fromisoformat(e["occurred_at"]), {"external_id": "c1"},
            properties=e.get("properties", {}),
        )
        for e in case["events"]
    ]  # fmt: skip
    (line,) = at(Policy.model_validate(case["policy"]), [*events, facts_event(case["facts"], now)], now)
    for checklist in line["checklists"].values():
        del checklist["items"]
    assert {name: line[name] for name in case["expect"]} == case["expect"]


def who(name: str) -> dict[str, str]:
    return {"external_id": name}


def test_lines_come_by_first_event_then_external_id() -> None:
    """R9.1: the order of the lines."""
    events = [
        event(days_ago=1, identities=who("b")),
        event(days_ago=3, identities=who("z")),
        event(days_ago=1, identities=who("a")),
    ]
    assert [line["lead"]["external_id"] for line in at(DOWNLOADS, events)] == ["z", "a", "b"]


def test_what_is_later_than_the_moment_is_not_yet_history() -> None:
    """R1.9, R9.1."""
    events = [event(days_ago=1, identities=who("a")), event(days_ago=-1, identities=who("a")),
              event(days_ago=-1, identities=who("b"))]  # fmt: skip
    (line,) = at(DOWNLOADS, events)
    assert (line["lead"], line["engagement"]) == (who("a"), 10)


def test_an_event_given_twice_counts_once() -> None:
    one = event(identities=who("a"))
    assert at(DOWNLOADS, [one, one])[0]["engagement"] == 10


def test_two_leads_that_prove_to_be_one_are_scored_as_one() -> None:
    events = [
        event(days_ago=3, identities={"email": "li@corp.cn"}),
        event(days_ago=2, identities=who("c1")),
        event(days_ago=1, identities={"external_id": "c1", "email": "li@corp.cn"}),
        event(days_ago=0, identities={"email": "li@corp.cn"}),
    ]
    (line,) = at(DOWNLOADS, events)
    assert line["lead"] == {"external_id": "c1", "email": "li@corp.cn"}
    assert line["engagement"] == 40


def test_a_lead_sees_what_others_say_of_its_company_and_how_many_they_are() -> None:
    rules = policy(
        model(fit={"groups": [{"key": "g", "rules": [
            {"key": "big", "when": {"field": "company.employees", "op": "gte", "value": 100}, "points": 30},
            {"key": "three", "when": {"field": "account.leads", "op": "gte", "value": 2}, "points": 10},
            {"key": "active", "when": {"field": "account.active_leads", "op": "eq", "value": 1}, "points": 5},
            {"key": "decider", "when": {"field": "account.roles", "op": "has_any", "value": ["decider"]}, "points": 1},
        ]}]})
    )  # fmt: skip
    events = [
        event(days_ago=60, identities=who("a"), company={"domain": "corp.cn"}, traits={"buyer_role": "decider"}),
        event(identities=who("b"), company={"domain": "corp.cn", "employees": 120}),
        event(identities=who("c"), company={"domain": "other.cn"}),
    ]
    assert {line["lead"]["external_id"]: line["fit"] for line in at(rules, events)} == {"a": 46, "b": 46, "c": 5}


def test_a_model_of_accounts_scores_all_of_their_events() -> None:
    events = [event(identities=who(name), company={"domain": "corp.cn"}) for name in "ab"]
    rules = policy(model([{}, signal()], scores="account"))
    assert [line["engagement"] for line in at(rules, events)] == [20, 20]


SALES = {"default": {"action": "sdr"}}
CONFIRMED = {"mql": [{"key": "talked", "confirm": "sdr", "min_engagement": 10}]}


def test_a_route_passes_without_confirmation_but_the_stage_waits_for_it() -> None:
    """R9.1."""
    rules = policy(model([{}, signal()], matrix=SALES), qualification=CONFIRMED)
    (line,) = at(rules, [event(identities=who("a"))])
    assert (line["route"], line["stage"]) == ("talked", "ready")
    assert line["missing"] == [{"code": "confirm", "by": "sdr"}]


def test_a_confirmed_lead_is_an_mql_and_misses_nothing() -> None:
    rules = policy(model([{}, signal()], matrix=SALES), qualification=CONFIRMED)
    confirmed = LeadEvent("s", "q", "lead.qualified", NOW, who("a"), actor="li@example.com")
    (line,) = at(rules, [event(identities=who("a")), confirmed])
    assert (line["route"], line["stage"], line["missing"]) == ("talked", "mql", [])


def test_nobody_owns_a_lead_that_is_only_scored() -> None:
    """R9.1: no people, no clocks."""
    (line,) = at(DOWNLOADS, [event(identities=who("a"))])
    assert (line["owner"], line["sdr"], line["rep"], line["decisions"], line["clocks"]) == (None, None, None, [], [])


def test_touches_are_counted() -> None:
    rules = policy(model(), qualification={"red_flags": [
        {"key": "worn_out", "when": {"field": "lead.touches", "op": "gte", "value": 2}}]})  # fmt: skip
    touches = [event("lead.touched", days, identities=who("a")) for days in (1, 2)]
    assert at(rules, touches)[0]["flagged"] == ["worn_out"]


def test_without_events_there_are_no_lines() -> None:
    assert at(DOWNLOADS, []) == []


@given(st.permutations(range(6)))
def test_the_order_of_the_file_does_not_matter(order: list[int]) -> None:
    several = [
        LeadEvent("s", f"e{n}", "content.downloaded", NOW - timedelta(days=n % 3), who("ab"[n % 2])) for n in range(6)
    ]
    assert at(DOWNLOADS, [several[n] for n in order]) == at(DOWNLOADS, several)
