"""Calendars of the roster: leads wait for working hours, clocks follow their owner's calendar (R5.4, R6.2)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from engine.store.due.queue import QueueWatch
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from tests.factories import (
    CTO,
    HandClock,
    column,
    decide_all,
    event,
    hire,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
EVENING = datetime(2026, 11, 23, 22, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOURS = {"timezone": "UTC", "hours": {"mon": ["09:00-18:00"], "tue": ["09:00-18:00"]}}
FIRST_TOUCH = {
    "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
    "window": {"minutes": 30}, "clock": "business", "on_breach": [{"do": "reassign"}],
}  # fmt: skip


def office(off_hours: str, **more: Any) -> None:
    """One SDR who works on Mondays and Tuesdays, and a lead that comes on Monday evening."""
    rules = [{"key": "inbound", "role": "sdr", "off_hours": off_hours}]
    put_in_force(policy_document(assignment=rules, sla=[FIRST_TOUCH], **more))
    hire("li@example.com")
    with transaction() as connection:
        driver = raw(connection)
        driver.execute("INSERT INTO calendar (key, body) VALUES ('office', %s)", [Jsonb(HOURS)])
        driver.execute("UPDATE person SET calendar = 'office'")
    take_in(event(external_id="x", traits=CTO, at=EVENING), now=EVENING)
    decide_all(HandClock(EVENING))


def test_a_clock_that_starts_in_the_evening_is_due_in_the_morning() -> None:
    office("assign")
    assert rows("SELECT owner, started_at, due_at FROM clock") == [
        ("li@example.com", EVENING, MORNING.replace(minute=30))
    ]
    assert verify().differences == ()


def test_a_lead_of_the_evening_waits_quietly_and_is_served_at_opening() -> None:
    office("wait")
    assert column("SELECT queued_role FROM lead") == ["sdr"]
    assert QueueWatch().ask(EVENING) == []
    assert len(QueueWatch().ask(MORNING)) == 1
    decide_all(HandClock(MORNING))
    assert rows("SELECT owner, started_at, due_at FROM clock") == [
        ("li@example.com", MORNING, MORNING.replace(minute=30))
    ]
    assert verify().differences == ()
