"""One event, one decision, end to end with the interpreter: stages, feedback, people (R4.1–R4.7, R5.1)."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.assignment.assignment import Member
from engine.core.decide import is_before_mql, state_values
from engine.core.lead.merging import join
from engine.core.lead.model import Stage
from engine.core.lead.state import LeadState, PassedOver, Queued
from tests.engine.core.decided_leads import ANN, BOB, EVE, HEAD, IN_TURN, SAM, SUE, TEAM, Story, rules
from tests.engine.core.scored_leads import ALWAYS, NOW

NEVER = {"none": [ALWAYS]}
READY: dict[str, Any] = {"answers": {"grade": "B"}}
MQL: dict[str, Any] = {"answers": {"budget": True}}


def story(*clocks: Any, members: Any = TEAM, state: LeadState | None = None, **parts: Any) -> Story:
    return Story(rules(*clocks, **parts), members, state)


def ready(**parts: Any) -> Story:
    lead = story(**parts)
    lead.happens(**READY)
    return lead


def mql(**parts: Any) -> Story:
    """An MQL of Sam's that Ann had before."""
    lead = ready(**parts)
    lead.happens("lead.identified", 1, **MQL)
    return lead


def reject(lead: Story, minute: float = 2, **more: Any) -> Any:
    return lead.happens("lead.rejected", minute, properties={"reason": "no_need"}, **{"actor": SAM, **more})


# ------------------------------------------------------------------------------------------------ first event
@pytest.mark.parametrize(
    ("answers", "stage", "owner"),
    [
        ({}, Stage.NURTURE, None),
        ({"grade": "B"}, Stage.READY, ANN),
        ({"grade": "A"}, Stage.MQL, SAM),
        ({"budget": True}, Stage.MQL, SAM),
        ({"grade": "C"}, Stage.DISQUALIFIED, None),
        ({"rival": True, "budget": True}, Stage.DISQUALIFIED, None),
    ],
)
def test_the_first_event_takes_a_lead_at_once_where_its_cell_or_route_says(
    answers: dict[str, Any], stage: Stage, owner: str | None
) -> None:
    lead = story()
    outcome = lead.happens(answers=answers)
    assert (outcome.before.stage, lead.stage(), lead.state.owner) == (None, stage, owner)
    assert is_before_mql(lead.state) == (stage in {Stage.NURTURE, Stage.READY})


def test_work_on_a_lead_nobody_has_heard_of_finds_it_raw() -> None:
    lead = story()
    assert lead.happens("lead.touched", actor=ANN).refusal is None
    assert (lead.stage(), lead.state.touches) == (Stage.NURTURE, 1)
    assert story().happens("opportunity.won").refusal is not None


def test_refused_work_moves_nothing_but_its_facts_count() -> None:
    lead = ready()
    outcome = lead.happens("lead.accepted", 1, actor=ANN, **MQL)
    assert outcome.refusal is not None
    assert outcome.refusal.code == "wrong_stage"
    assert lead.stage() is Stage.MQL


def test_conditions_read_the_stage_and_the_people_of_the_lead() -> None:
    new = {"field": "lead.stage", "op": "eq", "value": "raw"}
    lead = story(qualification={"exclusions": [{"key": "new", "when": new}]})
    assert lead.happens().verdict.excluded == "new"
    assert state_values(LeadState())["lead.stage"] is None


# ------------------------------------------------------------------------------------------------ who gets it
def test_a_ready_lead_gets_an_sdr_and_an_mql_a_sales_person_beside_the_sdr() -> None:
    lead = ready()
    assert (lead.state.owner, lead.state.sdr, lead.state.rep) == (ANN, ANN, None)
    outcome = lead.happens("lead.identified", 1, **MQL)
    assert (lead.state.owner, lead.state.sdr, lead.state.rep, lead.state.assigned_by) == (SAM, ANN, SAM, "reps")
    assert outcome.choice is not None
    assert [(c.person, c.reason.value) for c in outcome.choice.candidates] == [(SAM, "chosen"), (SUE, "eligible")]


