"""From when to when clocks run: whose calendar counts, who is away (R6.2, R8.1)."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.core.calendar.calendars import END
from engine.core.calendar.schedules import Schedules
from rulesets.policy.policy import ClockRule
from rulesets.roster.roster import Roster
from tests.engine.core.decided_leads import FIRST_TOUCH
from tests.engine.core.scored_leads import policy

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
ROSTER = Roster.model_validate({
    "format": "baton.roster/1",
    "calendars": [{"key": "late", "timezone": "Europe/Berlin", "hours": {"mon": ["10:00-11:00"]}}],
    "people": [
        {"email": "ann@example.com", "role": "sdr", "calendar": "late"},
        {"email": "bob@example.com", "role": "sdr", "absences": [{"from": "2026-11-23", "to": "2026-11-24"},
                                                                 {"from": "2026-11-25", "to": "2026-11-25"}]},
        {"email": "eve@example.com", "role": "sdr", "calendar": "late",
         "absences": [{"from": "2026-11-23", "to": "2026-11-23"}]},
        {"email": "gone@example.com", "role": "sdr", "absences": [{"from": "2026-01-01", "to": "9999-12-31"}]},
    ],
})  # fmt: skip
NOW = datetime(2026, 11, 23, 17, 30, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)


def schedules(**parts: Any) -> Schedules:
    return Schedules.of_roster(policy(timezone="Asia/Shanghai", **parts), ROSTER)


def rule(clock: str, **window: float) -> ClockRule:
    return ClockRule.model_validate({**FIRST_TOUCH, "clock": clock, "window": window or {"hours": 1}})


def at(day: int, hour: int, minute: int = 0, zone: str = "Asia/Shanghai") -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("owner", "due"),
    [
        ("ann@example.com", at(30, 10, 30, zone="Europe/Berlin")),
        ("eve@example.com", at(30, 11, zone="Europe/Berlin")),
        ("bob@example.com", at(26, 10)),
        ("stranger@example.com", at(24, 9, 30)),
        (None, at(24, 9, 30)),
    ],
)
def test_business_time_is_the_owners_else_the_policys(owner: str | None, due: datetime) -> None:
    assert schedules(calendar={"hours": OFFICE}).due(rule("business"), owner, NOW)[:2] == (NOW, due)


def test_business_time_without_any_calendar_runs_around_the_clock_in_the_policy_zone() -> None:
    """R8.1."""
    assert schedules().due(rule("business"), None, NOW)[:2] == (NOW, NOW + HOUR)
    assert schedules().due(rule("business"), "bob@example.com", NOW)[:2] == (NOW, at(26, 1))


@pytest.mark.parametrize(
    ("owner", "start"),
    [
        (None, NOW),
        ("ann@example.com", NOW),
        ("bob@example.com", at(26, 0)),
        ("eve@example.com", at(24, 0, zone="Europe/Berlin")),
    ],
)
def test_elapsed_time_begins_when_an_owner_who_is_away_returns(owner: str | None, start: datetime) -> None:
    assert schedules(calendar={"hours": OFFICE}).due(rule("elapsed"), owner, NOW)[:2] == (start, start + HOUR)


def test_an_absence_that_begins_later_does_not_stop_elapsed_time() -> None:
    before = at(22, 23, 30)
    assert schedules().due(rule("elapsed", days=2), "bob@example.com", before)[:2] == (
        before,
        before + timedelta(days=2),
    )


def test_clocks_of_somebody_who_never_returns_are_due_at_the_end_of_time() -> None:
    start, due, _ = schedules().due(rule("elapsed"), "gone@example.com", NOW)
    assert start <= due <= END
    assert start.year == 9999
    assert schedules().due(rule("business"), "gone@example.com", NOW)[:2] == (NOW, END)


def test_absences_are_days_of_the_persons_zone() -> None:
    """R8.2."""
    people = [("ann@example.com", None, [(date(2026, 11, 23), date(2026, 11, 23))])]
    there = Schedules.of(policy(timezone="America/New_York"), {}, people)
    assert there.due(rule("elapsed"), "ann@example.com", at(23, 12))[0] == at(23, 12)
    assert there.due(rule("elapsed"), "ann@example.com", at(23, 13))[0] == at(24, 0, zone="America/New_York")
