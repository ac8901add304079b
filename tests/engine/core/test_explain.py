"""Decisions as data: all their reasons, as codes and values without language."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from engine.core.explain import (
    LINES_KEPT,
    decision_body,
    effect_body,
    moment,
    note_body,
    scores_body,
    struck_body,
    verdict_body,
)
from engine.core.lead.model import Note
from engine.core.notify.effects import Compensation, Reset
from engine.core.outcome import Outcome
from engine.core.sla.discipline import Struck, SuspensionBegun
from tests.engine.core.decided_leads import ANN, BOB, FIRST_TOUCH, IN_TURN, Story, rules
from tests.engine.core.scored_leads import NOW, event, model, policy, scores, signal, verdict

READY: dict[str, Any] = {"answers": {"grade": "B"}}
NOTE = Note("company.employees", "not_a_number", "many", "web", "e1", NOW)
AT = "2026-11-20T09:30:00Z"


def body(outcome: Outcome, *notes: Note, **more: Any) -> Mapping[str, Any]:
    one = replace(event("lead.identified", id_="e1"), **more)
    told = decision_body(outcome, one, notes, "d1g3s7")
    assert json.loads(json.dumps(told)) == told
    return told


def test_a_decision_names_its_event_its_policy_its_scores_and_what_is_missing() -> None:
    told = body(Story(rules(FIRST_TOUCH), ()).happens(**READY))
    assert told["event"] == {"source": "web", "id": "e1", "type": "lead.identified", "occurred_at": AT}
    assert told["policy"] == "d1g3s7"
    assert (told["scores"]["cell"], told["scores"]["fit_rules"]) == (
        "B.cold", [{"group": "g", "rule": "b", "points": 40.0}],
    )  # fmt: skip
    assert told["verdict"]["missing"] == [{"code": "condition", "route": "asked"}]
    assert told["verdict"]["missing_route"] == "asked"


def test_parts_that_say_nothing_are_left_out() -> None:
    told = body(Story(rules()).happens())
    assert told.keys() == {"event", "policy", "scores", "verdict"}


def test_actor_notes_refusal_and_import_are_told() -> None:
    outcome = Story(rules()).happens("lead.accepted", actor=ANN)
    told = body(outcome, NOTE, actor=ANN, imported=True)
    assert (told["actor"], told["imported"], told["refused"]["code"]) == (ANN, True, "wrong_stage")
    assert told["notes"] == [note_body(NOTE)] == [
        {"field": "company.employees", "code": "not_a_number", "raw": "many", "source": "web", "event_id": "e1",
         "occurred_at": AT},
    ]  # fmt: skip


def test_an_assignment_tells_every_candidate_and_the_policies_that_yielded_nobody() -> None:
    none = {"key": "night", "role": "sdr", "priority": 1, "reps": [BOB], "when": {"all": []}, "match": [
        {"rep": "territories", "field": "lead.region"},
    ]}  # fmt: skip
    told = body(Story(rules(assignment=[none, *IN_TURN])).happens(**READY))["assignment"]
    assert (told["role"], told["policy"], told["chosen"], told["otherwise"]) == ("sdr", "sdrs", ANN, None)
    assert told["candidates"] == [{"person": ANN, "reason": "chosen"}, {"person": BOB, "reason": "eligible"}]
    assert told["tried"] == [{"policy": "night", "candidates": [{"person": BOB, "reason": "no_match"}]}]


def test_a_breach_tells_its_clock_the_actions_asked_for_and_the_clock_that_starts() -> None:
    lead = Story(rules({**FIRST_TOUCH, "on_breach": [{"do": "reassign"}, {"do": "notify", "to": "manager"}]}))
    first = body(lead.happens(**READY))
    assert [(clock["owner"], clock["state"], clock["due_at"]) for clock in first["clocks"]] == [
        (ANN, "running", "2026-11-20T10:00:00Z"),
    ]  # fmt: skip
    told = body(lead.breach("first_touch"))
    assert (told["breach"]["owner"], told["breach"]["state"]) == (ANN, "breached")
    assert told["actions"] == [{"do": "reassign"}, {"do": "notify", "to": "manager"}]
    assert [clock["owner"] for clock in told["clocks"]] == [BOB]


def test_every_effect_is_told_by_what_it_does_and_the_deadline_of_the_owner_with_it() -> None:
    actions = [{"do": "notify", "to": "manager"}, {"do": "strike"}, {"do": "tag", "tag": "slow"}, {"do": "reassign"}]
    lead = Story(rules({**FIRST_TOUCH, "on_breach": actions}, pool={"protection": {"days": 10}}))
    given = body(lead.happens(answers={"grade": "B"}))
    assert given["protected_until"] == moment(NOW + timedelta(days=10))
    effects = body(lead.breach("first_touch"))["effects"]
    assert [(one["does"], one.get("kind")) for one in effects] == [
        ("record", "missed"), ("tell", "sla_breached"), ("strike", None), ("tag", None), ("tell", "assigned"),
        ("tell", "taken"),
    ]  # fmt: skip
    given_back = effect_body(Compensation("sdrs", ANN))
    assert given_back == {"does": "compensate", "policy": "sdrs", "person": ANN}
    assert effect_body(Reset(ANN, "first_touch"))["does"] == "reset"


def test_a_strike_tells_how_many_of_how_many_and_until_when_somebody_is_suspended() -> None:
    begun = SuspensionBegun(ANN, "sdr", "sdr:first_touch", NOW, NOW + timedelta(days=30))
    told = [struck_body(Struck(ANN, "sdr:first_touch", n, 2, until)) for n, until in ((1, None), (2, begun))]
    assert [(one["count"], one["of"], one["suspended_until"]) for one in told] == [
        (1, 2, None), (2, 2, moment(NOW + timedelta(days=30))),
    ]  # fmt: skip


def test_only_clocks_that_a_decision_changed_are_told() -> None:
    lead = Story(rules(FIRST_TOUCH))
    lead.happens(**READY)
    assert "clocks" not in body(lead.happens("page.viewed", 1))
    met = body(lead.happens("lead.touched", 2, actor=ANN))["clocks"]
    assert [(clock["state"], clock["met_at"], clock["met_late"]) for clock in met] == [
        ("met", "2026-11-20T09:32:00Z", False),
    ]  # fmt: skip


def test_scores_add_up_even_when_only_the_latest_occurrences_are_listed() -> None:
    rule = policy(model(({"max": 500}, signal(points=10, max=300), signal("v", "page.viewed", 1))))
    events = [event(days_ago=number + 1) for number in range(LINES_KEPT + 9)]
    told = scores_body(scores(rule, None, *events, event("page.viewed")))
    assert (len(told["ledger"]), told["ledger"][-1]["signal"]) == (LINES_KEPT, "v")
    assert told["signals"] == [
        {"group": "g0", "signal": "s", "count": LINES_KEPT + 9, "value": 590.0, "contribution": 300.0},
        {"group": "g0", "signal": "v", "count": 1, "value": 1.0, "contribution": 1.0},
    ]
    assert told["engagement"] == sum(part["contribution"] for part in told["signals"])
    assert "truncated" not in told


def test_bounds_that_raise_a_score_and_a_shortened_history_are_told() -> None:
    raised = policy(model(({"min": 5}, signal(points=1)), fit={"groups": [{"key": "size", "min": 3}]}))
    told = scores_body(replace(scores(raised, None, event()), truncated=True))
    assert told["adjustments"] == [{"level": "group", "key": "g0", "amount": 4.0}]
    assert told["fit_groups"] == [{"group": "size", "sum": 0.0, "points": 3.0}]
    assert told["truncated"] is True


def test_what_is_missing_is_left_out_for_leads_that_cannot_become_an_mql_any_more() -> None:
    items = [{"key": "i", "when": {"all": []}}]
    checklist = {"key": "ck", "items": items, "require": {"met": 1}}
    rule = policy(qualification={"checklists": [checklist], "mql": [{"key": "far", "min_fit": 9}]})
    told = verdict_body(verdict(rule), missing=False)
    assert (told["missing"], told["missing_route"], told["route"]) == ([], None, None)
    assert told["checklists"] == {"ck": {"met": 1, "of": 1, "required": 1, "passed": True, "items": ["i"]}}


def test_moments_are_told_in_utc() -> None:
    there = datetime(2026, 11, 20, 17, 30, tzinfo=timezone(timedelta(hours=8)))
    assert moment(there) == AT