def test_a_lead_that_has_an_owner_needs_nobody() -> None:
    assert ready().happens("page.viewed", 1).need is None


def test_without_anybody_the_lead_is_queued_at_its_cells_priority_and_keeps_its_place() -> None:
    cells = {"cells": {"B.cold": {"action": "sdr", "priority": 1}}}
    fit = {"groups": [{"key": "g", "rules": [{"key": "b", "when": ALWAYS, "points": 40}]}]}
    lead = story(members=(), models=[{"key": "m", "fit": {**fit, "grades": {"B": 40}}, "matrix": cells}])
    lead.happens()
    assert lead.state.queued is not None
    assert (lead.state.queued.role, lead.state.queued.since, lead.state.queued.priority) == ("sdr", NOW, 1)
    assert lead.happens("page.viewed", 5).need is None
    assert lead.happens("queue.assigned", 6).need is not None
    assert lead.state.queued.since == NOW
    lead.members = TEAM
    lead.happens("queue.assigned", 7)
    assert lead.state.owner == ANN
    assert lead.state == replace(lead.state, queued=None)


def test_a_queued_lead_that_becomes_an_mql_waits_for_sales_instead() -> None:
    lead = ready(members=[Member(SAM, "sales", active=False)])
    lead.happens("lead.identified", 9, **MQL)
    assert lead.state.queued is not None
    assert lead.state.queued.role == "sales"


def test_otherwise_pool_puts_the_lead_into_the_pool_where_it_is_left_until_claimed() -> None:
    lead = ready(assignment=[{"key": "sdrs", "role": "sdr", "teams": ["x"], "otherwise": "pool"}])
    assert (lead.state.pool_since, lead.state.queued, lead.state.owner) == (NOW, None, None)
    assert lead.happens("page.viewed", 1).need is None
    lead.happens("lead.claimed", 2, actor=BOB)
    assert (lead.state.owner, lead.state.sdr, lead.state.pool_since) == (BOB, BOB, None)


def test_a_pooled_lead_that_becomes_an_mql_goes_to_sales() -> None:
    lead = ready(assignment=[{"key": "sdrs", "role": "sdr", "teams": ["x"], "otherwise": "pool"}, IN_TURN[1]])
    lead.happens("lead.identified", 1, **MQL)
    assert (lead.state.owner, lead.state.pool_since) == (SAM, None)


def test_a_policy_applies_while_its_condition_holds_and_one_named_by_the_cell_alone() -> None:
    vip = {"field": "answers.grade", "op": "eq", "value": "B"}
    chosen: list[dict[str, Any]] = [
        {"key": "vip", "role": "sdr", "when": vip, "reps": [BOB], "priority": 1},
        IN_TURN[0],
    ]
    assert ready(assignment=chosen).state.assigned_by == "vip"
    assert ready(assignment=[{**chosen[0], "when": NEVER}, IN_TURN[0]]).state.assigned_by == "sdrs"


def test_policies_read_scores_and_checklists() -> None:
    when = {"all": [
        {"field": "score.grade", "op": "eq", "value": "B"},
        {"field": "checklist.ck.met", "op": "eq", "value": 1},
    ]}  # fmt: skip
    checklist = {"key": "ck", "items": [{"key": "i", "when": ALWAYS}], "require": {"met": 1}}
    lead = ready(assignment=[{**IN_TURN[0], "when": when}], qualification={"checklists": [checklist]})
    assert lead.state.owner == ANN


# ------------------------------------------------------------------------------------------------ leads from elsewhere
def test_an_imported_lead_is_given_to_nobody_unless_that_is_asked_for() -> None:
    for properties, owner in (({}, None), ({"assign": False}, None), ({"assign": True}, ANN)):
        lead = story()
        lead.happens("lead.identified", imported=True, properties=properties, **READY)
        assert (lead.stage(), lead.state.owner, lead.state.queued) == (Stage.READY, owner, None)


