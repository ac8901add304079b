"""Clocks on a lead's way: met, breached, reassigned, restarted (R6.1–R6.5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.core.lead.model import Stage
from engine.core.lead.state import PassedOver
from rulesets.policy.vocabulary import EDITION
from tests.engine.core.decided_leads import ANN, BOB, FIRST_TOUCH, HEAD, IN_TURN, SAM, SUE, TEAM, Story, rules
from tests.engine.core.scored_leads import NOW

READY: dict[str, Any] = {"answers": {"grade": "B"}}
MQL: dict[str, Any] = {"answers": {"budget": True}}
ACCEPT = {
    "key": "accept", "role": "sales", "starts_on": {"assigned": "sales"}, "met_by": ["lead.accepted"],
    "cancelled_by": ["lead.rejected"], "window": {"hours": 48}, "on_breach": [{"do": "reassign"}],
}  # fmt: skip


def ready(*clocks: Any, edition: int = EDITION, **parts: Any) -> Story:
    lead = Story(rules(*(clocks or (FIRST_TOUCH,)), **parts), edition=edition)
    lead.happens(**READY)
    return lead


def states(lead: Story) -> list[tuple[str, str | None, str]]:
    return [(clock.key, clock.owner, clock.state) for clock in lead.clocks]


def test_a_ready_lead_starts_the_clock_of_its_owner_and_a_touch_meets_it() -> None:
    lead = ready()
    assert (lead.clock("first_touch").owner, lead.clock("first_touch").due_at) == (ANN, NOW + timedelta(minutes=30))
    lead.happens("lead.touched", 30, actor=ANN)
    assert states(lead) == [("first_touch", ANN, "met")]


def test_a_touch_by_a_foreign_name_meets_the_clock_of_its_event() -> None:
    lead = ready({**FIRST_TOUCH, "met_by": ["webinar.attended"]})
    lead.happens("Joined Webinar", 5)
    assert states(lead) == [("first_touch", ANN, "met")]


def test_a_clock_starts_at_the_decision_even_if_the_event_is_older() -> None:
    lead = Story(rules(FIRST_TOUCH))
    lead.happens("lead.identified", -60, now=0, **READY)
    assert lead.clock("first_touch").started_at == NOW


def test_a_breach_takes_the_lead_to_somebody_else_and_the_clock_starts_again() -> None:
    lead = ready()
    outcome = lead.breach("first_touch", 31)
    assert (lead.stage(), lead.state.owner, lead.state.sdr) == (Stage.READY, BOB, BOB)
    assert lead.state.passed_over == (PassedOver(ANN, "missed", NOW + timedelta(minutes=30)),)
    assert lead.state.breaches == {"first_touch": 1}
    assert [action.do for action in outcome.actions] == ["reassign"]
    assert outcome.breached is not None
    assert outcome.choice is not None
    assert {c.person: c.reason.value for c in outcome.choice.candidates} == {ANN: "previous", BOB: "chosen"}
    assert states(lead) == [("first_touch", ANN, "breached"), ("first_touch", BOB, "running")]
    assert lead.clock("first_touch").started_at == NOW + timedelta(minutes=31)


def test_when_nobody_is_left_the_lead_is_queued_without_owner_and_without_clock() -> None:
    lead = ready()
    lead.breach("first_touch")
    lead.breach("first_touch")
    assert (lead.state.owner, lead.stage()) == (None, Stage.READY)
    assert lead.state.queued is not None
    assert [state for _, _, state in states(lead)] == ["breached", "breached"]
    lead.members = (*TEAM, replace(TEAM[0], email="new@example.com"))
    lead.happens("queue.assigned", 90)
    assert lead.state.owner == "new@example.com"
    assert states(lead)[-1] == ("first_touch", "new@example.com", "running")


def test_a_reassignment_asks_the_policy_that_chose_the_owner() -> None:
    both = [{"key": "night", "role": "sdr", "priority": 1, "reps": ["none@example.com"]}, *IN_TURN]
    lead = ready(assignment=both)
    assert lead.state.assigned_by == "sdrs"
    outcome = lead.breach("first_touch")
    assert outcome.need is not None
    assert outcome.need.named == "sdrs"
    assert lead.state.owner == BOB


def test_a_lead_that_came_back_to_its_sdr_is_not_given_back_to_them_after_they_missed_it() -> None:
    lead = ready()
    lead.happens("lead.touched", 1, actor=ANN)
    lead.happens("lead.identified", 2, **MQL)
    lead.happens("lead.rejected", 3, actor=SAM, properties={"reason": "no_need"})
    assert (lead.state.owner, lead.clock("first_touch").state) == (ANN, "running")
    lead.breach("first_touch")
    assert (lead.state.owner, lead.state.breaches) == (BOB, {"first_touch": 1})


def test_breaches_are_counted_until_the_clock_is_met_and_a_chain_replaces_the_actions() -> None:
    chain = {"after_breaches": 2, "actions": [{"do": "notify", "to": "manager"}]}
    lead = ready({**FIRST_TOUCH, "then": chain})
    assert [action.do for action in lead.breach("first_touch").actions] == ["reassign"]
    assert [action.do for action in lead.breach("first_touch").actions] == ["notify"]
    assert (lead.state.owner, lead.state.breaches) == (BOB, {"first_touch": 2})


def test_a_met_clock_forgets_the_breaches() -> None:
    lead = ready()
    lead.breach("first_touch")
    lead.happens("lead.touched", 40, actor=BOB)
    assert (lead.clock("first_touch").state, lead.state.breaches) == ("met", {})
    lead.happens("lead.touched", 41, actor=BOB)
    assert lead.state.breaches == {}


def test_a_breach_decided_twice_or_of_a_clock_that_ended_does_nothing() -> None:
    lead = ready()
    clock = lead.clock("first_touch")
    lead.happens("lead.touched", 1, actor=ANN)
    outcome = lead.happens("sla.breached", 31, properties={"clock": clock.id})
    assert (outcome.breached, outcome.actions, outcome.need, lead.state.owner) == (None, (), None, ANN)


def test_who_takes_the_lead_further_while_the_breach_is_on_its_way_keeps_it() -> None:
    lead = ready()
    lead.clocks = tuple(replace(clock, fired=True) for clock in lead.clocks)
    lead.happens("lead.identified", 30, **MQL)
    outcome = lead.breach("first_touch", 31)
    assert outcome.breached is not None
    assert (lead.stage(), lead.state.owner, outcome.need) == (Stage.MQL, SAM, None)
    assert [missed.person for missed in lead.state.passed_over] == [ANN]


def test_who_got_the_lead_while_the_old_owners_breach_is_on_its_way_keeps_it_and_gets_a_clock() -> None:
    lead = ready(feedback={"on_release": "sdr"})
    lead.clocks = tuple(replace(clock, fired=True) for clock in lead.clocks)
    lead.happens("lead.released", 31, actor=ANN, properties={"reason": "busy"})
    assert (lead.state.owner, states(lead)) == (BOB, [("first_touch", ANN, "running")])
    assert lead.breach("first_touch", 32).need is None
    assert lead.state.owner == BOB
    assert states(lead) == [("first_touch", ANN, "breached"), ("first_touch", BOB, "running")]


def test_a_breach_from_before_the_recycling_is_forgotten() -> None:
    lead = ready()
    lead.clocks = tuple(replace(clock, fired=True) for clock in lead.clocks)
    lead.happens("lead.recycled", 31, actor=ANN)
    outcome = lead.breach("first_touch", 32)
    assert outcome.breached is not None
    assert (lead.state.passed_over, lead.state.breaches) == ((), {})


def test_nobody_misses_a_clock_without_owner() -> None:
    lead = Story(rules({**FIRST_TOUCH, "starts_on": {"event": "lead.identified"}}), ())
    lead.happens(**READY)
    assert states(lead) == [("first_touch", None, "running")]
    lead.breach("first_touch")
    assert (lead.state.passed_over, lead.state.breaches) == ((), {"first_touch": 1})


def test_a_clock_without_owner_starts_again_when_somebody_gets_the_lead() -> None:
    lead = Story(rules({**FIRST_TOUCH, "starts_on": {"event": "lead.identified"}}), ())
    lead.happens(**READY)
    lead.members = TEAM
    lead.happens("queue.assigned", 5)
    assert states(lead) == [("first_touch", None, "cancelled"), ("first_touch", ANN, "running")]


def test_without_reassignment_a_breach_leaves_the_lead_with_its_owner() -> None:
    lead = ready({**FIRST_TOUCH, "on_breach": [{"do": "strike"}]})
    lead.breach("first_touch")
    assert (lead.state.owner, lead.state.queued) == (ANN, None)


def test_an_accepted_lead_that_is_taken_away_stays_with_sales() -> None:
    opportunity = {**ACCEPT, "key": "opportunity", "starts_on": {"stage": "sql"}, "met_by": ["opportunity.created"]}
    lead = ready(opportunity)
    lead.happens("lead.identified", 1, **MQL)
    lead.happens("lead.accepted", 2, actor=SAM)
    lead.breach("opportunity")
    assert (lead.stage(), lead.state.owner, lead.state.rep) == (Stage.SQL, SUE, SUE)
    lead.breach("opportunity")
    assert lead.state.queued is not None
    assert (lead.state.owner, lead.state.queued.role) == (None, "sales")
    lead.members = (*TEAM, replace(TEAM[2], email="new@example.com"))
    lead.happens("queue.assigned", 9000)
    assert (lead.stage(), lead.state.owner) == (Stage.SQL, "new@example.com")


def test_an_accepted_lead_nobody_owns_is_not_offered_unless_it_waits() -> None:
    lead = Story(rules(FIRST_TOUCH))
    lead.happens("lead.accepted", imported=True)
    assert lead.happens("page.viewed", 1).need is None


# ------------------------------------------------------------------------------------------------ started or not
def test_imported_events_start_no_clock_not_even_when_somebody_gets_the_lead() -> None:
    lead = Story(rules(FIRST_TOUCH))
    lead.happens("lead.identified", imported=True, properties={"assign": True}, **READY)
    assert (lead.state.owner, lead.clocks) == (ANN, ())


@pytest.mark.parametrize(("named", "keys"), [(None, ["first_touch", "second"]), (["second"], ["second"]), ([], [])])
def test_a_cell_may_name_the_clocks_that_start(named: list[str] | None, keys: list[str]) -> None:
    cell = {"action": "sdr", **({} if named is None else {"sla": named})}
    second = {**FIRST_TOUCH, "key": "second"}
    lead = Story(rules(FIRST_TOUCH, second, models=[{"key": "m", "matrix": {"default": cell}}]))
    lead.happens()
    assert [clock.key for clock in lead.clocks] == keys


def test_a_clock_whose_condition_does_not_hold_does_not_start() -> None:
    of_bob = {"field": "lead.owner", "op": "eq", "value": BOB}
    lead = ready({**FIRST_TOUCH, "when": of_bob})
    assert lead.clocks == ()
    lead.happens("lead.released", 1, actor=ANN, properties={"reason": "busy"})
    lead.happens("content.downloaded", 2)
    assert states(lead) == [("first_touch", BOB, "running")]


def test_refused_work_meets_cancels_and_starts_nothing() -> None:
    closing = {**FIRST_TOUCH, "met_by": ["lead.accepted", "lead.touched"], "cancelled_by": ["lead.disqualified"]}
    selling = {**FIRST_TOUCH, "key": "selling", "starts_on": {"event": "opportunity.created"}}
    lead = ready(closing, selling)
    for refused in ("lead.accepted", "lead.disqualified", "opportunity.created"):
        assert lead.happens(refused, 1, actor=ANN).refusal is not None
    assert states(lead) == [("first_touch", ANN, "running")]


# ------------------------------------------------------------------------------------------ events that must say more
def conversation(**parts: Any) -> Any:
    when = {"event": "properties.result", "op": "eq", "value": "conversation"}
    return {**FIRST_TOUCH, "met_by": [{"event": "lead.touched", "when": when, **parts}]}


def test_a_clock_may_ask_more_of_the_event_that_meets_it() -> None:
    lead = ready(conversation())
    lead.happens("lead.touched", 1, actor=ANN, properties={"result": "no_answer"})
    lead.happens("lead.qualified", 2, actor=ANN, properties={"result": "conversation"})
    assert lead.clock("first_touch").state == "running"
    lead.happens("lead.touched", 3, actor=ANN, properties={"result": "conversation"})
    assert lead.clock("first_touch").state == "met"


def test_an_event_of_which_nothing_more_is_asked_fits() -> None:
    lead = ready(conversation(when=None))
    lead.happens("lead.touched", 1, actor=ANN)
    assert lead.clock("first_touch").state == "met"


def test_a_condition_of_an_older_policy_on_what_there_is_no_more_does_not_hold() -> None:
    lead = ready(conversation(when={"segment": "gone"}))
    lead.happens("lead.touched", 1, actor=ANN)
    assert lead.clock("first_touch").state == "running"


@pytest.mark.parametrize(("reason", "state"), [("merger", "running"), ("mood", "cancelled")])
def test_a_justified_withdrawal_does_not_count_where_the_clock_says_so(reason: str, state: str) -> None:
    item = {"event": "opportunity.withdrawn", "unless_justified": True}
    deal = {**ACCEPT, "key": "deal", "starts_on": {"event": "opportunity.created"}, "cancelled_by": [item]}
    deal["met_by"] = ["opportunity.won"]
    lead = ready(deal)
    lead.happens("lead.identified", 1, **MQL)
    lead.happens("lead.accepted", 2, actor=SAM)
    lead.happens("opportunity.created", 3, actor=SAM)
    lead.happens("opportunity.withdrawn", 4, actor=SAM, properties={"reason": reason})
    assert (lead.stage(), lead.clock("deal").state) == (Stage.SQL, state)


def test_an_event_that_takes_no_reason_is_never_justified() -> None:
    lead = ready(conversation(when=None, unless_justified=True))
    lead.happens("lead.touched", 1, actor=ANN, properties={"reason": "merger"})
    assert lead.clock("first_touch").state == "met"


@pytest.mark.parametrize(("edition", "started"), [(2, []), (1, [("accept", SUE, "running")])])
def test_a_colleague_who_takes_over_an_opportunity_promises_nothing_that_only_an_mql_allows(
    edition: int, started: list[tuple[str, str, str]]
) -> None:
    """R6.10; versions published before it start their clocks as they did."""
    lead = ready({**ACCEPT, "starts_on": {"assigned": "sales"}}, edition=edition)
    lead.happens("lead.identified", 1, **MQL)
    lead.happens("lead.accepted", 2, actor=SAM)
    lead.happens("opportunity.created", 3, actor=SAM)
    lead.happens("lead.assigned", 4, actor=HEAD, properties={"to": SUE})
    assert (lead.stage(), lead.state.owner) == (Stage.OPPORTUNITY, SUE)
    assert states(lead) == [("accept", SAM, "met"), *started]


def test_a_clock_that_something_else_than_work_meets_starts_in_any_stage() -> None:
    """R6.10."""
    lead = ready({**FIRST_TOUCH, "met_by": ["lead.accepted", "webinar.attended"]})
    assert states(lead) == [("first_touch", ANN, "running")]
    assert states(ready({**FIRST_TOUCH, "met_by": ["lead.accepted"]})) == []
    assert states(ready({**FIRST_TOUCH, "met_by": []})) == [("first_touch", ANN, "running")]
