"""Working time: when a calendar works, when a window of working time is full, how much has passed (R6.2, R8.2).

Pure interval arithmetic, day by day and never minute by minute. A day's hours are wall-clock spans in the calendar's
zone, turned into UTC instants, so that nights on which clocks change last as long as they last. Choices made where the
contract is silent:

* without any hours a calendar works around the clock; its days off are off nevertheless;
* a make-up day works Monday's hours whatever its weekday; a day both in `days_off` and in `workdays` is off;
* a span over midnight belongs to the day on which it begins, also when the next day is off or away, and as long as
  clocks make it (R8.4); time that it shares with the next day's hours counts once;
* a span begins and ends when the clock first shows its edge; an edge that the clock skips is the moment of skipping;
* a window that is not full before the year 9999 ends is due then.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.calendar.announced_holidays import ANNOUNCED
from rulesets.roster.hours import span_minutes
from rulesets.roster.roster import WEEKDAYS

Minutes = tuple[int, int]
"""A span of a day in minutes since its 00:00 on the wall, the end not included; beyond 1440 it is the next day."""
Span = tuple[datetime, datetime]
"""A span of time between two instants, the end not included."""
Absences = Sequence[tuple[date, date]]
"""Whole days away in the zone of the calendar, first and last included."""

AROUND_THE_CLOCK: tuple[tuple[Minutes, ...], ...] = (((0, 24 * 60),),) * 7
DAY = timedelta(days=1)
END = datetime(9999, 12, 30, tzinfo=UTC)
"""Nothing is due later: beyond it, moments of some zones cannot be written."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """When people work: ``hours`` of Monday to Sunday, public holidays of ``country``, exceptions by day (R8.2)."""

    zone: ZoneInfo
    hours: tuple[tuple[Minutes, ...], ...] = AROUND_THE_CLOCK
    country: str | None = None
    days_off: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    @classmethod
    def of(cls, zone: ZoneInfo, parts: Mapping[str, Any]) -> "WorkingCalendar":
        """A calendar as policies and rosters write it: valid plain data, days as ISO text."""
        written = parts.get("hours") or {}
        hours = tuple(_merged(filter(None, map(span_minutes, written.get(name, ())))) for name in WEEKDAYS)
        return cls(
            zone,
            hours if any(hours) else AROUND_THE_CLOCK,
            parts.get("country"),
            frozenset(map(date.fromisoformat, parts.get("days_off", ()))),
            frozenset(map(date.fromisoformat, parts.get("workdays", ()))),
        )


def is_working(calendar: WorkingCalendar, moment: datetime) -> bool:
    """Whether it is working time; not any more at the moment of closing."""
    return any(opens <= moment < closes for opens, closes in _around(calendar, moment))


def add_business_time(calendar: WorkingCalendar, start: datetime, span: timedelta, absences: Absences = ()) -> datetime:
    """When so much working time has passed since ``start``, in UTC; exactly at closing if it is full then."""
    left = span
    for opens, closes in working_spans(calendar, start, absences):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    return END


def elapsed(calendar: WorkingCalendar, start: datetime, end: datetime, absences: Absences = ()) -> timedelta:
    """How much working time lies between two moments; none when the end is before the start."""
    passed = timedelta()
    for opens, closes in working_spans(calendar, start, absences):
        if opens >= end:
            break
        passed += min(closes, end) - opens
    return passed


def working_spans(calendar: WorkingCalendar, start: datetime, absences: Absences = ()) -> Iterator[Span]:
    """The spans of working time from a moment on, in order; the first one begins then if it is working time.

    They never overlap: a span begins when the one before ends that reaches into its day.
    """
    after = start.astimezone(UTC)
    day = start.astimezone(calendar.zone).date() - DAY
    while (day := present_from(day, absences)) < END.date():
        for opens, closes in _spans_on(calendar, day):
            if closes > after:
                yield max(opens, after), closes
                after = closes
        day += DAY


def present_from(day: date, absences: Absences) -> date:
    """The first day, from this one on, that no absence covers; the last of all days when there is none."""
    while (last := max((last for first, last in absences if first <= day <= last), default=None)) is not None:
        if last >= END.date():
            return END.date()
        day = last + DAY
    return day


@lru_cache(maxsize=1)
def known_countries() -> frozenset[str]:
    """Codes of the countries whose public holidays are known. Loads the library: ask before many processes begin."""
    return frozenset(_library().list_supported_countries(include_aliases=True))


def day_begins(zone: ZoneInfo, day: date) -> datetime:
    """00:00 of a day in a zone, in UTC."""
    return _instant(zone, day, 0)


def _around(calendar: WorkingCalendar, moment: datetime) -> Iterator[Span]:
    """The spans that may hold a moment: of its day, of the one before, whose last may cross midnight, and of the next,
    which begins twice where clocks go back over midnight.
    """
    day = moment.astimezone(calendar.zone).date()
    for one in (day - DAY, day, day + DAY):
        yield from _spans_on(calendar, one)


@lru_cache(maxsize=4096)
def _spans_on(calendar: WorkingCalendar, day: date) -> tuple[Span, ...]:
    """A day's working time as instants; spans that the clock skips are left out."""
    edges = ((_instant(calendar.zone, day, a), _instant(calendar.zone, day, b)) for a, b in _hours_on(calendar, day))
    return tuple((opens, closes) for opens, closes in edges if opens < closes)


def _hours_on(calendar: WorkingCalendar, day: date) -> tuple[Minutes, ...]:
    if day in calendar.days_off:
        return ()
    off, make_up = _public_days(calendar.country, day.year)
    if day in calendar.workdays or day in make_up:
        return calendar.hours[0]
    return () if day in off else calendar.hours[day.weekday()]


@lru_cache(maxsize=1024)
def _public_days(country: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """The public holidays of a year and its make-up working days; none for a country nobody has listed."""
    if country is None or country not in known_countries():
        return frozenset(), frozenset()
    found = _library().country_holidays(country, years=year)
    return ANNOUNCED.get(country, frozenset()) | set(found), frozenset(found.weekend_workdays)


def _library() -> Any:
    """The holidays of every country. Imported at the first question: it takes a second that few commands need."""
    import holidays  # noqa: PLC0415 - as above
    import holidays.countries  # noqa: PLC0415 - as above

    return holidays


def _instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """When the clock first shows so many minutes after 00:00 of a day, or skips them."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    skipped = at.astimezone(zone).replace(tzinfo=None) - wall
    return _skips(zone, at - skipped, at) if skipped else at


def _skips(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment, to the second, between two others at which a zone's offset becomes that of the later one."""
    offset = after.astimezone(zone).utcoffset()
    seconds = range(int((after - before).total_seconds()))
    passed = bisect_left(
        seconds, 1, key=lambda second: (before + timedelta(seconds=second)).astimezone(zone).utcoffset() == offset
    )
    return before + timedelta(seconds=passed)


def _merged(spans: Iterable[Minutes]) -> tuple[Minutes, ...]:
    """Spans in order, those that touch or overlap made one."""
    merged: list[Minutes] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)
