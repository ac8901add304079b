"""When clocks are due, and which shards have something to do, at moments that a test sets."""

from datetime import timedelta
from typing import Any

from engine.store.due.clocks import fire_due_clocks
from engine.store.inbox.waiting import waiting_shards
from tests.factories import CTO, NOW, HandClock, decide_all, event, hire, policy_document, put_in_force, rows, take_in

TEAM = ("li@example.com", "wang@example.com", "zhao@example.com")


def first_touch() -> dict[str, Any]:
    """A policy that takes a ready lead away from whoever does not touch it within half an hour."""
    rule = {
        "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
        "window": {"minutes": 30}, "on_breach": [{"do": "reassign"}],
    }  # fmt: skip
    return policy_document(sla=[rule])


def test_a_clock_fires_once_and_not_before_it_is_due(database: str) -> None:
    put_in_force(first_touch())
    hire(*TEAM)
    (lead,) = take_in(event(external_id="c1", traits=CTO)).lead_ids
    decide_all()
    due = NOW + timedelta(minutes=30)
    assert fire_due_clocks(due - timedelta(microseconds=1)) == []
    assert fire_due_clocks(due) == [lead]
    assert fire_due_clocks(due + timedelta(days=1)) == []
    assert rows("SELECT occurred_at FROM event WHERE type = 'sla.breached'") == [(due,)]


def test_a_touch_before_the_due_moment_wins_over_a_breach_that_is_not_decided(database: str) -> None:
    put_in_force(first_touch())
    hire(*TEAM)
    take_in(event(external_id="c1"))
    decide_all()
    clock = HandClock()
    clock.pass_by(minutes=29)
    take_in(event("lead.touched", external_id="c1", at=clock.now()))
    decide_all(clock)
    assert fire_due_clocks(NOW + timedelta(minutes=31)) == []


def test_shards_with_due_events_are_known_with_the_moment_of_the_first(database: str) -> None:
    later = NOW + timedelta(hours=1)
    (lead,) = take_in(event(external_id="c1", at=later)).lead_ids
    (other,) = take_in(event(external_id="c2")).lead_ids
    assert waiting_shards(NOW) == {other % 64: NOW}
    assert waiting_shards(later) == {other % 64: NOW, lead % 64: later}
