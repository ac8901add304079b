"""`run_until`: virtual time gives the same order as live processing (R6.8, R9.2)."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.core.lead.model import LeadEvent
from engine.simulation.simulate import rules_of
from engine.simulation.timeline import run_until
from rulesets.policy.policy import Policy
from rulesets.roster.roster import Calendar, Roster
from tests.engine.core.scored_leads import model, policy, signal

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALL_TO_SDR = {"default": {"action": "sdr"}}
CLOCK = {
    "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
    "window": {"hours": 2}, "warn_at": [50], "on_breach": [{"do": "reassign"}],
}  # fmt: skip
IN_TURN = {"key": "inbound", "role": "sdr"}


def document(**parts: Any) -> Policy:
    given: dict[str, Any] = {"assignment": [IN_TURN], "sla": [CLOCK], **parts}
    return policy(given.pop("model", model([{}, signal()], matrix=ALL_TO_SDR)), **given)


def team(*people: str, **parts: Any) -> Roster:
    several = [{"email": f"{name}@example.com", "role": "sdr", **parts} for name in people]
    return Roster.model_validate({"format": "baton.roster/1", "people": several})


def happened(type_: str, hours: float, lead: str = "a", **more: Any) -> LeadEvent:
    moment = START + timedelta(hours=hours)
    return replace(LeadEvent("s", f"{type_}:{lead}:{hours}", type_, moment, {"external_id": lead}), **more)


def run(events: Sequence[LeadEvent], hours: float, roster: Roster, rules: Policy | None = None) -> list[dict[str, Any]]:
    return list(run_until(rules_of(rules or document()), roster, events, START + timedelta(hours=hours)))


def story(line: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(decision["event"], decision["owner"]) for decision in line["decisions"]]


ANN, BOB = "ann@example.com", "bob@example.com"


def test_a_clock_warns_breaches_and_the_next_person_gets_the_lead() -> None:
    (line,) = run([happened("content.downloaded", 0)], 3, team("ann", "bob"))
    assert story(line) == [("content.downloaded", ANN), ("sla.warned", ANN), ("sla.breached", BOB), ("sla.warned", BOB)]
    assert [(clock["owner"], clock["state"]) for clock in line["clocks"]] == [(ANN, "breached"), (BOB, "running")]
    assert line["clocks"][0]["ended_at"] == "2026-03-02T11:00:00Z"
    assert line["decisions"][2]["candidates"] == [
        {"person": ANN, "reason": "previous"}, {"person": BOB, "reason": "chosen"},
    ]  # fmt: skip


def test_a_touch_in_time_meets_the_clock() -> None:
    events = [happened("content.downloaded", 0), happened("lead.touched", 1, actor=ANN)]
    (line,) = run(events, 5, team("ann", "bob"))
    assert [clock["state"] for clock in line["clocks"]] == ["met"]


def test_at_one_instant_the_clock_comes_before_the_event() -> None:
    events = [happened("content.downloaded", 0), happened("lead.touched", 2, actor=ANN)]
    (line,) = run(events, 2, team("ann", "bob"))
    assert line["clocks"][0]["state"] == "breached"
    assert line["owner"] == BOB


def test_leads_are_shared_evenly() -> None:
    events = [happened("content.downloaded", 0, f"lead-{number:02}") for number in range(30)]
    owners = [line["owner"] for line in run(events, 0, team("ann", "bob", "eve"))]
    assert {owners.count(owner) for owner in set(owners)} == {10}


def test_a_capped_person_gets_the_queued_lead_of_the_best_cell_on_the_next_day() -> None:
    matrix = {"default": {"action": "sdr", "priority": 3}, "cells": {"D.warm": {"action": "sdr", "priority": 1}}}
    rules = document(model=model([{}, signal(points=20)], matrix=matrix), sla=[])
    events = [happened("content.downloaded", 0, "first"), happened("lead.identified", 1, "cold"),
              happened("content.downloaded", 2, "warm")]  # fmt: skip
    roster = team("ann", caps={"day": 1})
    waiting = {line["lead"]["external_id"]: line["owner"] for line in run(events, 3, roster, rules)}
    assert waiting == {"first": ANN, "cold": None, "warm": None}
    next_day = {line["lead"]["external_id"]: line for line in run(events, 24, roster, rules)}
    assert (next_day["warm"]["owner"], next_day["cold"]["owner"]) == (ANN, None)
    served = next_day["warm"]["decisions"][-1]
    assert (served["event"], served["at"]) == ("queue.assigned", "2026-03-02T16:00:00Z")


def test_capacity_that_is_freed_serves_whoever_waits() -> None:
    events = [
        happened("content.downloaded", 0, "a"),
        happened("content.downloaded", 1, "b"),
        happened("lead.disqualified", 2, "a", properties={"reason": "other"}),
    ]
    lines = run(events, 3, team("ann", capacity=1), document(sla=[]))
    assert [line["owner"] for line in lines][1] == ANN


def test_nothing_disturbs_a_lead_that_nobody_can_take() -> None:
    events = [happened("content.downloaded", 0), happened("lead.identified", 5)]
    (line,) = run(events, 100, team("ann", active=False), document(sla=[]))
    assert [name for name, _ in story(line)] == ["content.downloaded", "lead.identified"]


def test_a_queued_lead_whose_facts_now_match_is_served() -> None:
    by_region = {**IN_TURN, "match": [{"rep": "territories", "field": "lead.region"}]}
    events = [happened("content.downloaded", 0), happened("lead.identified", 1, traits={"region": "east"})]
    (line,) = run(events, 1, team("ann", territories=["East"]), document(assignment=[by_region], sla=[]))
    assert story(line)[-1] == ("queue.assigned", ANN)


def test_time_alone_moves_a_score_at_midnight_of_the_policy_zone() -> None:
    """R3.6, R9.2."""
    decay = {"curve": "expire", "days": 1}
    rules = document(model=model([{}, signal(decay=decay)], matrix=ALL_TO_SDR), sla=[])
    (line,) = run([happened("content.downloaded", 0)], 24 * 5, team("ann"), rules)
    refreshes = [decision["at"] for decision in line["decisions"] if decision["event"] == "score.refreshed"]
    assert refreshes == ["2026-03-03T16:00:00Z"]
    assert line["engagement"] == 0


def test_a_decision_meanwhile_puts_the_refresh_off() -> None:
    rules = document(model=model([{}, signal(decay={"curve": "expire", "days": 1})], matrix=ALL_TO_SDR), sla=[])
    events = [happened("content.downloaded", 0), happened("lead.identified", 25)]
    (line,) = run(events, 24 * 5, team("ann"), rules)
    assert "score.refreshed" not in [decision["event"] for decision in line["decisions"]]


def test_leads_of_one_company_hear_what_one_of_them_says() -> None:
    fit = {"groups": [{"key": "g", "rules": [
        {"key": "big", "when": {"field": "company.employees", "op": "gte", "value": 100}, "points": 30}]}]}  # fmt: skip
    rules = document(model=model([{}, signal()], fit=fit), sla=[])
    events = [happened("lead.identified", 0, "a", company={"domain": "corp.cn"}),
              happened("lead.identified", 1, "b", company={"domain": "corp.cn", "employees": 500}),
              happened("lead.identified", 2, "b", company={"domain": "other.cn"})]  # fmt: skip
    first, second = run(events, 1, team(), rules)
    assert (first["fit"], second["fit"]) == (30, 30)
    assert first["decisions"][-1]["event"] == "score.refreshed"
    assert run(events, 2, team(), rules)[0]["fit"] == 0


def test_two_leads_that_prove_to_be_one_go_on_as_one() -> None:
    mail = {"email": "li@corp.cn"}
    events = [
        happened("content.downloaded", 0),
        LeadEvent("s", "m", "content.downloaded", START + timedelta(hours=0.5), mail),
        LeadEvent("s", "j", "lead.identified", START + timedelta(hours=1), {"external_id": "a", **mail}),
        LeadEvent("s", "k", "lead.identified", START + timedelta(hours=1.5), {"external_id": "a", **mail}),
    ]
    (line,) = run(events, 1.6, team("ann", "bob"))
    assert line["lead"] == {"external_id": "a", **mail}
    assert (line["owner"], line["engagement"]) == (ANN, 20)
    assert [(clock["owner"], clock["state"]) for clock in line["clocks"]] == [(ANN, "running"), (BOB, "cancelled")]
    assert ("lead.merged", ANN) in story(line)


def test_imported_history_starts_nothing() -> None:
    (line,) = run([happened("opportunity.won", 0, imported=True)], 100, team("ann"))
    assert (line["stage"], line["owner"], line["clocks"]) == ("won", None, [])


def test_the_same_input_gives_the_same_bytes_in_whatever_order() -> None:
    """R9.2."""
    events = [happened("content.downloaded", number % 7, f"lead-{number}") for number in range(20)]
    texts = [json.dumps(run(order, 30, team("ann", "bob"))) for order in (events, events, events[::-1])]
    assert len(set(texts)) == 1


def test_without_events_nothing_happens() -> None:
    assert run([], 1, team("ann")) == []


# ------------------------------------------------------------------------------------------------ working time
OFFICE = {"key": "office", "timezone": "UTC", "hours": {day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue")}}


def with_calendar(*people: str, **parts: Any) -> Roster:
    return team(*people, calendar="office", **parts).model_copy(
        update={"calendars": (Calendar.model_validate(OFFICE),)}
    )


def test_a_business_clock_counts_and_warns_by_the_owners_working_time() -> None:
    rules = document(sla=[{**CLOCK, "clock": "business", "window": {"hours": 4}}])
    (line,) = run([happened("content.downloaded", 0)], 10, with_calendar("ann", "bob"), rules)
    assert [(d["event"], d["at"][11:16]) for d in line["decisions"]] == [
        ("content.downloaded", "09:00"), ("sla.warned", "11:00"), ("sla.breached", "14:00"), ("sla.warned", "16:00"),
        ("sla.breached", "18:00"),
    ]  # fmt: skip


def test_a_lead_that_waits_for_working_time_is_served_at_opening() -> None:
    rules = document(assignment=[{**IN_TURN, "off_hours": "wait"}], sla=[])
    (line,) = run([happened("content.downloaded", 3.5)], 5, with_calendar("ann"), rules)
    assert [(d["event"], d["owner"], d["at"][11:16]) for d in line["decisions"]] == [
        ("content.downloaded", None, "12:30"), ("queue.assigned", ANN, "13:00"),
    ]  # fmt: skip
    assert line["decisions"][0]["candidates"] == [{"person": ANN, "reason": "off_hours"}]


def test_who_is_off_is_skipped_and_whoever_has_no_calendar_is_always_there() -> None:
    rules = document(assignment=[{**IN_TURN, "off_hours": "skip"}])
    roster = with_calendar("ann")
    roster = roster.model_copy(update={"people": (*roster.people, *team("bob").people)})
    (line,) = run([happened("content.downloaded", 3.5)], 4, roster, rules)
    assert line["owner"] == BOB
