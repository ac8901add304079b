"""The people of a simulation: the roster, the counts per person, and when availability may change by time alone.

Pure. In live decisions PostgreSQL counts open leads and assignments (`engine.store.decisions.rotation`); here the
counts are kept in memory.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from engine.core.assignment.eligibility import OWNED_STAGES, Member
from engine.core.assignment.queueing import able, tokens
from engine.core.assignment.strategies import DECIDED, DECIDED_WITHIN
from engine.core.calendar.calendars import WorkingCalendar, is_working, working_spans
from engine.core.calendar.schedules import Schedules
from engine.core.lead.people import People
from engine.core.lead.state import LeadState
from engine.core.notify.effects import Record
from engine.core.scoring.refresh import midnight_after
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import fold
from rulesets.roster.roster import Roster, RosterPerson

LISTS = ("territories", "languages", "industries")
DAY = timedelta(days=1)


class Staff:
    """The people of a roster. ``freed``: somebody may have become available since the flag was last cleared."""

    def __init__(self, roster: Roster, policy: Policy) -> None:
        self.schedules = Schedules.of_roster(policy, roster)
        departments = {team.key: team.department for team in roster.teams}
        heads: dict[str, set[str]] = {}
        for team in roster.teams:
            heads.setdefault((team.head or "").lower(), set()).add(team.key)
        ordered = sorted(roster.people, key=lambda person: person.email)
        self.people = people_of(roster)
        self.freed = True
        self.suspended: Callable[[str, str, datetime], bool] = lambda _person, _role, _now: False
        """(person, role, moment) → whether the person is suspended; set by the owner of the suspensions."""
        # Records and hours are computed only if a policy reads them: both cost time at every decision.
        self._records_matter = any(rule.strategy == "top_performer" for rule in policy.assignment)
        self._hours_matter = any(rule.off_hours != "assign" for rule in policy.assignment)
        self._members = {
            person.email: _member(person, self.schedules.schedule(person.email).calendar.zone, departments, heads)
            for person in ordered
        }
        self._received: dict[str, list[datetime]] = {email: [] for email in self._members}
        self._records: dict[str, list[Record]] = {email: [] for email in self._members}

    def members(self, now: datetime) -> list[Member]:
        """All people with their current counts, sorted by e-mail."""
        return [self._counted(member, now) for member in self._members.values()]

    def waited_for(self, now: datetime) -> frozenset[str]:
        """The tokens that are satisfied now (`engine.core.assignment.queueing.token`)."""
        return tokens(able(self.members(now), now))

    def moved(self, before: LeadState, after: LeadState) -> None:
        """Updates the open leads of people after a change of a lead's state."""
        old, new = _open_with(before), _open_with(after)
        if old == new:
            return
        self.freed |= old is not None
        for email, more in ((old, -1), (new, 1)):
            if email in self._members:
                member = self._members[email]
                self._members[email] = replace(member, open_leads=member.open_leads + more)

    def given(self, person: str, at: datetime) -> None:
        """Stores an assignment, which counts towards the person's caps (R5.9)."""
        self._received.setdefault(person, []).append(at)

    def holding(self, person: str) -> int:
        """How many open leads a person has."""
        return self._members[person].open_leads if person in self._members else 0

    def recorded(self, record: Record) -> None:
        """Stores an entry of the track record if it is a decided lead and a policy uses `top_performer` (R5.7)."""
        if self._records_matter and record.kind in DECIDED and record.person in self._records:
            self._records[record.person].append(record)

    def next_days(self, now: datetime) -> Iterator[datetime]:
        """The next moments at which somebody may become available by time alone.

        Midnights, for caps, absences and monthly lists; and the starts of working time, if a policy uses working hours.
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
        if self._records_matter:
            recent = [one.kind for one in self._records[member.email] if one.at > now - DECIDED_WITHIN]
            member = replace(member, accepted=recent.count("accepted"), decided=len(recent))
        if self.suspended(member.email, member.role, now):
            member = replace(member, suspended=True)
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
    """The people of a roster as decisions read them: roles, managers, who is active."""
    heads = {team.head.lower() for team in roster.teams if team.head}
    managers = {person.email for person in roster.people if person.role == "manager" and person.active}
    return People(
        roles={person.email: person.role for person in roster.people},
        managers=frozenset(managers | heads),
        active=frozenset(person.email for person in roster.people if person.active),
        superiors=_superiors(roster),
        teams={person.email: person.team for person in roster.people if person.team},
        heads={team.key: team.head.lower() for team in roster.teams if team.head},
    )


def _superiors(roster: Roster) -> dict[str, str]:
    """Person → superior: the manager, else the head of the team."""
    heads = {team.key: team.head.lower() for team in roster.teams if team.head}
    above = {person.email: person.manager or heads.get(person.team or "") for person in roster.people}
    return {email: superior for email, superior in above.items() if superior and superior != email}


def _next_opening(calendar: WorkingCalendar, now: datetime) -> Iterator[datetime]:
    """The next start of working time, if there is one."""
    yield from islice((opens for opens, _ in working_spans(calendar, now) if opens > now), 1)


def _open_with(state: LeadState) -> str | None:
    return state.owner if state.stage in OWNED_STAGES else None


def _member(
    person: RosterPerson, zone: ZoneInfo, departments: Mapping[str, str | None], heads: Mapping[str, set[str]]
) -> Member:
    return Member(
        email=person.email,
        role=person.role,
        active=person.active,
        team=person.team,
        department=person.department or departments.get(person.team or ""),
        head_of=frozenset(heads.get(person.email, ())),
        tier=person.tier,
        weight=person.weight,
        capacity=person.capacity,
        caps=person.caps.model_dump(exclude_none=True),
        lists={name: frozenset(map(fold, getattr(person, name))) for name in LISTS},
        absences=tuple((absence.from_, absence.to) for absence in person.absences),
        eligible_months=frozenset(person.eligible_months),
        zone=zone,
    )
