"""Actions of clocks, one by one: the new owner, the notifications, and what counts (R6.4, R6.5)."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.lead.model import Stage
from engine.core.lead.state import PassedOver
from engine.core.notify.effects import Effect, Notice, Record, Strike, Tag
from engine.core.sla.actions import ACTIONS, MOVES
from rulesets.lint.structure.values import ACTIONS as LINTED
from tests.engine.core.decided_leads import ANN, BOB, FIRST_TOUCH, HEAD, SAM, TEAM, Story, rules
from tests.engine.core.scored_leads import NOW

READY: dict[str, Any] = {"answers": {"grade": "B"}}
MQL: dict[str, Any] = {"answers": {"budget": True}}
DEAL = {
    "key": "stands", "role": "sdr", "kind": "hold", "starts_on": {"event": "opportunity.created"},
    "window": {"days": 14}, "broken_by": [{"event": "opportunity.withdrawn", "unless_justified": True}],
}  # fmt: skip


def ready(*actions: dict[str, Any], superiors: dict[str, str] | None = None, **parts: Any) -> Story:
    """A lead of ANN with the first touch running, whose breach does these actions."""
    lead = Story(rules({**FIRST_TOUCH, "on_breach": list(actions), **parts}))
    lead.superiors = superiors or {}
    lead.happens(**READY)
    assert lead.state.owner == ANN
    return lead


def sold(*clocks: dict[str, Any]) -> Story:
    """An opportunity of SAM that ANN found."""
    lead = Story(rules(*clocks))
    lead.happens(**READY)
    lead.happens("lead.identified", 1, **MQL)
    lead.happens("lead.accepted", 2, actor=SAM)
    lead.happens("opportunity.created", 3, actor=SAM)
    assert (lead.state.owner, lead.state.sdr, lead.stage()) == (SAM, ANN, Stage.OPPORTUNITY)
    return lead


def told(effects: tuple[Effect, ...]) -> list[tuple[str, str]]:
    return [(effect.kind, effect.to) for effect in effects if isinstance(effect, Notice)]


def records(effects: tuple[Effect, ...]) -> list[tuple[str, str, str | None]]:
    return [(effect.kind, effect.person, effect.key) for effect in effects if isinstance(effect, Record)]


def test_every_action_of_the_document_is_done() -> None:
    assert ACTIONS.keys() == LINTED.keys()
    assert ACTIONS.keys() > MOVES


def test_a_breach_tells_strikes_and_records_whom_it_ran_for() -> None:
    lead = ready({"do": "notify", "to": "manager"}, {"do": "strike"}, {"do": "notify", "to": "boss@example.com"})
    outcome = lead.breach("first_touch")
    assert told(outcome.effects) == [("sla_breached", "manager"), ("sla_breached", "boss@example.com")]
    assert Strike(ANN, "first_touch", lead.clock("first_touch").due_at) in outcome.effects
    assert records(outcome.effects) == [("missed", ANN, "first_touch")]
    assert lead.state.owner == ANN


def test_escalating_gives_the_lead_to_whoever_is_above_and_runs_the_clock_for_them() -> None:
    lead = ready({"do": "escalate"}, superiors={ANN: HEAD})
    outcome = lead.breach("first_touch")
    assert (lead.state.owner, lead.state.sdr, lead.state.assigned_by, outcome.need) == (HEAD, HEAD, None, None)
    assert (lead.clock("first_touch").owner, lead.clock("first_touch").state) == (HEAD, "running")
    assert told(outcome.effects) == [("escalated", HEAD), ("taken", ANN)]


@pytest.mark.parametrize("superiors", [{}, {ANN: "gone@example.com"}])
def test_with_nobody_above_an_escalated_lead_waits_and_the_managers_are_told(superiors: dict[str, str]) -> None:
    lead = ready({"do": "escalate"}, superiors=superiors)
    outcome = lead.breach("first_touch")
    assert lead.state.owner is None
    assert lead.state.queued is not None
    assert ("queued", "manager") in told(outcome.effects)


def test_an_accepted_lead_escalates_to_a_rep() -> None:
    lead = sold({**DEAL, "kind": "deadline", "role": "sales", "on_breach": [{"do": "escalate"}]})
    lead.superiors = {SAM: HEAD}
    lead.breach("stands")
    assert (lead.state.owner, lead.state.rep, lead.state.sdr) == (HEAD, HEAD, ANN)


def test_a_breach_may_put_the_lead_into_the_public_pool() -> None:
    lead = ready({"do": "pool"})
    lead.breach("first_touch")
    due = lead.clock("first_touch").due_at
    assert (lead.state.owner, lead.stage(), lead.state.queued) == (None, Stage.READY, None)
    assert (lead.state.pool_since, lead.state.pool_reason) == (due, "first_touch")
    assert lead.state.former_owners == (PassedOver(ANN, "first_touch", due),)
    assert lead.happens("page.viewed", 60).need is None


def test_a_breach_may_queue_the_lead_at_the_priority_of_its_cell() -> None:
    lead = ready({"do": "queue"})
    outcome = lead.breach("first_touch")
    assert outcome.need is None
    assert lead.state.queued is not None
    assert (lead.state.owner, lead.state.queued.role, lead.state.queued.priority) == (
        None,
        "sdr",
        outcome.cell.priority,
    )


@pytest.mark.parametrize(
    ("action", "reason"), [({"do": "recycle"}, None), ({"do": "recycle", "reason": "busy"}, "busy")]
)
def test_a_breach_may_recycle_the_lead(action: dict[str, Any], reason: str | None) -> None:
    lead = ready(action)
    lead.breach("first_touch")
    assert (lead.stage(), lead.state.cycle, lead.state.owner, lead.state.release_reason) == (
        Stage.NURTURE,
        2,
        None,
        reason,
    )


def test_a_breach_may_disqualify_the_lead_for_good() -> None:
    lead = ready({"do": "disqualify", "reason": "rival"}, {"do": "reassign"})
    outcome = lead.breach("first_touch")
    assert (lead.stage(), lead.state.disqualified_by, outcome.need) == (Stage.DISQUALIFIED, "clock", None)
    assert lead.happens("page.viewed", 60).after.stage is Stage.DISQUALIFIED


def test_tags_and_credit_are_told_of_and_move_nothing() -> None:
    lead = ready({"do": "tag", "tag": "slow"}, {"do": "credit", "to": "owner"}, {"do": "credit", "to": "x@example.com"})
    outcome = lead.breach("first_touch")
    assert [effect.tag for effect in outcome.effects if isinstance(effect, Tag)] == ["slow"]
    assert records(outcome.effects)[1:] == [("credit", ANN, "first_touch"), ("credit", "x@example.com", "first_touch")]
    assert lead.state.owner == ANN


def test_credit_for_nobody_and_a_tag_without_name_do_nothing() -> None:
    lead = ready({"do": "credit", "to": "manager"}, {"do": "tag"})
    assert records(lead.breach("first_touch").effects) == [("missed", ANN, "first_touch")]


def test_of_several_actions_that_move_the_lead_only_the_first_does() -> None:
    lead = ready({"do": "pool"}, {"do": "reassign"}, {"do": "notify", "to": "owner"})
    outcome = lead.breach("first_touch")
    assert (lead.state.pool_since is not None, outcome.need) == (True, None)
    assert told(outcome.effects)[0] == ("sla_breached", "owner")


def test_a_warning_does_what_it_says_while_the_clock_runs() -> None:
    lead = ready(warn_at=[50, 80], on_warn=[{"do": "notify", "to": "owner"}, {"do": "reassign"}])
    warned = lead.clock("first_touch")
    assert [part for part, _ in warned.warnings] == [50, 80]
    about = {"clock": warned.id, "percent": 50}
    outcome = lead.happens("sla.warned", 15, properties=about)
    assert told(outcome.effects) == [("sla_warned", "owner"), ("assigned", BOB), ("taken", ANN)]
    assert next(one for one in outcome.effects if isinstance(one, Notice)).values["percent"] == 50
    assert lead.clock("first_touch").owner == BOB
    assert told(lead.happens("sla.warned", 24, properties={**about, "percent": 80}).effects) == []


def test_a_clock_without_owner_strikes_nobody_and_the_managers_are_told() -> None:
    lead = Story(
        rules(
            {**FIRST_TOUCH, "starts_on": {"event": "lead.identified"}, "on_breach": [{"do": "strike"}, {"do": "pool"}]}
        ),
        (),
    )
    lead.happens(**READY)
    outcome = lead.breach("first_touch")
    assert lead.state.queued is not None
    assert (told(outcome.effects), records(outcome.effects)) == ([("sla_breached", "manager")], [])
    assert not any(isinstance(effect, Strike) for effect in outcome.effects)


# ------------------------------------------------------------------------------------------------ holding clocks
HELD = [{"do": "credit", "to": "sdr"}]


def test_a_deal_that_stands_credits_its_sdr_at_the_end_of_the_window() -> None:
    lead = sold({**DEAL, "on_held": HELD})
    clock = lead.clock("stands")
    assert (clock.owner, clock.kind) == (ANN, "hold")
    outcome = lead.happens("sla.held", (clock.due_at - NOW).total_seconds() / 60, properties={"clock": clock.id})
    assert (lead.clock("stands").state, records(outcome.effects)) == ("held", [("credit", ANN, "stands")])
    assert outcome.breached is None


def test_a_won_deal_holds_at_once() -> None:
    lead = sold({**DEAL, "on_held": HELD})
    outcome = lead.happens("opportunity.won", 10, actor=SAM)
    assert (lead.clock("stands").state, records(outcome.effects)) == ("held", [("credit", ANN, "stands")])


@pytest.mark.parametrize(("reason", "state"), [("mood", "broken"), ("merger", "cancelled")])
def test_a_withdrawn_deal_is_broken_unless_there_is_a_good_reason(reason: str, state: str) -> None:
    lead = sold({**DEAL, "on_held": HELD, "on_breach": [{"do": "notify", "to": "manager"}, {"do": "reassign"}]})
    outcome = lead.happens("opportunity.withdrawn", 10, actor=SAM, properties={"reason": reason})
    assert lead.clock("stands").state == state
    assert told(outcome.effects) == ([("sla_broken", "manager")] if state == "broken" else [])
    assert lead.stage() is Stage.SQL


def test_a_broken_hold_of_the_owner_may_take_the_lead_away() -> None:
    lead = sold({**DEAL, "role": "sales", "on_breach": [{"do": "reassign"}]})
    outcome = lead.happens("opportunity.withdrawn", 10, actor=SAM, properties={"reason": "mood"})
    assert outcome.need is not None
    assert lead.state.owner != SAM


def test_who_gave_the_lead_away_meanwhile_is_told_and_struck_but_the_lead_stays() -> None:
    lead = ready({"do": "escalate"}, {"do": "strike"}, superiors={ANN: HEAD})
    lead.clocks = tuple(replace(clock, fired=True) for clock in lead.clocks)
    lead.happens("lead.assigned", 20, actor=HEAD, properties={"to": BOB})
    outcome = lead.breach("first_touch")
    assert lead.state.owner == BOB
    assert any(isinstance(effect, Strike) and effect.person == ANN for effect in outcome.effects)


# ------------------------------------------------------------------------------------------------ people who leave
def left(lead: Story, give: str = "policy", person: str = ANN) -> Any:
    return lead.happens("roster.changed", 5, properties={"person": person, "cause": "inactive", "give": give})


def test_a_lead_whose_owner_left_goes_to_the_next_and_its_clock_ends_without_a_miss() -> None:
    lead = ready()
    lead.members = tuple(replace(one, active=one.email != ANN) for one in TEAM)
    outcome = left(lead)
    assert lead.state.owner == BOB
    assert [(clock.owner, clock.state) for clock in lead.clocks] == [(ANN, "cancelled"), (BOB, "running")]
    assert (lead.state.passed_over, records(outcome.effects)) == ((), [])


def test_a_lead_whose_owner_left_goes_to_the_manager_when_the_editor_wants_that() -> None:
    lead = ready(superiors={ANN: HEAD})
    left(lead, "manager")
    assert (lead.state.owner, lead.state.sdr) == (HEAD, HEAD)


def test_with_no_manager_a_lead_whose_owner_left_goes_by_policy() -> None:
    lead = ready()
    left(lead, "manager")
    assert lead.state.owner != HEAD


def test_others_leads_are_not_touched_by_somebody_who_leaves() -> None:
    lead = ready()
    assert left(lead, person=BOB).need is None
    assert lead.state.owner == ANN
