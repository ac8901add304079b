"""Activation of a version for existing leads: only new scores, or, with promote, the effect of any event."""

from dataclasses import replace

import pytest

from engine.core.decide import decide
from engine.core.lead.facts import NO_CLAIMS, fold, known
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import Stage
from engine.core.lead.people import People
from engine.core.lead.state import LeadState, dump_rest, load_state
from engine.core.lead.view import LeadView
from engine.core.outcome import Outcome, PolicyContext, Situation
from engine.core.scoring.plan import frame_of
from tests.engine.core.decided_leads import rules
from tests.engine.core.scored_leads import NOW, event

NOBODY = People({}, frozenset(), frozenset())
NURTURED = LeadState(stage=Stage.NURTURE)


def happens(type_: str, state: LeadState = NURTURED, *, promotes: bool = False, **properties: object) -> Outcome:
    """An event on a lead whose answers would make it ready for an SDR."""
    policy = rules()
    frame = frame_of(policy)
    claims = fold(NO_CLAIMS, event("lead.identified", answers={"grade": "B"}), frame.vocabulary, frame.zone).claims
    one = replace(event(type_), properties=properties)
    view = LeadView.of(frame, known(claims, frame.vocabulary, frame.zone), NOW, History.of([one]))
    context = PolicyContext(1, policy, InterpreterMatcher(policy), lambda _number, _key: policy.sla[0], promotes)
    return decide(Situation(state, (), view, facts_changed=False), one, context, NOBODY)


def test_an_activation_scores_a_lead_and_leaves_it_where_it_is() -> None:
    outcome = happens("policy.activated")
    assert (outcome.cell.action, outcome.need) == ("sdr", None)
    assert outcome.after == replace(NURTURED, awaits_activity=True)


def test_an_activation_that_changes_nothing_leaves_no_mark() -> None:
    state = LeadState(stage=Stage.READY, owner="ann@example.com")
    assert happens("policy.activated", state).after == state


def test_an_activation_with_promote_acts_as_any_event_does() -> None:
    outcome = happens("policy.activated", promotes=True)
    assert outcome.after.stage is Stage.READY
    assert outcome.need is not None


@pytest.mark.parametrize(("type_", "cause"), [("score.refreshed", "time"), ("queue.assigned", None)])
def test_what_baton_does_by_itself_does_not_wake_a_lead_that_awaits_activity(type_: str, cause: str | None) -> None:
    outcome = happens(type_, replace(NURTURED, awaits_activity=True), cause=cause)
    assert outcome.after == replace(NURTURED, awaits_activity=True)


@pytest.mark.parametrize(("type_", "cause"), [("score.refreshed", "account"), ("page.viewed", None)])
def test_whatever_else_happens_wakes_it(type_: str, cause: str | None) -> None:
    after = happens(type_, replace(NURTURED, awaits_activity=True), cause=cause).after
    assert (after.stage, after.awaits_activity) == (Stage.READY, False)


def test_a_queued_lead_that_awaits_activity_may_still_be_served() -> None:
    waiting = LeadState(stage=Stage.READY, awaits_activity=True)
    assert happens("queue.assigned", waiting).need is not None
    assert happens("score.refreshed", waiting, cause="time").need is None


def test_that_a_lead_awaits_activity_is_stored() -> None:
    columns = dict.fromkeys(("owner", "sdr", "rep", "pool_since", "queued_role"))
    stored = dump_rest(replace(NURTURED, awaits_activity=True))
    assert load_state({**columns, "stage": "nurture"}, stored) == replace(NURTURED, awaits_activity=True)
