"""The people of a simulation: a roster document, what has been given to whom, and when that may change by itself.

Pure. Live, PostgreSQL counts open leads and assignments (`engine.store.rotation`); here both are counted as they
happen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from engine.core.assignment import Member, listed_months, unavailability
from engine.core.calendars import WorkingCalendar, is_working, working_spans
from engine.core.decide import People
from engine.core.model import Stage
from engine.core.refresh import midnight_after
from engine.core.schedules import Schedules
from engine.core.state import LeadState
from rulesets.policy import Policy
from rulesets.roster import Person, Roster
from rulesets.vocabulary import fold

LISTS = ("territories", "languages", "industries")
OPEN = frozenset({Stage.READY, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY})
"""Stages in which an owned lead counts as open (R5.7)."""
DAY = timedelta(days=1)


class Staff:
    """Everybody of a roster. ``freed``: somebody may have become able to take a lead since this was last cleared."""

    def __init__(self, roster: Roster, policy: Policy) -> None:
        self.schedules = Schedules.of_roster(policy, roster)
        departments = {team.key: team.department for team in roster.teams}
        ordered = sorted(roster.people, key=lambda person: person.email)
        self.people = people_of(roster)
        self.freed = True
        self._hours_matter = any(rule.off_hours != "assign" for rule in policy.assignment)
        self._members = {
            person.email: _member(person, self.schedules.schedule(person.email).calendar.zone, departments)
            for person in ordered
        }
        self._received: dict[str, list[datetime]] = {email: [] for email in self._members}

    def members(self, now: datetime) -> list[Member]:
        """Everybody as they stand now, by e-mail."""
        return [self._counted(member, now) for member in self._members.values()]

    def available(self, now: datetime) -> frozenset[tuple[str, bool]]:
        """Who could take a lead now, if it fits, and whether it is their working time, where a policy asks."""
        members = self.members(now)
        listed = {role: listed_months(members, role) for role in {member.role for member in members}}
        return frozenset((m.email, m.working) for m in members if unavailability(m, now, listed[m.role]) is None)

    def moved(self, before: LeadState, after: LeadState) -> None:
        """A lead went from one state to another: whose open leads are more or fewer."""
        old, new = _open_with(before), _open_with(after)
        if old == new:
            return
        self.freed |= old is not None
        for email, more in ((old, -1), (new, 1)):
            if email in self._members:
                member = self._members[email]
                self._members[email] = replace(member, open_leads=member.open_leads + more)

    def given(self, person: str, at: datetime) -> None:
        """Somebody received a lead by assignment, which counts towards their caps (R5.9)."""
        self._received[person].append(at)

    def next_days(self, now: datetime) -> Iterator[datetime]:
        """The coming moments at which somebody may take leads again.

        Midnights, for caps, absences and lists of months; and where hours matter, the beginnings of working time.
        """
        dated = (m for m in self._members.values() if m.caps or m.absences or m.eligible_months)
        for zone in sorted({str(member.zone) for member in dated}):
            yield midnight_after(now, ZoneInfo(zone))
        if self._hours_matter:
            for calendar in {self.schedules.schedule(email).calendar for email in self._members}:
                yield from _next_opening(calendar, now)

    def _counted(self, member: Member, now: datetime) -> Member:
        if self._hours_matter:
            member = replace(member, working=is_working(self.schedules.schedule(member.email).calendar, now))
        return replace(member, received=self._spans(member, now)) if member.caps else member

    def _spans(self, member: Member, now: datetime) -> Mapping[str, int]:
        """Assignments of the current day, ISO week and month in the person's zone."""
        today = now.astimezone(member.zone).date()
        starts = {"day": today, "week": today - DAY * today.weekday(), "month": today.replace(day=1)}
        received = self._received[member.email]
        return {
            span: sum(1 for at in reversed(received) if at >= datetime.combine(start, time(), member.zone))
            for span, start in starts.items()
        }


def people_of(roster: Roster) -> People:
    """What decisions know of a roster: roles, who may act for others, who is active."""
    heads = {team.head.lower() for team in roster.teams if team.head}
    managers = {person.email for person in roster.people if person.role == "manager" and person.active}
    return People(
        roles={person.email: person.role for person in roster.people},
        managers=frozenset(managers | heads),
        active=frozenset(person.email for person in roster.people if person.active),
    )


def _next_opening(calendar: WorkingCalendar, now: datetime) -> Iterator[datetime]:
    """The next beginning of working time, if there is one."""
    yield from islice((opens for opens, _ in working_spans(calendar, now) if opens > now), 1)


def _open_with(state: LeadState) -> str | None:
    return state.owner if state.stage in OPEN else None


def _member(person: Person, zone: ZoneInfo, departments: Mapping[str, str | None]) -> Member:
    return Member(
        email=person.email,
        role=person.role,
        active=person.active,
        team=person.team,
        department=person.department or departments.get(person.team or ""),
        weight=person.weight,
        capacity=person.capacity,
        caps=person.caps.model_dump(exclude_none=True),
        lists={name: frozenset(map(fold, getattr(person, name))) for name in LISTS},
        absences=tuple((absence.from_, absence.to) for absence in person.absences),
        eligible_months=frozenset(person.eligible_months),
        zone=zone,
    )
