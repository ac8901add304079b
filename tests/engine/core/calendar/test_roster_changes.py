"""What follows from an edit of the roster, worked out in memory (R5.11, R6.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.core.calendar.roster_changes import Following, Handover, Parting, retimed, what_follows
from engine.core.calendar.schedules import Timing
from rulesets.roster.roster import FORMAT, Roster

LI = "li@example.com"
NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
"""The 24th has begun in Shanghai."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


def roster(calendars: tuple[dict[str, Any], ...] = (), **person: Any) -> Roster:
    people = [{"email": LI, "role": "sdr", **person}] if person else []
    return Roster.model_validate({"format": FORMAT, "calendars": calendars, "people": people})


def away(first: str, last: str | None = None) -> dict[str, Any]:
    return {"absences": [{"from": first, "to": last or first}]}


def partings(before: Roster, after: Roster, own: ZoneInfo = SHANGHAI) -> list[str]:
    return [one.cause for one in what_follows(before, after, NOW, own).partings]


@pytest.mark.parametrize(
    ("before", "after", "causes"),
    [
        ({"active": True}, {"active": False}, ["inactive"]),
        ({"active": True}, {"active": False, "role": "sales"}, ["inactive"]),
        ({"active": True}, {"role": "sales"}, ["role"]),
        ({"active": False}, {"role": "sales"}, []),
        ({"active": False}, {"active": False}, []),
        ({}, {"active": False}, []),
        ({"active": True}, {"tier": 1, "weight": 9}, []),
        ({"active": True}, away("2026-11-24"), ["absence"]),
        ({"active": True}, away("2026-11-01", "2026-12-01"), ["absence"]),
        ({"active": True}, away("2026-11-23"), []),
        ({"active": True}, away("2026-11-25"), []),
        (away("2026-11-20", "2026-11-24"), away("2026-11-24", "2026-11-30"), []),
        ({"active": True}, {**away("2026-11-24"), "role": "manager"}, ["role"]),
    ],
)
def test_who_parts_with_leads_and_why(before: dict[str, Any], after: dict[str, Any], causes: list[str]) -> None:
    assert partings(roster(**before), roster(**after)) == causes


def test_today_is_the_persons_own() -> None:
    office = {"key": "office", "timezone": "America/New_York"}
    before, after = roster((office,), calendar="office"), roster((office,), calendar="office", **away("2026-11-24"))
    assert partings(before, after) == []
    assert partings(roster(tier=1), roster(**away("2026-11-24")), ZoneInfo("UTC")) == []


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (roster(), roster(tier=1), False),
        (roster(), roster(**away("2027-01-01")), True),
        (roster(tier=1), roster(tier=2), False),
        (roster(**away("2027-01-01")), roster(tier=1), True),
        (roster(tier=1), roster(({"key": "c", "timezone": "UTC"},), calendar="c"), True),
        (
            roster(({"key": "c", "timezone": "UTC"},), calendar="c"),
            roster(({"key": "c", "timezone": "Asia/Tokyo"},), calendar="c"),
            True,
        ),
        (
            roster(({"key": "c", "timezone": "UTC"},), calendar="c"),
            roster(({"key": "c", "timezone": "UTC"}, {"key": "d", "timezone": "UTC"}), calendar="c"),
            False,
        ),
        (
            roster(**away("2027-01-01")),
            roster(absences=[{"from": "2027-01-01", "to": "2027-01-01", "reason": "leave"}]),
            False,
        ),
    ],
)
def test_whose_working_time_is_another(before: Roster, after: Roster, moved: bool) -> None:
    assert what_follows(before, after, NOW, SHANGHAI).rescheduled == (frozenset({LI}) if moved else frozenset())


def test_nothing_follows_from_an_edit_that_changes_nothing() -> None:
    same = roster(**away("2026-11-24"))
    assert what_follows(same, same, NOW, SHANGHAI) == Following()


def test_leads_go_where_the_editor_says() -> None:
    handover = Handover("manager", "policy")
    given = [handover.give(Parting(LI, cause).cause) for cause in ("inactive", "role", "absence")]
    assert given == ["manager", "manager", "policy"]
    assert Handover().give("absence") is None


def test_a_clock_timed_anew_is_due_no_earlier_than_the_edit() -> None:
    hour = timedelta(hours=1)
    timing = Timing(NOW - 9 * hour, NOW - hour, ((25, NOW - 3 * hour), (50, NOW - 2 * hour)))
    found = retimed(timing, [50], NOW)
    assert (found.due_at, found.warnings, found.next_at) == (NOW, ((50, NOW),), NOW)


def test_a_clock_without_warnings_left_has_its_end_next() -> None:
    due = NOW + timedelta(hours=5)
    found = retimed(Timing(NOW, due, ((50, NOW),)), [], NOW)
    assert (found.due_at, found.warnings, found.next_at) == (due, (), due)
