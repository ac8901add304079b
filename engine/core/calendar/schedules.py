"""Whose working time a clock counts, and from when to when it runs (R6.2, R8.1).

Pure. The roster's people each have a calendar, their own or the policy's, and their absences; who is not in the roster,
and nobody, has the policy's calendar. A policy without calendar works around the clock in its zone.
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
    """When a clock begins to run, when it is due, and its ``warnings``: the percent of its window and the moment."""

    started_at: datetime
    due_at: datetime
    warnings: tuple[tuple[int, datetime], ...] = ()


Due = Callable[[ClockRule, str | None, datetime], Timing]
"""(rule, owner, moment) → the timing of a clock that starts at this moment."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Somebody's calendar and the days they are away."""

    calendar: WorkingCalendar
    absences: Absences = ()


@dataclass(frozen=True, slots=True)
class Schedules:
    """Everybody's schedule by e-mail; ``own`` is the policy's, for all others."""

    own: Schedule
    people: Mapping[str, Schedule] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policy: Policy,
        calendars: Mapping[str, Mapping[str, Any]],
        people: Iterable[tuple[str, str | None, Absences]],
    ) -> "Schedules":
        """From the roster's calendars as plain data by key and its people as (e-mail, calendar, absences)."""
        written = policy.calendar.model_dump(mode="json", exclude_defaults=True) if policy.calendar else {}
        own = WorkingCalendar.of(ZoneInfo(policy.timezone), written)
        made = {key: WorkingCalendar.of(ZoneInfo(parts["timezone"]), parts) for key, parts in calendars.items()}
        return cls(
            Schedule(own),
            {email: Schedule(made.get(calendar or "", own), absences) for email, calendar, absences in people},
        )

    @classmethod
    def of_roster(cls, policy: Policy, roster: Roster) -> "Schedules":
        """From a roster document."""
        calendars = {one.key: one.model_dump(mode="json", exclude_defaults=True) for one in roster.calendars}
        people = (
            (person.email, person.calendar, tuple((absence.from_, absence.to) for absence in person.absences))
            for person in roster.people
        )
        return cls.of(policy, calendars, people)

    def schedule(self, email: str | None) -> Schedule:
        """Somebody's schedule."""
        return self.people.get(email or "", self.own)

    def due(self, rule: ClockRule, owner: str | None, now: datetime) -> Timing:
        """When a clock that starts now begins to run, warns, and is due.

        Elapsed time of an owner who is away begins with the day they return; business time skips such days by itself.
        """
        start = now if rule.clock == "business" else _return_of(self.schedule(owner), now)
        return self.timing(rule, owner, start)

    def timing(self, rule: ClockRule, owner: str | None, start: datetime) -> Timing:
        """The warnings and the due moment of a clock that began to run then."""
        window = rule.window.timedelta
        warnings = ((part, self.after(rule, owner, start, window * part / 100)) for part in sorted(set(rule.warn_at)))
        return Timing(start, self.after(rule, owner, start, window), tuple(warnings))

    def after(self, rule: ClockRule, owner: str | None, start: datetime, span: timedelta) -> datetime:
        """When so much of a clock's time has passed since it began to run."""
        if rule.clock == "business":
            schedule = self.schedule(owner)
            return add_business_time(schedule.calendar, start, span, schedule.absences)
        return start + min(span, END - start)


def _return_of(schedule: Schedule, now: datetime) -> datetime:
    """Now, or 00:00 of the day somebody returns who is away."""
    zone = schedule.calendar.zone
    today = now.astimezone(zone).date()
    back = present_from(today, schedule.absences)
    return now if back == today else min(day_begins(zone, back), END)