def test_an_imported_win_is_a_win_from_the_first_event_on() -> None:
    lead = story()
    lead.happens("opportunity.won", imported=True, **READY)
    assert lead.stage() is Stage.WON


def test_an_imported_rejection_gives_the_lead_to_its_sdr_only_on_request() -> None:
    for assign, owner in ((False, None), (True, ANN)):
        lead = mql()
        lead.happens("lead.rejected", 2, imported=True, properties={"assign": assign})
        assert (lead.stage(), lead.state.owner) == (Stage.READY, owner)


# ------------------------------------------------------------------------------------------------ exclusions
def test_an_excluded_lead_returns_to_nurture_when_the_exclusion_ends_and_then_follows_its_cell() -> None:
    lead = ready()
    lead.happens("lead.identified", 1, answers={"rival": True})
    assert (lead.stage(), lead.state.disqualified_by) == (Stage.DISQUALIFIED, "rule")
    lead.happens("lead.identified", 2, answers={"rival": False})
    assert (lead.stage(), lead.state.disqualified_by) == (Stage.READY, None)
    assert lead.state.owner == BOB


def test_what_a_person_disqualified_stays_so_until_it_is_reopened() -> None:
    lead = ready()
    lead.happens("lead.disqualified", 1, actor=ANN, properties={"reason": "student"})
    lead.happens("lead.identified", 2, **MQL)
    assert lead.stage() is Stage.DISQUALIFIED
    lead.happens("lead.reopened", 3)
    assert (lead.stage(), lead.state.owner, lead.state.sdr, lead.state.cycle) == (Stage.NURTURE, None, ANN, 2)


# ------------------------------------------------------------------------------------------------ sent back or recycled
def test_a_rejected_lead_returns_to_its_sdr_and_is_no_mql_until_something_new() -> None:
    lead = mql()
    reject(lead)
    assert (lead.stage(), lead.state.owner, lead.state.rep) == (Stage.READY, ANN, SAM)
    for number, quiet in enumerate(("lead.touched", "page.viewed", "score.refreshed"), 3):
        lead.happens(quiet, number)
        assert lead.stage() is Stage.READY
    for not_later in (1.5, 2):
        lead.happens("content.downloaded", not_later, now=6)
        assert lead.stage() is Stage.READY
    lead.happens("content.downloaded", 7)
    assert (lead.stage(), lead.state.owner) == (Stage.MQL, SUE)


def test_a_changed_fact_wakes_a_lead_that_was_sent_back_and_an_older_one_does_not() -> None:
    lead = mql()
    reject(lead)
    lead.happens("lead.identified", 1.5, traits={"city": "上海"}, now=3)
    assert lead.stage() is Stage.READY
    lead.happens("lead.identified", 4, traits={"city": "北京"})
    assert lead.stage() is Stage.MQL


def test_something_new_that_was_decided_before_the_late_rejection_wakes_the_lead_with_it() -> None:
    lead = mql()
    lead.happens("content.downloaded", 5)
    reject(lead, 3, now=6)
    assert (lead.stage(), lead.state.acts_after, lead.state.reject_reason) == (Stage.MQL, None, "no_need")
    assert lead.state.owner == SUE


def test_a_confirmation_holds_through_a_rejection_but_not_through_a_recycling() -> None:
    confirmed = {"mql": [{"key": "asked", "confirm": "sdr"}]}
    lead = ready(qualification=confirmed)
    assert lead.stage() is Stage.READY
    lead.happens("lead.qualified", 1, actor=ANN)
    assert lead.stage() is Stage.MQL
    reject(lead)
    assert lead.happens("page.viewed", 3).verdict.route == "asked"
    lead.happens("lead.recycled", 4, actor=ANN)
    assert lead.happens("page.viewed", 5).verdict.route is None


