"""The roster as values: `baton.roster/1` with people, teams and calendars, and a lint of its own (R8.1–R8.3).

The classes check the shape. `lint_roster` checks parts together: unknown teams, managers and calendars, cycles of
managers, duplicates, absences that end before they begin. The roster has no versions: a change takes effect at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from rulesets.document.findings import Finding, did_you_mean, error, quoted
from rulesets.document.mends import mend_of
from rulesets.document.tables import without_marks
from rulesets.document.wording import Word, says
from rulesets.policy.parts import Key, Part, Text
from rulesets.roster.countries import COUNTRIES
from rulesets.roster.hours import span_minutes

FORMAT = "baton.roster/1"
ROLES = ("sdr", "sales", "manager")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _seen(value: Any) -> Any:
    """Text as people see it: an invisible mark would make another person of the same address."""
    return without_marks(value).strip() if isinstance(value, str) else value


Email = Annotated[str, BeforeValidator(_seen), Field(pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$", max_length=320)]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
Count = Annotated[int, Field(strict=True, ge=0)]


class Calendar(Part):
    """Working hours of some people (R8.2)."""

    key: Key
    timezone: Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    hours: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], tuple[str, ...]] | None = None
    days_off: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(says("give a time zone such as Asia/Shanghai"))
        return value

    @field_validator("hours")
    @classmethod
    def _spans(cls, hours: Mapping[str, Sequence[str]] | None) -> Mapping[str, Sequence[str]] | None:
        for spans in (hours or {}).values():
            if None in map(span_minutes, spans):
                raise ValueError(says('write working hours as "09:00-12:00"; "22:00-06:00" ends on the next day'))
        return hours

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)


class RosterTeam(Part):
    """A team, its head and its department."""

    key: Key
    label: Text | None = None
    head: Email | None = None
    department: Text | None = None


class Caps(Part):
    """The most assignments that a person may receive (R5.9)."""

    day: Count | None = None
    week: Count | None = None
    month: Count | None = None


class Absence(Part):
    """Whole days in the person's zone, ``to`` included."""

    from_: date = Field(alias="from")
    to: date
    reason: Text | None = None


class RosterPerson(Part):
    """A person who may own leads (R8.1)."""

    email: Email
    name: Text | None = None
    role: Literal["sdr", "sales", "manager"]
    team: Key | None = None
    department: Text | None = None
    manager: Email | None = None
    territories: tuple[Text, ...] = ()
    languages: tuple[Text, ...] = ()
    industries: tuple[Text, ...] = ()
    tier: Annotated[int, Field(strict=True, ge=1, le=9)] = 3
    weight: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    capacity: Annotated[int, Field(strict=True, ge=1)] | None = None
    caps: Caps = Caps()
    calendar: Key | None = None
    active: bool = True
    absences: tuple[Absence, ...] = ()
    eligible_months: tuple[Month, ...] = ()

    @field_validator("email", "manager")
    @classmethod
    def _folded(cls, value: str | None) -> str | None:
        return value.lower() if value else value


class Roster(Part):
    """A whole `baton.roster/1` document."""

    format: Literal["baton.roster/1"]
    calendars: tuple[Calendar, ...] = ()
    teams: tuple[RosterTeam, ...] = ()
    people: tuple[RosterPerson, ...] = ()


@dataclass(frozen=True, slots=True)
class RosterReport:
    """The roster, if it has no errors, and every finding."""

    roster: Roster | None
    findings: tuple[Finding, ...]


def lint_roster(raw: Any) -> RosterReport:
    """Checks raw data; never raises. Every finding is an error; rosters have no warnings."""
    if not isinstance(raw, dict):
        return RosterReport(None, (_no_roster(),))
    try:
        roster = Roster.model_validate(raw)
    except ValidationError as refused:
        return RosterReport(None, tuple(_structural(refused)))
    findings = tuple(finding for check in CHECKS for finding in check(roster))
    return RosterReport(None if findings else roster, findings)


def _no_roster() -> Finding:
    return error("wrong-type", (), says("a roster is an object with format: %(format)s", format=FORMAT))


def plain(roster: Roster) -> dict[str, Any]:
    """The document as plain data with defaults left out."""
    document: dict[str, Any] = roster.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"format": FORMAT, **document}


