"""Working time: sixty windows worked out by hand, and what holds of every calendar (R6.2, R8.2)."""

import json
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.core.calendar.calendars import (
    END,
    Absences,
    WorkingCalendar,
    _hours_on,
    add_business_time,
    elapsed,
    is_working,
    known_countries,
    working_spans,
)
from rulesets.roster.countries import COUNTRIES

PUBLISHED = Path(__file__).parents[5] / "shared" / "data" / "calendar_cn"
DAYS = ("mon", "tue", "wed", "thu", "fri")
ZONES = (
    "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia",
    "America/Havana", "Asia/Kathmandu",
)  # fmt: skip
TICK = timedelta(microseconds=1)


def calendar(zone: str, *spans: str, days: Sequence[str] = DAYS, **parts: Any) -> WorkingCalendar:
    return WorkingCalendar.of(ZoneInfo(zone), {"hours": dict.fromkeys(days, spans), **parts})


CASES: dict[str, Any] = json.loads((Path(__file__).parents[3] / "cases" / "calendars.json").read_text("utf-8"))
CALENDARS = {key: WorkingCalendar.of(ZoneInfo(parts["timezone"]), parts) for key, parts in CASES["calendars"].items()}
CN, ALWAYS_CN = CALENDARS["cn"], CALENDARS["cn_always"]


def moment(text: str, of: WorkingCalendar) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=of.zone)


def days_of(absences: Sequence[tuple[str, str]]) -> Absences:
    return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in absences]


def named(case: dict[str, Any]) -> str:
    return f"{case['about']}: {case['calendar']} {case['start']} {case['seconds']}"


@pytest.mark.parametrize("case", CASES["windows"], ids=named)
def test_a_window_of_working_time_is_full_when_a_person_with_a_wall_calendar_says(case: dict[str, Any]) -> None:
    """R6.2, R8.2."""
    of, window, away = CALENDARS[case["calendar"]], timedelta(seconds=case["seconds"]), days_of(case.get("away", ()))
    begins = moment(case["start"], of)
    found = add_business_time(of, begins, window, away)
    assert found == moment(case["due"], of).astimezone(UTC)
    assert elapsed(of, begins, found, away) == window
    assert is_working(of, found - TICK)


def test_there_are_at_least_sixty_such_cases() -> None:
    assert len(CASES["windows"]) >= 60


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published calendars of ../shared/data are not here")
@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_published_chinese_calendar_agrees_on_every_day(year: int) -> None:
    """R8.2: public holidays are off, make-up working days are worked."""
    told = {day["date"]: day["isOffDay"] for day in json.loads((PUBLISHED / f"{year}.json").read_text())["days"]}
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    for day in (day for day in days if day.year == year):
        off = told.get(day.isoformat(), day.weekday() >= 5)
        ten = datetime(year, day.month, day.day, 10, tzinfo=CN.zone)
        assert is_working(CN, ten) is not off, day
        assert is_working(ALWAYS_CN, ten) is not told.get(day.isoformat(), False), day


def test_working_time_begins_at_opening_and_is_over_at_closing() -> None:
    for text, works in (("08:59:59", False), ("09:00", True), ("11:59:59", True), ("12:00", False), ("18:00", False)):
        assert is_working(CN, moment(f"2026-11-23T{text}", CN)) is works


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    """R8.4."""
    night = calendar("Asia/Shanghai", "22:00-06:00", days=("mon",))
    hours = ("23T21:59", "23T22:00", "24T05:59", "24T06:00", "25T01:00")
    at = {hour: moment(f"2026-11-{hour}", night) for hour in hours}
    assert [hour for hour, when in at.items() if is_working(night, when)] == ["23T22:00", "24T05:59"]
    tuesday, monday = date(2026, 11, 24), date(2026, 11, 23)
    assert elapsed(night, at["23T21:59"], at["25T01:00"], [(tuesday, tuesday)]) == timedelta(hours=8)
    assert elapsed(night, at["23T21:59"], at["25T01:00"], [(monday, monday)]) == timedelta()


def test_time_that_a_night_shift_shares_with_the_next_day_counts_once() -> None:
    """R8.4."""
    always = calendar("Asia/Shanghai", "22:00-21:00", days=(*DAYS, "sat", "sun"))
    start = moment("2026-11-23T22:00", always)
    assert elapsed(always, start, start + timedelta(days=2)) == timedelta(hours=46)
    long = calendar("Asia/Shanghai", "20:00-12:00", "09:00-10:00")
    assert elapsed(long, moment("2026-11-24T00:00", long), moment("2026-11-25T00:00", long)) == timedelta(hours=16)


def test_spans_that_touch_or_overlap_are_one() -> None:
    spans = ["13:00-18:00", "09:00-12:00", "11:00-13:00", "14:00-15:00"]
    assert calendar("UTC", *spans).hours[0] == ((9 * 60, 18 * 60),)


def test_a_calendar_without_hours_works_around_the_clock_but_on_its_days_off() -> None:
    always = WorkingCalendar.of(ZoneInfo("UTC"), {"hours": {"mon": []}, "days_off": ["2026-11-23"]})
    assert is_working(always, datetime(2026, 11, 22, 3, tzinfo=UTC))
    assert not is_working(always, datetime(2026, 11, 23, 3, tzinfo=UTC))


def test_who_never_returns_has_until_the_end_of_time() -> None:
    assert add_business_time(CN, moment("2026-11-23T10:00", CN), TICK, [(date(2026, 1, 1), date.max)]) == END


