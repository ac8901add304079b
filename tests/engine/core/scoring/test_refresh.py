"""When time alone may change a lead (R3.6): nothing changes before the stored moment."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import LeadEvent
from engine.core.lead.view import LeadView
from engine.core.scoring.refresh import midnight_from, next_change, next_refresh
from engine.core.scoring.scoring import score
from rulesets.policy.policy import Policy
from tests.engine.core.scored_leads import NOW, model, policy, signal, view

DAY = timedelta(days=1)
DOWNLOADED = LeadEvent("s", "e", "content.downloaded", NOW)


def fit_if(condition: Mapping[str, Any], **parts: Any) -> Policy:
    """A policy with a rule of this condition."""
    fit = {"groups": [{"key": "g", "rules": [{"key": "r", "when": condition, "points": 10}]}]}
    return policy(model([{}, signal()], fit=fit), **parts)


def fading(**decay: Any) -> Policy:
    return policy(model([{}, signal(decay=decay)]))


def counted(days: float | None, **where: Any) -> dict[str, Any]:
    what = {"event": "content.downloaded", **({} if days is None else {"days": days}), **where}
    return {"count": what, "op": "gte", "value": 1}


@pytest.mark.parametrize(
    ("rules", "after"),
    [
        (policy(model([{}, signal()])), None),
        (fit_if(counted(None)), None),
        (fit_if(counted(7)), timedelta(days=7)),
        (fit_if({"days_since": {"event": "content.downloaded"}, "op": "lte", "value": 2}), timedelta(days=2)),
        (fit_if({"days_since": {"event": "content.downloaded"}, "op": "between", "value": [1, 2]}), DAY),
        (fading(curve="none"), None),
        (fading(curve="expire", days=3), timedelta(days=3)),
        (fading(curve="step", steps=[{"after_days": 5, "percent": 50}, {"after_days": 9, "percent": 0}]), 5 * DAY),
        (fading(curve="linear", percent=10, period={"days": 1}), timedelta(microseconds=1)),
        (fading(curve="half_life", days=30), timedelta(microseconds=1)),
        (fading(curve="half_life", days=30, floor=10), None),
    ],
)  # fmt: skip
def test_what_an_event_is_worth_changes_after_a_time(rules: Policy, after: timedelta | None) -> None:
    told = next_change(rules, view(rules, {}, DOWNLOADED))
    assert told == (None if after is None else NOW + after)


def test_what_faded_to_its_end_does_not_change_any_more() -> None:
    rules = fading(curve="linear", percent=10, period={"days": 1})
    assert next_change(rules, view(rules, {}, DOWNLOADED, now=NOW + 10 * DAY)) is None


def test_a_where_may_read_dates_too() -> None:
    recent = {"field": "lead.created_at", "op": "within_last_days", "value": 3}
    rules = fit_if(counted(None, where=recent))
    told = next_change(rules, view(rules, {"lead.created_at": NOW.isoformat()}, DOWNLOADED))
    assert told == NOW + 3 * DAY


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2026-11-19", datetime(2026, 11, 21, 16, tzinfo=UTC)),
        ("2026-11-25", datetime(2026, 11, 24, 16, tzinfo=UTC)),
        (None, None),
    ],
)
def test_dates_move_at_midnight_of_the_policy_zone(value: str | None, told: datetime | None) -> None:
    rules = fit_if(
        {"field": "answers.start", "op": "within_last_days", "value": 2.5},
        fields=[{"key": "answers.start", "type": "date"}],
    )
    found = next_change(rules, view(rules, {} if value is None else {"answers.start": value}))
    assert found == told


def test_what_would_change_after_the_end_of_the_calendar_never_does() -> None:
    rules = fit_if({"field": "lead.created_at", "op": "within_last_days", "value": 3})
    last = datetime(9999, 12, 31, tzinfo=UTC)
    seen = view(rules).with_values({"lead.created_at": last})
    assert next_change(rules, seen) == last


def test_conditions_of_people_and_clocks_are_asked_when_they_are_needed() -> None:
    rules = policy(model([{}, signal()]), assignment=[{"key": "a", "role": "sdr", "when": counted(7)}])
    assert next_change(rules, view(rules, {}, DOWNLOADED)) is None


def test_a_refresh_is_due_at_the_first_midnight_that_is_not_before_the_change() -> None:
    rules = fit_if(counted(1))
    assert next_refresh(rules, view(rules, {}, DOWNLOADED)) == datetime(2026, 11, 21, 16, tzinfo=UTC)
    still = policy(model([{}, signal()]))
    assert next_refresh(still, view(still, {}, DOWNLOADED)) is None


def test_midnight_itself_is_not_before_midnight() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert midnight_from(midnight, zone) == midnight
    assert midnight_from(midnight + timedelta(microseconds=1), zone) == midnight + DAY


CURVES = st.sampled_from(
    [
        {"curve": "expire", "days": 2},
        {"curve": "step", "steps": [{"after_days": 1, "percent": 40}, {"after_days": 3, "percent": 10}]},
        {"curve": "linear", "percent": 20, "period": {"days": 1}},
        {"curve": "half_life", "days": 1, "floor": 2},
    ]
)


@given(
    decay=CURVES,
    days=st.sampled_from([1, 2.5, 4]),
    ages=st.lists(st.floats(0, 6), max_size=4),
    part=st.floats(0, 1, exclude_max=True),
)
def test_before_the_moment_told_nothing_changes(
    decay: dict[str, Any], days: float, ages: list[float], part: float
) -> None:
    fit = {"groups": [{"key": "g", "rules": [{"key": "r", "when": counted(days), "points": 10}]}]}
    rules = policy(model([{}, signal(decay=decay)], fit=fit))
    events = [LeadEvent("s", str(n), "content.downloaded", NOW - timedelta(days=age)) for n, age in enumerate(ages)]
    seen = view(rules, {}, *events)
    told = next_change(rules, seen)
    end = NOW + 10 * DAY if told is None else told - timedelta(microseconds=1)
    later = LeadView.of(seen.frame, seen.values, NOW + (end - NOW) * part, History.of(events))
    matcher = InterpreterMatcher(rules)
    first, second = score(rules, seen, matcher), score(rules, later, matcher)
    assert (first.fit, first.engagement) == (second.fit, second.engagement)
