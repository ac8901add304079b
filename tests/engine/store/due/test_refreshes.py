"""At midnight in the policy zone, only leads that time may have changed are rescored (R3.6)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.store.due.refreshes import send_refreshes
from engine.verification.verify import verify
from tests.factories import (
    NOW,
    HandClock,
    column,
    decide_all,
    event,
    model,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
DOWNLOADED = "content.downloaded"
SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime.combine(NOW.astimezone(SHANGHAI).date() + timedelta(days=1), time(tzinfo=SHANGHAI)).astimezone(UTC)
"""00:00 in Shanghai, after NOW."""


def fading(**parts: Any) -> dict[str, Any]:
    """A policy in which 40 points for a download fade by half every day; leads that are warm go to an SDR."""
    signal = {"key": "paper", "event": DOWNLOADED, "points": 40, "decay": {"curve": "half_life", "days": 1}}
    engagement = {"groups": [{"key": "content", "signals": [signal]}], "heats": {"frenzied": 80, "hot": 50, "warm": 20}}
    return policy_document(models=[model(engagement=engagement, matrix={"default": {"action": "nurture"}}, **parts)])


def test_a_lead_whose_points_fade_is_scored_at_midnight_once_and_others_are_not() -> None:
    put_in_force(fading())
    take_in(event(DOWNLOADED, external_id="c1"), event("page.viewed", external_id="c2"))
    decide_all()
    assert column("SELECT next_refresh_at FROM lead ORDER BY id") == [MIDNIGHT, None]
    clock = HandClock()
    clock.pass_by(hours=13.9)
    assert send_refreshes(clock.now()) == [], "not yet midnight"
    clock.pass_by(hours=1)
    assert len(send_refreshes(clock.now())) == 1
    assert send_refreshes(clock.now()) == []
    decide_all(clock)
    assert rows("SELECT external_id, occurred_at FROM event WHERE type = 'score.refreshed'") == [
        (f"refresh:1:{MIDNIGHT.astimezone(SHANGHAI).date()}", MIDNIGHT)
    ]
    assert column("SELECT engagement < 40 AND engagement > 20 FROM lead WHERE id = 1") == [True]
    assert send_refreshes(clock.now()) == []
    assert verify().differences == ()


def test_a_refresh_decides_as_an_event_would_and_in_the_end_time_changes_nothing_more() -> None:
    quiet = {"days_since": {"event": DOWNLOADED}, "op": "gte", "value": 2}
    put_in_force(fading() | {"qualification": {"mql": [{"key": "quiet", "when": quiet}]}})
    take_in(event(DOWNLOADED, external_id="c1"))
    decide_all()
    clock, stages = HandClock(), []
    while column("SELECT next_refresh_at FROM lead") != [None]:
        clock.moment = column("SELECT next_refresh_at FROM lead")[0]
        assert len(send_refreshes(clock.now())) == 1
        decide_all(clock)
        stages += column("SELECT stage FROM lead")
    assert stages[:3] == ["nurture", "nurture", "mql"]
    assert column("SELECT engagement FROM lead") == [0]
    assert verify().differences == ()


def test_days_missed_are_made_up_by_one_refresh_of_the_latest_midnight() -> None:
    put_in_force(fading())
    take_in(event(DOWNLOADED, external_id="c1"))
    decide_all()
    clock = HandClock()
    clock.pass_by(days=3)
    assert len(send_refreshes(clock.now())) == 1
    decide_all(clock)
    assert column("SELECT engagement FROM lead") == [5]
    assert send_refreshes(clock.now()) == []


def test_leads_of_an_account_are_scored_anew_when_one_of_them_fades_or_falls_silent() -> None:
    active = {"field": "account.active_leads", "op": "gte", "value": 2}
    fit = {"groups": [{"key": "who", "rules": [{"key": "many", "when": active, "points": 7}]}], "grades": {"A": 7}}
    put_in_force(policy_document(models=[model(scores="account", fit=fit)]))
    take_in(event(email="li@corp.cn"), event(email="wang@corp.cn"))
    decide_all()
    assert column("SELECT fit FROM lead ORDER BY id") == [7, 7]
    clock = HandClock(column("SELECT next_refresh_at FROM lead WHERE id = 1")[0])
    assert (clock.now() - NOW).days == 30
    assert len(send_refreshes(clock.now())) == 2
    decide_all(clock)
    assert column("SELECT fit FROM lead ORDER BY id") == [0, 0]
    assert column("SELECT next_refresh_at FROM lead") == [None, None]
    assert verify().differences == ()


def test_nothing_is_refreshed_before_the_first_policy_or_for_merged_leads() -> None:
    assert send_refreshes(NOW) == []
    put_in_force(fading())
    take_in(event(DOWNLOADED, external_id="c1"))
    decide_all()
    column("UPDATE lead SET merged_into = 99 RETURNING id")
    assert send_refreshes(MIDNIGHT) == []