def test_a_window_longer_than_time_is_due_at_its_end() -> None:
    rare = calendar("UTC", "00:00-00:01", days=["mon"])
    assert add_business_time(rare, datetime(9990, 1, 1, tzinfo=UTC), timedelta(days=9)) == END
    assert elapsed(rare, END - timedelta(days=9), END + timedelta(hours=1)) == timedelta(minutes=1)


def test_countries_are_known_by_their_two_letters() -> None:
    assert {"CN", "US", "DE", "TW", "HK"} <= known_countries()
    assert {code for code in known_countries() if len(code) == 2} == COUNTRIES


# ------------------------------------------------------------------------------------------------ of every calendar
@st.composite
def spans(draw: st.DrawFn) -> str:
    start = draw(st.integers(0, 24 * 60 - 1))
    end = draw(st.integers(0, 24 * 60).filter(lambda end: end != start))
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


any_day = st.dates(date(2010, 1, 1), date(2027, 12, 31))
any_calendar = st.builds(
    lambda zone, hours, country, off, on: WorkingCalendar.of(
        ZoneInfo(zone), {"hours": hours, "country": country, "days_off": off, "workdays": on}
    ),
    st.sampled_from(ZONES),
    st.dictionaries(st.sampled_from([*DAYS, "sat", "sun"]), st.lists(spans(), max_size=3), max_size=7),
    st.sampled_from([None, "CN", "US"]),
    st.lists(any_day.map(date.isoformat), max_size=3),
    st.lists(any_day.map(date.isoformat), max_size=3),
)
any_moment = st.datetimes(datetime(2010, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
any_window = st.timedeltas(TICK, timedelta(hours=200))
any_absences = st.lists(
    st.tuples(any_day, st.integers(0, 30)).map(lambda p: (p[0], p[0] + timedelta(p[1]))), max_size=3
)


@settings(max_examples=25, deadline=None)
@given(any_calendar, any_moment, st.integers(1, 3 * 24 * 60), any_absences)
def test_working_time_is_what_a_count_minute_by_minute_gives(
    of: WorkingCalendar, start: datetime, minutes: int, absences: Absences
) -> None:
    """R8.4: over midnight, days off, absences and changed clocks."""
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=minutes)
    first = shown_first(of.zone, start - timedelta(days=3), minutes + 7 * 24 * 60)
    day, worked = (start - timedelta(days=2)).astimezone(of.zone).date(), set[datetime]()
    for number in range(minutes // (24 * 60) + 5):
        one = day + timedelta(days=number)
        if not any(away <= one <= back for away, back in absences):
            for opens, closes in _hours_on(of, one):
                since, until = first(one, opens), first(one, closes)
                worked |= {at for at in minutes_between(since, until) if start <= at < end}
    assert elapsed(of, start, end, absences) == timedelta(minutes=len(worked))


def minutes_between(since: datetime, until: datetime) -> list[datetime]:
    return [since + timedelta(minutes=n) for n in range(int((until - since).total_seconds()) // 60)]


def shown_first(zone: ZoneInfo, since: datetime, minutes: int) -> Callable[[date, int], datetime]:
    """When a clock on the wall first shows a minute of a day, or a later one: looked at every minute."""
    at = minutes_between(since, since + timedelta(minutes=minutes))
    latest = list(accumulate((one.astimezone(zone).replace(tzinfo=None) for one in at), max))
    midnight = datetime.min.time()
    return lambda day, minute: at[bisect_left(latest, datetime.combine(day, midnight) + timedelta(minutes=minute))]


@settings(max_examples=40)
@given(any_calendar, any_moment, any_window, any_absences)
def test_what_has_elapsed_at_the_deadline_is_the_window(
    of: WorkingCalendar, start: datetime, window: timedelta, absences: Absences
) -> None:
    due = add_business_time(of, start, window, absences)
    assume(due < END)
    assert elapsed(of, start, due, absences) == window
    assert elapsed(of, start, due - TICK, absences) == window - TICK


@settings(max_examples=40)
@given(any_calendar, st.tuples(any_moment, any_moment), st.tuples(any_window, any_window), any_absences)
def test_a_later_start_or_a_longer_window_is_never_due_earlier(
    of: WorkingCalendar,
    starts: tuple[datetime, datetime],
    windows: tuple[timedelta, timedelta],
    absences: Absences,
) -> None:
    (early, late), (short, long) = sorted(starts), sorted(windows)
    due = add_business_time(of, early, short, absences)
    assert due <= add_business_time(of, late, short, absences)
    assert due <= add_business_time(of, early, long, absences)
    assert due >= early + short


@settings(max_examples=40)
@given(any_calendar, any_moment, st.lists(any_window, min_size=2, max_size=2), any_absences)
def test_time_elapsed_adds_up(of: WorkingCalendar, first: datetime, spans: list[timedelta], absences: Absences) -> None:
    second, third = first + min(spans), first + max(spans)
    parts = elapsed(of, first, second, absences) + elapsed(of, second, third, absences)
    assert elapsed(of, first, third, absences) == parts <= third - first
    assert elapsed(of, third, first, absences) == timedelta()


@given(any_calendar, any_moment)
def test_working_time_is_what_elapses(of: WorkingCalendar, at: datetime) -> None:
    assert is_working(of, at) == (elapsed(of, at, at + TICK) == TICK)


@given(any_calendar, any_moment)
def test_spans_come_in_order_and_never_overlap(of: WorkingCalendar, at: datetime) -> None:
    last = at
    for (opens, closes), _ in zip(working_spans(of, at), range(20), strict=False):
        assert last <= opens < closes
        last = closes
