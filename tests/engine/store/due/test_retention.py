"""Leads without activity are erased after the months that data may be kept, a few at a time (R4.9)."""

from datetime import UTC, datetime

import pytest

from engine.store.due import retention
from engine.store.due.retention import erase_inactive
from engine.verification.verify import verify
from tests.factories import HandClock, column, decide_all, event, policy_document, put_in_force, rows, take_in
from workers import scheduler

pytestmark = pytest.mark.usefixtures("database")
BEGIN = datetime(2036, 1, 15, 9, 0, tzinfo=UTC)
SIX_LATER = datetime(2036, 7, 15, 9, 0, tzinfo=UTC)


def live(*leads: str) -> HandClock:
    clock = HandClock(BEGIN)
    put_in_force(policy_document(), now=BEGIN)
    for lead in leads:
        take_in(event(external_id=lead, email=f"{lead}@acme.example", at=BEGIN), now=BEGIN)
    decide_all(clock)
    return clock


def test_a_lead_is_erased_once_its_last_activity_is_older_than_the_months() -> None:
    """R4.9."""
    clock = live("old", "busy")
    clock.moment = SIX_LATER
    take_in(event("content.downloaded", external_id="busy", at=SIX_LATER), now=SIX_LATER)
    decide_all(clock)
    assert erase_inactive(SIX_LATER, 6) == [], "six months to the second are not more than six months"
    clock.pass_by(seconds=1)
    assert erase_inactive(clock.now(), 6) == column("SELECT lead_id FROM identity WHERE value = 'old'")
    decide_all(clock)
    assert erase_inactive(clock.now(), 6) == []
    assert column("SELECT value FROM identity WHERE value LIKE '%%acme%%'") == ["busy@acme.example"]
    assert column("SELECT actor FROM audit_entry WHERE action = 'lead.erased'") == ["baton"]
    assert verify().differences == ()


def test_open_opportunities_and_leads_with_something_waiting_are_kept() -> None:
    clock = live("deal", "waits", "won")
    rows("UPDATE lead SET stage = 'opportunity' WHERE id = 1 RETURNING 1")
    rows("UPDATE lead SET stage = 'won' WHERE id = 3 RETURNING 1")
    clock.moment = datetime(2037, 1, 1, tzinfo=UTC)
    take_in(event(external_id="waits", at=clock.now()), now=clock.now())
    assert erase_inactive(clock.now(), 6) == [3]


def test_a_few_leads_are_erased_at_a_time() -> None:
    clock = live(*(f"x{number}" for number in range(retention.AT_ONCE + 1)))
    clock.moment = datetime(2037, 1, 1, tzinfo=UTC)
    assert len(erase_inactive(clock.now(), 6)) == retention.AT_ONCE
    assert len(erase_inactive(clock.now(), 6)) == 1


def test_without_the_setting_the_scheduler_erases_nothing() -> None:
    assert scheduler.retention(None) == ()
    assert [duty.name for duty in scheduler.retention(24)] == ["retention"]