def _countries(roster: Roster) -> Iterator[Finding]:
    """Refuses a country whose holidays are unknown: its calendar would silently have none."""
    for place, calendar in enumerate(roster.calendars):
        if calendar.country is not None and calendar.country not in COUNTRIES:
            yield error(
                "unknown-country",
                ("calendars", place, "country"),
                says("the public holidays of %(country)s are not known", country=quoted(calendar.country)),
                says("leave the country out and list its holidays under days_off"),
            )


def _structural(refused: ValidationError) -> Iterator[Finding]:
    for fault in refused.errors(include_url=False):
        place = tuple(step for step in fault["loc"] if step != "function-wrap")
        if fault["type"] == "extra_forbidden":
            fields = _fields_at(place)
            near = did_you_mean(str(place[-1]), fields)
            yield error("unknown-key", place, says("this key does not exist here"), near)
        elif fault["type"] == "missing":
            yield error("missing", place, says("%(key)s is required", key=Word("roster_key", str(place[-1]))))
        else:
            told = says("%(mend)s; given is %(value)s", mend=mend_of(fault), value=quoted(fault.get("input")))
            yield error("wrong-value", place, told)


def _fields_at(place: tuple[str | int, ...]) -> list[str]:
    classes: dict[Any, type[Part]] = {"people": RosterPerson, "teams": RosterTeam, "calendars": Calendar}
    return list(classes.get(place[0], Roster).model_fields if len(place) > 1 else Roster.model_fields)


def _duplicates(roster: Roster) -> Iterator[Finding]:
    lists: dict[str, list[str]] = {
        "people": [person.email for person in roster.people],
        "teams": [team.key for team in roster.teams],
        "calendars": [calendar.key for calendar in roster.calendars],
    }
    for name, keys in lists.items():
        seen: set[str] = set()
        for place, key in enumerate(keys):
            if key in seen:
                yield error("duplicate-key", (name, place), says("%(key)s is here twice: keep one", key=quoted(key)))
            seen.add(key)


def _references(roster: Roster) -> Iterator[Finding]:
    people = {person.email for person in roster.people}
    teams, calendars = ({part.key for part in parts} for parts in (roster.teams, roster.calendars))
    for place, team in enumerate(roster.teams):
        if team.head and team.head.lower() not in people:
            yield _unknown(("teams", place, "head"), "person", team.head, people)
    for place, person in enumerate(roster.people):
        for name, kind, value, known in (
            ("team", "team", person.team, teams),
            ("calendar", "calendar", person.calendar, calendars),
            ("manager", "person", person.manager, people),
        ):
            if value and value not in known:
                yield _unknown(("people", place, name), kind, value, known)


def _unknown(place: tuple[str | int, ...], kind: str, value: str, known: set[str]) -> Finding:
    told = says("there is no %(kind)s %(key)s", kind=Word("kind", kind), key=quoted(value))
    return error("dangling-reference", place, told, did_you_mean(value, known))


def _circles(roster: Roster) -> Iterator[Finding]:
    managers = {person.email: person.manager for person in roster.people}
    for place, person in enumerate(roster.people):
        seen, above = {person.email}, person.manager
        # Stops at any repeat: somebody below a cycle is not in it, and the walk would never end.
        while above and above not in seen:
            seen.add(above)
            above = managers.get(above)
        if above == person.email:
            told = says("%(person)s is above themselves: cut it", person=person.email)
            yield error("manager-circle", ("people", place, "manager"), told)


def _absences(roster: Roster) -> Iterator[Finding]:
    for place, person in enumerate(roster.people):
        ordered = sorted(person.absences, key=lambda absence: absence.from_)
        for rank, absence in enumerate(person.absences):
            if absence.to < absence.from_:
                yield error("bad-absence", ("people", place, "absences", rank), says("ends before it begins"))
        for first, second in pairwise(ordered):
            if second.from_ <= first.to:
                told = says("two absences share %(day)s", day=str(second.from_))
                yield error("overlapping-absences", ("people", place, "absences"), told)


CHECKS = (_duplicates, _references, _circles, _absences, _countries)
"""The checks of parts together."""
