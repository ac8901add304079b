"""An erasure on a lead's way: nobody's, closed, its clocks ended, and nothing moves it again (R4.8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.core.lead.model import Stage
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState, Queued, dump_rest, load_state
from tests.engine.core.decided_leads import ANN, FIRST_TOUCH, Story, rules
from tests.engine.core.scored_leads import NOW


def erased_after(minute: float = 10, *, fired: bool = False) -> Story:
    lead = Story(rules(FIRST_TOUCH, {**FIRST_TOUCH, "key": "met", "met_by": ["lead.qualified"]}))
    lead.happens(answers={"grade": "B"})
    lead.happens("lead.qualified", 5, actor=ANN)
    lead.clocks = tuple(replace(clock, fired=fired and clock.running) for clock in lead.clocks)
    lead.happens("lead.erased", minute)
    return lead


def test_an_erased_lead_is_closed_and_nobodys() -> None:
    state = erased_after().state
    assert (state.stage, state.disqualified_by, state.owner, state.sdr) == (Stage.DISQUALIFIED, "erasure", None, ANN)
    assert state.erased_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("fired", [False, True])
def test_running_clocks_end_without_a_miss_and_met_ones_stay(fired: bool) -> None:
    lead = erased_after(fired=fired)
    assert [(clock.key, clock.state) for clock in lead.clocks] == [("first_touch", "cancelled"), ("met", "met")]


@pytest.mark.parametrize("stage", [Stage.WON, Stage.LOST])
def test_what_was_won_or_lost_stays_so(stage: Stage) -> None:
    state = LeadState(stage=stage, owner=ANN).erased(NOW)
    assert (state.stage, state.owner, state.disqualified_by) == (stage, None, None)


def test_places_in_queue_and_pool_are_lost() -> None:
    state = LeadState(stage=Stage.MQL, queued=Queued("sales", NOW, 1), pool_since=NOW, pool_reason="released")
    erased = state.erased(NOW)
    assert (erased.queued, erased.pool_since, erased.pool_reason) == (None, None, None)


@pytest.mark.parametrize("type_", ["lead.erased", "lead.merged", "lead.reopened", "lead.touched"])
def test_work_on_an_erased_lead_is_refused(type_: str) -> None:
    lead = erased_after()
    before = lead.state
    assert lead.happens(type_, 20, actor=ANN).refusal == Refusal("erased", {"event": type_})
    assert lead.state == before


def test_other_events_change_nothing() -> None:
    lead = erased_after()
    before = lead.state
    outcome = lead.happens("content.downloaded", 20, answers={"budget": True})
    assert (outcome.refusal, outcome.need, lead.state) == (None, None, before)


def test_that_it_is_erased_is_stored() -> None:
    state = replace(LeadState(), erased_at=NOW)
    columns = dict.fromkeys(("stage", "owner", "sdr", "rep", "pool_since", "queued_role"))
    assert load_state(columns, dump_rest(state)) == state
