"""The effects of an edit of the roster: who gives up their leads, and whose working time changes (R5.11, R6.2).

Pure: takes the roster before and after, returns people and moments. Choices where the contract says nothing:

* an absence counts if it covers today, in the person's zone, and no absence did before the edit;
* a person who was inactive before has no leads to give up. A person who leaves and changes roles in one edit has left;
* a clock whose new due time is before the edit is due at the edit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from engine.core.calendar.schedules import Timing
from rulesets.roster.roster import Calendar, Roster, RosterPerson

Cause = Literal["inactive", "role", "absence"]
Give = Literal["policy", "manager"]
GIVES: tuple[Give, ...] = ("policy", "manager")
KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Handover:
    """Where open leads go: those of people who leave or change roles, and those of people who are away from today."""

    leaving: Give = "policy"
    absent: Give | None = None
    """None: they keep their leads."""

    def give(self, cause: Cause) -> Give | None:
        """Where leads go for this cause; None if they stay."""
        return self.absent if cause == "absence" else self.leaving


@dataclass(frozen=True, slots=True)
class Parting:
    """A person who may give up their open leads, and why."""

    person: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Following:
    """The effects of an edit: who gives up leads, and whose running business clocks must be recomputed."""

    partings: tuple[Parting, ...] = ()
    rescheduled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Retimed:
    """The new times of a running clock; ``warnings``: those not sent yet, ``next_at``: the earliest of all."""

    due_at: datetime
    warnings: tuple[tuple[int, datetime], ...]
    next_at: datetime


def what_follows(before: Roster, after: Roster, now: datetime, own: ZoneInfo) -> Following:
    """Compares two rosters at a moment; ``own`` is the zone of people without a calendar."""
    there = {person.email: person for person in before.people}
    old, new = ({calendar.key: calendar for calendar in roster.calendars} for roster in (before, after))
    causes = (
        (person, _cause(there.get(person.email), person, _today(person, new, own, now))) for person in after.people
    )
    return Following(
        tuple(Parting(person.email, cause) for person, cause in causes if cause is not None),
        frozenset(_rescheduled(there, after.people, old, new)),
    )


def retimed(timing: Timing, waiting: Iterable[int], edit: datetime) -> Retimed:
    """The times of a clock under the edited roster, none before the edit; ``waiting``: percents not warned of yet."""
    left = frozenset(waiting)
    due = max(timing.due_at, edit)
    warnings = tuple((part, max(at, edit)) for part, at in timing.warnings if part in left)
    return Retimed(due, warnings, min((at for _, at in warnings), default=due))


def _cause(before: RosterPerson | None, after: RosterPerson, today: date) -> Cause | None:
    """Why a person may give up their leads; None if they keep them."""
    if before is None or not before.active:
        return None
    if not after.active:
        return "inactive"
    if after.role != before.role:
        return "role"
    return "absence" if _away(after, today) and not _away(before, today) else None


def _away(person: RosterPerson, day: date) -> bool:
    return any(absence.from_ <= day <= absence.to for absence in person.absences)


def _today(person: RosterPerson, calendars: Mapping[str, Calendar], own: ZoneInfo, now: datetime) -> date:
    calendar = calendars.get(person.calendar or "")
    return now.astimezone(calendar.zone if calendar else own).date()


def _rescheduled(
    before: Mapping[str, RosterPerson],
    after: Iterable[RosterPerson],
    old: Mapping[str, Calendar],
    new: Mapping[str, Calendar],
) -> Iterator[str]:
    """People whose calendar or absences changed; new people had the policy's calendar and no absences before."""
    for person in after:
        known = before.get(person.email)
        had = (old.get(known.calendar or ""), _days(known)) if known else (None, frozenset())
        if had != (new.get(person.calendar or ""), _days(person)):
            yield person.email


def _days(person: RosterPerson) -> frozenset[tuple[date, date]]:
    return frozenset((absence.from_, absence.to) for absence in person.absences)