def test_a_rejected_lead_whose_sdr_is_gone_is_given_by_the_sdr_policy() -> None:
    lead = mql()
    lead.members = (replace(TEAM[0], active=False), *TEAM[1:])
    outcome = reject(lead)
    assert outcome.need is not None
    assert (lead.state.owner, lead.state.sdr) == (BOB, BOB)


def test_a_rejected_lead_whose_sdr_sells_by_now_is_given_by_the_sdr_policy() -> None:
    lead = mql()
    lead.members = (replace(TEAM[0], role="sales"), *TEAM[1:])
    reject(lead)
    assert lead.state.owner == BOB


def test_a_lead_its_sdr_released_goes_to_somebody_else() -> None:
    lead = ready(feedback={"on_release": "sdr"})
    lead.happens("lead.released", 1, actor=ANN, properties={"reason": "busy"})
    assert (lead.stage(), lead.state.owner, lead.state.sdr) == (Stage.READY, BOB, BOB)
    assert lead.state.passed_over == (PassedOver(ANN, "released", lead.state.acts_after or NOW),)


def test_a_refused_release_gives_a_waiting_lead_to_nobody() -> None:
    lead = story(state=LeadState(stage=Stage.READY, sdr=ANN, queued=Queued("sdr", NOW, 3)))
    assert lead.happens("lead.released", 1, actor=EVE, properties={"reason": "busy"}).refusal is not None
    assert lead.state.owner is None


def test_a_rejected_lead_that_goes_to_the_pool_belongs_to_nobody() -> None:
    lead = mql(feedback={"on_reject": "pool"})
    reject(lead)
    assert (lead.stage(), lead.state.owner, lead.state.queued) == (Stage.MQL, None, None)
    assert lead.happens("page.viewed", 3).need is None


def test_a_recycled_lead_waits_for_something_new_and_may_go_to_anybody_again() -> None:
    lead = ready()
    lead.happens("lead.recycled", 1, actor=HEAD)
    assert (lead.stage(), lead.state.owner, lead.state.sdr, lead.state.cycle) == (Stage.NURTURE, None, ANN, 2)
    lead.happens("page.viewed", 2)
    assert lead.stage() is Stage.NURTURE
    lead.happens("content.downloaded", 3)
    assert (lead.stage(), lead.state.owner) == (Stage.READY, BOB)


def test_an_opportunity_is_won_by_the_way_of_the_table() -> None:
    lead = mql()
    for minute, type_ in enumerate(("lead.accepted", "opportunity.created", "opportunity.won"), 2):
        assert lead.happens(type_, minute, actor=SAM).refusal is None
    assert (lead.stage(), lead.state.owner, lead.state.sdr) == (Stage.WON, SAM, ANN)


def test_a_lead_that_several_people_share_moves_nowhere_whatever_its_scores_say() -> None:
    """R1.14."""
    lead = story()
    outcome = lead.happens("lead.identified", 0, answers={"grade": "A", "budget": True}, visitor=True)
    assert (outcome.cell.action, outcome.need, lead.stage()) == ("sales", None, Stage.RAW)
    assert lead.happens("score.refreshed", 1).after.visitor


# ------------------------------------------------------------------------------------------------ merging
def test_a_merged_lead_goes_on_with_the_stage_that_stays_and_is_decided_again() -> None:
    lead, other = mql(), ready()
    lead.state = join(lead.state, other.state)
    outcome = lead.happens("lead.merged", 3)
    assert (outcome.refusal, outcome.need, lead.stage(), lead.state.owner) == (None, None, Stage.MQL, SAM)


def test_strangers_are_nobodys_sdr() -> None:
    lead = mql()
    lead.state = replace(lead.state, sdr=EVE)
    reject(lead)
    assert lead.state.owner == BOB
