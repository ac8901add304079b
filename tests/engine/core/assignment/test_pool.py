"""Protection of owned leads, what is taken back and when (R7.1–R7.3); claims are in test_stages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.assignment import pool
from engine.core.lead.model import Stage
from engine.core.lead.state import FORMER_OWNERS_KEPT, LeadState, PassedOver, Protection
from engine.core.notify.effects import Notice, Record
from rulesets.policy.policy import Policy
from tests.engine.core.decided_leads import ANN, BOB, rules
from tests.engine.core.scored_leads import NOW, event

DAY = timedelta(days=1)
KEEP = {"days": 10, "extend": {"days": 3}, "max": {"days": 20}, "extend_on": ["lead.touched"]}


def policy(protection: Any = KEEP, **parts: Any) -> Policy:
    return rules(pool={**({"protection": protection} if protection else {}), **parts})


def owned(at: datetime, rule: Policy | None = None, **parts: Any) -> LeadState:
    """A lead somebody took at this moment."""
    before = LeadState(stage=Stage.READY)
    after = replace(before, owner=ANN, **parts)
    return pool.handed_over(before, after, event("lead.claimed"), rule or policy(), at)


def until(state: LeadState) -> datetime:
    assert state.protection is not None
    return state.protection.until


def march(day: int, hour: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def touched(state: LeadState, at: datetime) -> LeadState:
    return pool.extended(state, "lead.touched", event("lead.touched", at=at))


def test_the_dated_example_of_the_protection_period() -> None:
    lead = owned(march(25))
    assert until(lead) == march(4, month=4)
    lead = touched(lead, march(28))
    assert until(lead) == march(4, month=4)
    lead = touched(lead, march(2, 12, month=4))
    assert until(lead) == march(5, 12, month=4)
    lead = touched(lead, march(5, 11, month=4))
    assert until(lead) == march(8, 11, month=4)
    for day in (8, 10, 12, 13):
        lead = touched(lead, march(day, 10, month=4))
    assert until(lead) == march(14, month=4)


@given(st.lists(st.integers(0, 30 * 24), max_size=40))
def test_activities_move_the_deadline_only_later_and_never_beyond_the_latest(hours: list[int]) -> None:
    lead = owned(NOW)
    for hour in sorted(hours):
        before = until(lead)
        lead = touched(lead, NOW + timedelta(hours=hour))
        assert before <= until(lead) <= NOW + 20 * DAY


def test_an_activity_at_the_deadline_or_before_the_start_and_others_move_nothing() -> None:
    lead = owned(NOW)
    assert touched(lead, NOW + 10 * DAY) == lead
    assert touched(lead, NOW - DAY) == lead
    assert pool.extended(lead, "page.viewed", event("page.viewed", at=NOW + 9 * DAY)) == lead
    assert touched(LeadState(), NOW) == LeadState()
    assert touched(
        owned(NOW, policy({"days": 10, "extend_on": ["lead.touched"]})), NOW + 9 * DAY
    ).protection == Protection(NOW, NOW + 10 * DAY, None, None, ("lead.touched",))


def test_without_a_latest_moment_an_activity_always_extends() -> None:
    lead = touched(owned(NOW, policy({**KEEP, "max": None})), NOW + 9 * DAY)
    assert until(lead) == NOW + 12 * DAY


def test_a_latest_moment_before_the_period_ends_it() -> None:
    assert until(owned(NOW, policy({**KEEP, "max": {"days": 5}}))) == NOW + 5 * DAY


def test_every_change_of_owner_starts_anew_and_losing_the_lead_ends_it() -> None:
    lead = owned(NOW)
    again = pool.handed_over(lead, replace(lead, owner=BOB), event("lead.assigned"), policy(), NOW + 5 * DAY)
    assert (again.owned_since, until(again)) == (NOW + 5 * DAY, NOW + 15 * DAY)
    gone = pool.handed_over(again, replace(again, owner=None), event("lead.released"), policy(), NOW + 6 * DAY)
    assert (gone.owned_since, gone.protection) == (None, None)


def test_imports_and_policies_without_the_rule_protect_nothing() -> None:
    imported = replace(event("lead.claimed"), imported=True)
    before = LeadState(stage=Stage.READY)
    for one, rule in ((imported, policy()), (event("lead.claimed"), policy(None)), (event("lead.claimed"), rules())):
        lead = pool.handed_over(before, replace(before, owner=ANN), one, rule, NOW)
        assert (lead.owned_since, lead.protection) == (NOW, None)


def test_another_policy_moves_no_running_deadline() -> None:
    lead = owned(NOW)
    for rule in (policy(None), policy({"days": 1}), policy()):
        assert pool.handed_over(lead, lead, event("lead.touched"), rule, NOW + DAY) == lead


# ------------------------------------------------------------------------------------------------ due
@pytest.mark.parametrize(
    ("warned", "next_"),
    [
        (None, NOW + 8 * DAY),
        (NOW + 8 * DAY, NOW + 9 * DAY),
        (NOW + 9 * DAY, NOW + 10 * DAY),
        (NOW + 99 * DAY, NOW + 10 * DAY),
    ],
)
def test_the_owner_is_warned_before_the_deadline_once_for_each_warning(
    warned: datetime | None, next_: datetime
) -> None:
    rule = policy(warn_before=[{"days": 1}, {"days": 2}, {"days": 12}])
    lead = owned(NOW, rule)
    if warned is not None:
        told = {"until": (NOW + 10 * DAY).isoformat()}
        lead, _ = pool.reclaimed(lead, event("pool.warned", at=warned, properties=told), rule)
    assert pool.next_at(lead, rule.pool) == next_


def test_an_activity_that_moves_the_deadline_makes_earlier_warnings_needless() -> None:
    rule = policy(warn_before=[{"days": 2}, {"days": 6}])
    lead = touched(owned(NOW, rule), NOW + 9 * DAY)
    assert pool.next_at(lead, rule.pool) == until(lead) - 2 * DAY


@pytest.mark.parametrize("lead", [LeadState(), owned(NOW, policy(None)), replace(owned(NOW), stage=Stage.SQL)])
def test_leads_that_cannot_be_taken_back_have_no_next_moment(lead: LeadState) -> None:
    assert pool.next_at(lead, policy().pool) is None


def test_accepted_leads_are_taken_back_where_the_rule_lists_them() -> None:
    rule = policy(stages=["sql"])
    lead = replace(owned(NOW, rule), stage=Stage.SQL)
    assert pool.next_at(lead, rule.pool) == NOW + 10 * DAY
    taken, _ = pool.reclaimed(lead, reclaim(lead), rule)
    assert (taken.stage, taken.owner) == (Stage.MQL, None)


def test_what_happens_has_a_name_of_its_own_for_each_deadline_and_warning() -> None:
    assert pool.event_type(NOW, NOW) == "pool.reclaimed"
    assert pool.event_type(NOW + DAY, NOW) == "pool.warned"
    names = {
        pool.event_id(7, NOW, NOW),
        pool.event_id(7, NOW, NOW - DAY),
        pool.event_id(7, NOW + DAY, NOW),
        pool.event_id(8, NOW, NOW),
    }
    assert len(names) == 4


# ------------------------------------------------------------------------------------------------ taken back
def reclaim(lead: LeadState, type_: str = "pool.reclaimed") -> Any:
    return event(type_, at=until(lead), properties={"until": until(lead).isoformat()})


def test_at_the_deadline_the_lead_is_in_the_pool_with_its_stage_and_its_previous_owner() -> None:
    lead = owned(NOW, sdr=ANN)
    taken, effects = pool.reclaimed(lead, reclaim(lead), policy())
    assert (taken.stage, taken.owner, taken.sdr, taken.protection) == (Stage.READY, None, ANN, None)
    assert (taken.pool_since, taken.pool_reason) == (NOW + 10 * DAY, "reclaimed")
    assert taken.former_owners == (PassedOver(ANN, "reclaimed", NOW + 10 * DAY),)
    assert pool.is_in_pool(taken)
    assert [type(effect) for effect in effects] == [Record, Notice, Notice]


def test_a_warning_tells_the_owner_and_takes_nothing() -> None:
    lead = owned(NOW)
    same, effects = pool.reclaimed(lead, reclaim(lead, "pool.warned"), policy())
    assert (same.owner, until(same)) == (lead.owner, until(lead))
    assert [(one.kind, one.to, one.person) for one in effects if isinstance(one, Notice)] == [
        ("pool_warned", "owner", ANN)
    ]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"owner": None}, policy()),
        ({"protection": None}, policy()),
        ({"stage": Stage.SQL}, policy()),
        ({}, policy(None)),
        ({}, rules()),
    ],
)
def test_what_is_no_longer_so_is_not_taken_back(changed: dict[str, Any], rule: Policy) -> None:
    lead = owned(NOW)
    now = replace(lead, **changed)
    assert pool.reclaimed(now, reclaim(lead), rule) == (now, ())


def test_a_deadline_that_was_moved_meanwhile_takes_nothing_back() -> None:
    lead = owned(NOW)
    moved = touched(lead, NOW + 9 * DAY)
    assert pool.reclaimed(moved, reclaim(lead), policy()) == (moved, ())
    assert pool.reclaimed(lead, event("lead.touched"), policy()) == (lead, ())


def test_only_the_last_people_who_let_a_lead_go_are_remembered_each_once() -> None:
    lead = LeadState()
    for number in range(FORMER_OWNERS_KEPT + 5):
        lead = pool.with_former_owner(
            lead, f"p{number % (FORMER_OWNERS_KEPT + 1)}@example.com", "reclaimed", NOW + number * DAY
        )
    assert len(lead.former_owners) == FORMER_OWNERS_KEPT
    assert len({entry.person for entry in lead.former_owners}) == FORMER_OWNERS_KEPT
