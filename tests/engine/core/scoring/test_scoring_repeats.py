"""Repeat limits: which occurrences count (R3.4, step 3)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.model import LeadEvent
from tests.engine.core.scored_leads import NOW, event, model, policy, scores, signal


def counted(repeat: dict[str, Any] | None, *events: LeadEvent, type_: str = "content.downloaded") -> list[str]:
    rules = policy(model([{}, signal(event_=type_, repeat=repeat)]))
    return [line.event_id for line in scores(rules, None, *events).ledger]


def ids(events: Sequence[LeadEvent]) -> list[str]:
    return [one.id for one in events]


@pytest.mark.parametrize("repeat", [None, {"per": "event"}, {"per": "event", "times": None, "window": {"days": 1}}])
def test_without_times_every_occurrence_counts(repeat: dict[str, Any] | None) -> None:
    events = [event(days_ago=3 - n) for n in range(3)]
    assert counted(repeat, *events) == ids(events)


def test_without_a_window_the_first_count_for_ever() -> None:
    events = [event(days_ago=900 - 300 * n) for n in range(3)]
    assert counted({"per": "event", "times": 2}, *events) == ids(events[:2])


def test_the_window_slides_over_counted_occurrences_only() -> None:
    """Days 0, 20, 31, 50 and 62 with one in 30 days: day 20 did not count, so day 31 does, and so on."""
    events = [event(days_ago=100 - day) for day in (0, 20, 31, 50, 62)]
    assert counted({"per": "event", "times": 1, "window": {"days": 30}}, *events) == ids(
        [events[0], events[2], events[4]]
    )


def test_an_occurrence_exactly_a_window_ago_is_outside_it() -> None:
    events = [event(days_ago=31), event(days_ago=1), event(days_ago=31 - 1e-9)]
    assert counted({"per": "event", "times": 1, "window": {"days": 30}}, *events) == ids(events[:2])


def paper(name: Any, days_ago: float) -> LeadEvent:
    return event(days_ago=days_ago, properties={"paper": {"id": name}})


def test_per_asset_each_asset_counts_by_itself_as_compared_text() -> None:
    events = [paper("wp-7", 5), paper(" WP-7 ", 4), paper("wp-8", 3), paper(7, 2), paper("7", 1)]
    assert counted({"per": "asset", "times": 1}, *events) == ids([events[0], events[2], events[3]])


def test_an_event_without_asset_is_its_own_asset() -> None:
    events = [paper(None, 5), paper(" ", 4), event(days_ago=3), paper(["a"], 2), paper(["a"], 1), paper("\0", 0.5)]
    assert counted({"per": "asset", "times": 1}, *events) == ids(events)


def test_unless_the_policy_says_otherwise_the_asset_is_asset_id() -> None:
    events = [event("page.viewed", 2 - n, properties={"asset_id": "a"}) for n in range(2)]
    assert counted({"per": "asset", "times": 1}, *events, type_="page.viewed") == ids(events[:1])


def test_a_day_is_a_calendar_day_of_the_policy_zone() -> None:
    """15:59 UTC is 23:59 in Shanghai; two minutes later it is another day there."""
    moments = [(18, 15, 59), (18, 16, 1), (19, 2, 0), (19, 15, 59)]
    events = [event(at=datetime(2026, 11, day, hour, minute, tzinfo=UTC)) for day, hour, minute in moments]
    assert counted({"per": "day", "times": 1}, *events) == ids(events[:2])


def test_signals_count_by_themselves() -> None:
    repeat = {"per": "event", "times": 1}
    rules = policy(model([{}, signal("a", repeat=repeat), signal("b", repeat=repeat)]))
    assert [line.signal for line in scores(rules, None, event(days_ago=1), event()).ledger] == ["a", "b"]


@given(
    st.lists(st.integers(0, 240), min_size=1, max_size=30, unique=True),
    st.integers(1, 3),
    st.integers(1, 72),
)
def test_the_limit_is_kept_and_nothing_is_refused_without_need(hours: list[int], times: int, window: int) -> None:
    """No window holds more than ``times`` counted occurrences, and each refused one had that many before it."""
    events = [event(at=NOW - timedelta(hours=ago)) for ago in hours]
    repeat = {"per": "event", "times": times, "window": {"hours": window}}
    chosen = set(counted(repeat, *events))
    for one in events:
        start = one.occurred_at - timedelta(hours=window)
        before = [o for o in events if o.id in chosen and o is not one and start < o.occurred_at < one.occurred_at]
        assert (len(before) < times) == (one.id in chosen)
