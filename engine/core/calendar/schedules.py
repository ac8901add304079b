"""Schedules of people, and start, warnings and due time of a clock (R6.2, R8.1).

Pure. Each person of the roster has a calendar (their own or the policy's) and absences. Other people, and leads without
owner, have the policy's calendar. A policy without calendar works around the clock in its zone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from engine.core.calendar.calendars import END, Absences, WorkingCalendar, add_business_time, day_begins, present_from
from rulesets.policy.policy import Policy
from rulesets.policy.sla import ClockRule
from rulesets.roster.roster import Roster


class Timing(NamedTuple):
    """Start and due time of a clock, and its ``warnings``: (percent of the window, moment)."""

    started_at: datetime
    due_at: datetime
    warnings: tuple[tuple[int, datetime], ...] = ()


Due = Callable[[ClockRule, str | None, datetime], Timing]
"""(rule, owner, moment) → the timing of a clock that starts at this moment."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A person's calendar and absences."""

    calendar: WorkingCalendar
    absences: Absences = ()


@dataclass(frozen=True, slots=True)
class Schedules:
    """Schedules by e-mail; ``own`` is the policy's schedule, for all others."""

    own: Schedule
    people: Mapping[str, Schedule] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policy: Policy,
        calendars: Mapping[str, Mapping[str, Any]],
        people: Iterable[tuple[str, str | None, Absences]],
    ) -> "Schedules":
        """Schedules from calendars as plain data by key, and people as (e-mail, calendar, absences)."""
        written = policy.calendar.model_dump(mode="json", exclude_defaults=True) if policy.calendar else {}
        own = WorkingCalendar.of(ZoneInfo(policy.timezone), written)
        made = {key: WorkingCalendar.of(ZoneInfo(parts["timezone"]), parts) for key, parts in calendars.items()}
        return cls(
            Schedule(own),
            {email: Schedule(made.get(calendar or "", own), absences) for email, calendar, absences in people},
        )

    @classmethod
    def of_roster(cls, policy: Policy, roster: Roster) -> "Schedules":
        """Schedules from a roster document."""
        calendars = {one.key: one.model_dump(mode="json", exclude_defaults=True) for one in roster.calendars}
        people = (
            (person.email, person.calendar, tuple((absence.from_, absence.to) for absence in person.absences))
            for person in roster.people
        )
        return cls.of(policy, calendars, people)

    def schedule(self, email: str | None) -> Schedule:
        """The schedule of a person, or the policy's."""
        return self.people.get(email or "", self.own)

    def due(self, rule: ClockRule, owner: str | None, now: datetime) -> Timing:
        """The timing of a clock that starts now.

        An elapsed clock of an absent owner begins on the day of their return; business time skips absences anyway.
        """
        start = now if rule.clock == "business" else _return_of(self.schedule(owner), now)
        return self.timing(rule, owner, start)

    def timing(self, rule: ClockRule, owner: str | None, start: datetime) -> Timing:
        """The timing of a clock that began at ``start``."""
        window = rule.window.timedelta
        warnings = ((part, self.after(rule, owner, start, window * part / 100)) for part in sorted(set(rule.warn_at)))
        return Timing(start, self.after(rule, owner, start, window), tuple(warnings))

    def after(self, rule: ClockRule, owner: str | None, start: datetime, span: timedelta) -> datetime:
        """The moment at which ``span`` of the clock's time has passed since ``start``."""
        if rule.clock == "business":
            schedule = self.schedule(owner)
            return add_business_time(schedule.calendar, start, span, schedule.absences)
        # Cut at the end of the calendar: start + span could exceed the year 9999 and raise OverflowError.
        return start + min(span, END - start)


def _return_of(schedule: Schedule, now: datetime) -> datetime:
    """Now; or 00:00 of the day of return, if the person is absent today."""
    zone = schedule.calendar.zone
    today = now.astimezone(zone).date()
    back = present_from(today, schedule.absences)
    return now if back == today else min(day_begins(zone, back), END)
