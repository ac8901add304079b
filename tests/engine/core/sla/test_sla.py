"""Clocks by themselves: started, met, late, cancelled, breached (R6.1–R6.5)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.calendar.schedules import Timing
from engine.core.lead.model import LeadEvent, Stage
from engine.core.lead.state import LeadState
from engine.core.sla.clocks import (
    ClockEvent,
    LeadTransition,
    SlaClock,
    breach_actions,
    event_id,
    event_properties,
    event_type,
    observe,
    settle,
    start,
)
from rulesets.policy.policy import ClockRule, EventItem
from tests.engine.core.decided_leads import ANN, BOB, FIRST_TOUCH, SAM
from tests.engine.core.scored_leads import NOW, event

ROLES = {ANN: "sdr", BOB: "sdr", SAM: "sales"}
DUE = NOW + timedelta(minutes=30)
RUNNING = SlaClock("first_touch", ANN, 1, NOW, DUE, id=7)
OWNED = LeadState(stage=Stage.READY, owner=ANN, sdr=ANN)


def rule(**parts: Any) -> ClockRule:
    return ClockRule.model_validate({**FIRST_TOUCH, **parts})


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def within_the_window(one: ClockRule, _owner: str | None, now: datetime) -> Timing:
    return Timing(now, now + one.window.timedelta)


def touch(minute: float, actor: str | None = ANN, type_: str = "lead.touched", *, imported: bool = False) -> LeadEvent:
    return replace(event(type_, at=at(minute)), actor=actor, imported=imported)


def observed(clock: SlaClock, one: LeadEvent, **parts: Any) -> SlaClock:
    def names(items: Iterable[EventItem]) -> bool:
        return one.type in items

    (after,) = observe([clock], ClockEvent(one, names), lambda _number, _key: rule(**parts), ROLES)
    return after


def change(before: LeadState, after: LeadState, one: LeadEvent) -> LeadTransition:
    return LeadTransition(before, after, one, lambda items: one.type in items)


# ------------------------------------------------------------------------------------------------ met
@given(st.integers(-60, 90), st.integers(1, 60))
def test_a_clock_is_met_exactly_from_its_start_to_its_due_moment(second: int, window: int) -> None:
    """R6.3."""
    clock = replace(RUNNING, due_at=NOW + timedelta(seconds=window))
    met = observed(clock, touch(second / 60))
    assert (met.state == "met") == (0 <= second <= window)
    assert met.met_at == (None if second < 0 else NOW + timedelta(seconds=second))
    assert met.ended_at == (met.met_at if met.state == "met" else None)


def test_what_comes_after_the_due_moment_is_noted_and_the_clock_still_breaches() -> None:
    late = observed(RUNNING, touch(31))
    assert (late.state, late.met_at, late.met_late) == ("running", at(31), False)


def test_only_the_first_late_event_is_noted() -> None:
    assert observed(observed(RUNNING, touch(31)), touch(32)).met_at == at(31)


def test_what_was_in_time_but_is_decided_after_firing_is_noted_as_met_late_and_undoes_nothing() -> None:
    """R6.3."""
    for clock in (replace(RUNNING, fired=True), replace(RUNNING, state="breached", ended_at=DUE)):
        assert observed(clock, touch(29)) == replace(clock, met_at=at(29), met_late=True)


def test_ended_clocks_take_note_of_nothing() -> None:
    for state in ("met", "cancelled"):
        assert observed(replace(RUNNING, state=state), touch(1)) == replace(RUNNING, state=state)


@pytest.mark.parametrize(
    ("actor", "by", "state"),
    [
        (ANN, "owner", "met"), (None, "owner", "met"), (BOB, "owner", "running"), (SAM, "owner", "running"),
        (ANN, "role", "met"), (None, "role", "met"), (BOB, "role", "met"), (SAM, "role", "running"),
        ("stranger@example.com", "role", "running"),
    ],
)  # fmt: skip
def test_the_owner_meets_a_clock_or_the_role_if_the_rule_says_so(actor: str | None, by: str, state: str) -> None:
    assert observed(RUNNING, touch(1, actor), by=by).state == state


def test_other_events_meet_nothing_and_imported_ones_count_as_work_done() -> None:
    assert observed(RUNNING, touch(1, type_="lead.qualified")) == RUNNING
    assert observed(RUNNING, touch(1, imported=True)).state == "met"


# ------------------------------------------------------------------------------------------------ cancelled
def settled(after: LeadState, one: LeadEvent | None = None, clock: SlaClock = RUNNING, **parts: Any) -> SlaClock:
    what = change(OWNED, after, one or touch(10, type_="page.viewed"))
    (left,) = settle([clock], what, lambda _number, _key: rule(**parts))
    return left


@pytest.mark.parametrize(
    "after",
    [
        replace(OWNED, stage=Stage.MQL),
        replace(OWNED, owner=BOB),
        replace(OWNED, owner=None),
        replace(OWNED, stage=Stage.LOST),
    ],
)
def test_a_clock_is_cancelled_when_the_lead_leaves_its_stage_its_owner_or_the_road(after: LeadState) -> None:
    """R6.4."""
    left = settled(after)
    assert (left.state, left.ended_at, left.met_at) == ("cancelled", at(10), None)
    fired = replace(RUNNING, fired=True)
    assert settled(after, clock=fired) == fired
    met = replace(RUNNING, state="met", ended_at=at(5))
    assert settled(after, clock=met) == met


def test_a_clock_that_an_event_started_outlives_stages() -> None:
    after = replace(OWNED, stage=Stage.SQL)
    assert settled(after, **ON_VIEW) == RUNNING
    assert settled(replace(OWNED, stage=Stage.LOST), **ON_VIEW).state == "cancelled"


def test_cancelled_by_counts_from_the_start_of_the_clock_on() -> None:
    parts: dict[str, Any] = {"cancelled_by": ["page.viewed"]}
    assert settled(OWNED) == RUNNING
    assert settled(OWNED, touch(0, type_="page.viewed"), **parts).state == "cancelled"
    assert settled(OWNED, touch(-1, type_="page.viewed"), **parts) == RUNNING


def test_a_cancelled_clock_does_not_end_before_it_started() -> None:
    assert settled(replace(OWNED, owner=BOB), touch(-5)).ended_at == NOW


# ------------------------------------------------------------------------------------------------ started
NOBODYS = LeadState(stage=Stage.READY, sdr=ANN)
MQL = LeadState(stage=Stage.MQL, owner=SAM, sdr=ANN, rep=SAM)
ASSIGNED_SALES: dict[str, Any] = {"starts_on": {"assigned": "sales"}, "role": "sales"}
ON_VIEW: dict[str, Any] = {"starts_on": {"event": "page.viewed"}}


def started(
    before: LeadState,
    after: LeadState,
    one: LeadEvent | None = None,
    *,
    earlier: tuple[SlaClock, ...] = (),
    clocks: tuple[SlaClock, ...] = (),
    may: bool = True,
    **parts: Any,
) -> tuple[SlaClock, ...]:
    what = change(before, after, one or touch(0, type_="score.refreshed"))
    return start(
        [rule(**parts)], earlier, clocks, what, may=lambda _: may, due=within_the_window, policy_number=3, now=at(2)
    )


def test_a_clock_starts_at_the_decision_for_the_owner_under_the_policy_in_force() -> None:
    assert started(LeadState(), OWNED) == (SlaClock("first_touch", ANN, 3, at(2), at(32)),)


@pytest.mark.parametrize(
    ("before", "after", "parts", "starts"),
    [
        (replace(OWNED, stage=Stage.NURTURE), OWNED, {}, True),
        (NOBODYS, OWNED, {}, True),
        (replace(OWNED, owner=BOB), OWNED, {}, True),
        (OWNED, OWNED, {}, False),
        (LeadState(), NOBODYS, {}, False),
        (OWNED, MQL, {}, False),
        (OWNED, MQL, ASSIGNED_SALES, True),
        (MQL, replace(MQL, stage=Stage.SQL), ASSIGNED_SALES, False),
        (MQL, OWNED, {"starts_on": {"assigned": "sdr"}}, True),
        (MQL, OWNED, ASSIGNED_SALES, False),
        (LeadState(), OWNED, {"kind": "hold"}, True),
    ],
)
def test_clocks_start_with_a_stage_and_an_owner_or_with_an_assignment(
    before: LeadState, after: LeadState, parts: dict[str, Any], starts: bool
) -> None:
    assert bool(started(before, after, **parts)) is starts


def test_an_event_starts_a_clock_with_or_without_an_owner() -> None:
    view = touch(0, type_="page.viewed")
    assert [clock.owner for clock in started(OWNED, OWNED, view, **ON_VIEW)] == [ANN]
    assert [clock.owner for clock in started(NOBODYS, NOBODYS, view, **ON_VIEW)] == [None]
    assert started(OWNED, OWNED, **ON_VIEW) == ()


def test_at_most_one_clock_of_a_key_runs() -> None:
    """R6.1."""
    fired = replace(RUNNING, fired=True)
    assert [started(NOBODYS, OWNED, clocks=(clock,)) for clock in (RUNNING, fired)] == [(), ()]
    assert started(NOBODYS, OWNED, clocks=(replace(RUNNING, state="met"),))


def test_imported_events_start_no_clock_and_neither_do_those_the_cell_or_the_rule_forbids() -> None:
    assert started(LeadState(), OWNED, touch(0, imported=True)) == ()
    assert started(LeadState(), OWNED, may=False) == ()


@pytest.mark.parametrize("state", ["cancelled", "breached"])
def test_a_clock_taken_from_somebody_starts_again_for_the_new_owner(state: str) -> None:
    options: dict[str, Any] = {"earlier": (RUNNING,), "clocks": (replace(RUNNING, state=state),)}
    bobs = LeadState(stage=Stage.READY, owner=BOB, sdr=BOB)
    assert [clock.owner for clock in started(OWNED, bobs, **options, **ON_VIEW)] == [BOB]
    assert started(OWNED, NOBODYS, **options, **ON_VIEW) == ()
    assert started(OWNED, OWNED, **options, **ON_VIEW) == ()
    assert started(OWNED, MQL, **options, **ON_VIEW) == ()
    last = touch(0, type_="lead.disqualified")
    assert started(OWNED, bobs, last, **options, **ON_VIEW, cancelled_by=["lead.disqualified"]) == ()


def test_when_a_fired_clock_breaches_the_one_who_owns_the_lead_by_then_gets_theirs() -> None:
    bobs = LeadState(stage=Stage.READY, owner=BOB, sdr=BOB)
    fired = replace(RUNNING, fired=True)
    assert started(OWNED, bobs, earlier=(fired,), clocks=(fired,)) == ()
    assert started(bobs, bobs, earlier=(fired,), clocks=(replace(fired, state="breached"),))[0].owner == BOB


# ------------------------------------------------------------------------------------------------ breached
HOLD: dict[str, Any] = {"kind": "hold", "met_by": [], "broken_by": ["opportunity.withdrawn"]}
HELD = replace(RUNNING, kind="hold")


def kept(type_: str, minute: float = 1, clock: SlaClock = HELD, *, justified: bool = False, **parts: Any) -> SlaClock:
    one = touch(minute, type_=type_)
    seen = ClockEvent(one, lambda items: one.type in items, justified=justified)
    (after,) = observe([clock], seen, lambda _number, _key: rule(**{**HOLD, **parts}), ROLES)
    return after


@pytest.mark.parametrize(
    ("type_", "justified", "state"),
    [
        ("opportunity.withdrawn", False, "broken"),
        ("opportunity.won", False, "held"),
        ("lead.touched", False, "running"),
    ],
)
def test_what_a_holding_clock_waits_out_breaks_it_and_a_won_deal_ends_it(
    type_: str, state: str, *, justified: bool
) -> None:
    """R6.4."""
    after = kept(type_, justified=justified)
    assert (after.state, after.ended_at) == (state, None if state == "running" else at(1))


def test_a_withdrawal_for_a_good_reason_cancels_a_holding_clock() -> None:
    assert kept("opportunity.withdrawn", broken_by=[], justified=True).state == "cancelled"
    assert kept("opportunity.withdrawn", broken_by=[]).state == "running"


@pytest.mark.parametrize("minute", [-1, 31])
def test_only_what_happens_inside_the_window_breaks_a_holding_clock(minute: float) -> None:
    assert kept("opportunity.withdrawn", minute).state == "running"


@pytest.mark.parametrize("clock", [replace(HELD, fired=True), replace(HELD, state="held")])
def test_a_holding_clock_that_fired_or_ended_stays_as_it_is(clock: SlaClock) -> None:
    assert kept("opportunity.withdrawn", clock=clock) == clock


def test_a_holding_clock_of_sdrs_is_the_leads_sdrs_while_sales_own_it() -> None:
    sold = replace(MQL, stage=Stage.OPPORTUNITY, sdr=BOB)
    (clock,) = started(
        MQL, sold, touch(0, type_="opportunity.created"), **HOLD, starts_on={"event": "opportunity.created"}
    )
    assert (clock.owner, clock.kind) == (BOB, "hold")


def test_recycling_ends_a_holding_clock_though_the_sdr_stays() -> None:
    sold = replace(MQL, stage=Stage.OPPORTUNITY, sdr=ANN)
    change_ = change(sold, sold.new_cycle(NOW), touch(1, type_="lead.recycled"))
    (clock,) = settle([HELD], change_, lambda _number, _key: rule(**HOLD, starts_on={"event": "opportunity.created"}))
    assert clock.state == "cancelled"


# ------------------------------------------------------------------------------------------------ due
def test_the_next_moment_of_a_clock_is_its_next_warning_else_its_end() -> None:
    warned = replace(RUNNING, warnings=((50, at(15)), (80, at(24))))
    assert [warned.next_at, RUNNING.next_at] == [at(15), DUE]
    assert [replace(warned, fired=True).next_at, replace(warned, state="met").next_at] == [None, None]


@pytest.mark.parametrize(
    ("kind", "part", "type_", "id_"),
    [
        ("deadline", None, "sla.breached", "clock:7:breached"),
        ("deadline", 80, "sla.warned", "clock:7:warned:80"),
        ("hold", None, "sla.held", "clock:7:held"),
        ("hold", 50, "sla.warned", "clock:7:warned:50"),
    ],
)
def test_each_part_of_a_clock_is_one_event(kind: str, part: int | None, type_: str, id_: str) -> None:
    assert (event_type(kind, part), event_id(7, kind, part)) == (type_, id_)
    told = event_properties(7, "first_touch", ANN, DUE, part)
    assert (told["clock"], told["owner"], told.get("percent")) == (7, ANN, part)


# ------------------------------------------------------------------------------------------------ breached
def test_from_some_breaches_on_other_actions_replace_the_usual_ones() -> None:
    """R6.5."""
    chain = rule(then={"after_breaches": 3, "actions": [{"do": "pool"}]})
    assert [[action.do for action in breach_actions(chain, n)] for n in (1, 2, 3, 4)] == [
        ["reassign"], ["reassign"], ["pool"], ["pool"],
    ]  # fmt: skip
    assert [action.do for action in breach_actions(rule(), 9)] == ["reassign"]
