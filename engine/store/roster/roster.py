"""The roster in its tables: exported as a document, imported from one, and edited person by person (R8.1–R8.3).

Every write checks the resulting roster, takes effect at once, and adds an audit entry per changed row.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from engine.clock import SystemClock
from engine.core.calendar.calendars import known_countries
from engine.core.calendar.roster_changes import Following, Handover, what_follows
from engine.errors import BatonError, PolicyRefused
from engine.store.access import audit
from engine.store.lock_keys import LockKey, lock
from engine.store.orm import unit_of_work
from engine.store.roster.effects import Affected, affected, follow, policy_zone
from engine.store.roster.roster_lock import change_roster_lock
from engine.store.schema.roster_tables import CalendarRow, Person, Team
from engine.store.session import raw
from rulesets.document.wording import says
from rulesets.roster.roster import FORMAT, Roster, lint_roster, plain

COLUMNS = ("email", "name", "role", "team", "department", "manager", "tier", "weight", "capacity", "active", "calendar")
HANDOVER = Handover()

Document = dict[str, Any]


class RosterRefused(PolicyRefused):
    """A roster with errors; ``findings`` lists all of them."""


class RosterConflict(BatonError):
    """The roster changed since the writer read it."""


@dataclass(frozen=True, slots=True)
class RosterChange:
    """The result of an import. People are named by e-mail."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deactivated: tuple[str, ...] = ()
    unchanged: int = 0
    told: tuple[int, ...] = ()
    """Leads whose owner loses them: wake them."""


@dataclass(frozen=True, slots=True)
class RosterPreview:
    """The changes that an import would make, and the open leads of people who would lose theirs.

    ``document`` holds the changed parts. It can be imported as it is while the roster has this ``tag``.
    """

    change: RosterChange
    affected: tuple[Affected, ...]
    document: Document
    tag: str


def export_roster() -> Document:
    """The roster as a `baton.roster/1` document, without defaults, people by e-mail."""
    with unit_of_work() as session:
        return _document(session)


def roster_tag(document: Mapping[str, Any]) -> str:
    """A tag that changes with the roster, for If-Match."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def import_roster(
    document: Any,
    *,
    replace: bool = False,
    by: str,
    expected: str | None = None,
    handover: Handover = HANDOVER,
    now: datetime | None = None,
) -> RosterChange:
    """Add and update what the document names. With ``replace``, people missing from it are deactivated (R8.3).

    Open leads of people who leave, change their role or are absent today go where ``handover`` says. Running business
    clocks follow edited working time. Raises `RosterRefused` with every finding, `RosterConflict` if ``expected`` is
    not the current tag.
    """
    with unit_of_work() as session:
        lock(raw(session.connection()), LockKey.ROSTER)
        before = _document(session)
        if expected is not None and roster_tag(before) != expected:
            raise RosterConflict(says("the roster was changed meanwhile: read it again and repeat your change"))
        roster = _checked(before, document, replace=replace)
        if any(calendar.country for calendar in roster.calendars):
            known_countries()  # loading them takes a second, for which no batch should wait
        # As late as possible: from here to the commit no batch can run.
        change_roster_lock(raw(session.connection()))
        change = _write(session, before, roster, document, by)
        return _followed(session, before, roster, change, handover, now or SystemClock().now())


def preview_roster(document: Any, *, replace: bool = False, now: datetime | None = None) -> RosterPreview:
    """What `import_roster` would do; changes nothing. Raises `RosterRefused`."""
    with unit_of_work() as session:
        before = _document(session)
        roster = _checked(before, document, replace=replace)
        driver = raw(session.connection())
        following = _following(before, roster, now or SystemClock().now(), session)
        managers = {person.email: person.manager for person in roster.people}
        change, people = _compared(before, plain(roster), _named(document))
        return RosterPreview(
            change,
            affected(driver, following.partings, managers),
            {**_changed(before, plain(roster)), "people": [part for _, part in people]},
            roster_tag(before),
        )


def save_person(
    values: Mapping[str, Any], by: str, handover: Handover = HANDOVER, now: datetime | None = None
) -> RosterChange:
    """Add or change one person. ``values`` as in the document; None clears. Raises `RosterRefused`."""
    return import_roster(person_document(values), by=by, handover=handover, now=now)


def person_document(values: Mapping[str, Any]) -> Document:
    """One person as a document to import: ``values`` over the current ones; None clears."""
    people = {person["email"]: person for person in export_roster().get("people", ())}
    return {"format": FORMAT, "people": [_overlaid(people.get(values["email"]), values)]}


def save_calendar(values: Mapping[str, Any], by: str, now: datetime | None = None) -> RosterChange:
    """Add or replace one calendar. Raises `RosterRefused`."""
    return import_roster({"format": FORMAT, "calendars": [_overlaid(None, values)]}, by=by, now=now)


def remove_calendar(key: str, by: str) -> None:
    """Remove a calendar. Raises `RosterRefused`, naming its users, if it is in use."""
    _remove(CalendarRow, "calendars", key, by)


def remove_team(key: str, by: str) -> None:
    """Remove a team. Raises `RosterRefused`, naming its members, if it has any."""
    _remove(Team, "teams", key, by)


def save_team(values: Mapping[str, Any], by: str) -> RosterChange:
    """Add or change one team. ``values`` as in the document; None clears. Raises `RosterRefused`."""
    teams = {team["key"]: team for team in export_roster().get("teams", ())}
    return import_roster({"format": FORMAT, "teams": [_overlaid(teams.get(values["key"]), values)]}, by=by)


def _remove(row: type[CalendarRow | Team], name: str, key: str, by: str) -> None:
    with unit_of_work() as session:
        lock(raw(session.connection()), LockKey.ROSTER)
        before = _document(session)
        gone = next((part for part in before.get(name, ()) if part["key"] == key), None)
        if gone is None:
            return
        rest = {**before, name: [part for part in before[name] if part is not gone]}
        checked = lint_roster(rest)
        if checked.roster is None:
            raise RosterRefused(told_of(checked.findings), checked.findings, rest)
        session.delete(session.get(row, key))
        audit.record(session, actor=by, action="roster.changed", subject=f"{name.removesuffix('s')}/{key}", before=gone)


def _checked(before: Document, document: Any, *, replace: bool) -> Roster:
    """The resulting roster. Raises `RosterRefused`."""
    report = lint_roster(document)
    if report.roster is None and not _only_dangling(report.findings):
        raise RosterRefused(told_of(report.findings), report.findings, document)
    merged = _merged(before, document, replace=replace)
    checked = lint_roster(merged)
    if checked.roster is None:
        raise RosterRefused(told_of(checked.findings), checked.findings, merged)
    return checked.roster


def _following(before: Document, roster: Roster, now: datetime, session: Session) -> Following:
    own = policy_zone(raw(session.connection()))
    return what_follows(Roster.model_validate(before), roster, now, own)


def _followed(
    session: Session, before: Document, roster: Roster, change: RosterChange, handover: Handover, now: datetime
) -> RosterChange:
    """Apply the effects of an edit, in its transaction, while no batch runs."""
    following = _following(before, roster, now, session)
    if not (following.partings or following.rescheduled):
        return change
    told = follow(raw(session.connection()), following, roster, handover, change=uuid.uuid4().hex, now=now)
    return replace(change, told=tuple(told))


def _overlaid(old: Document | None, values: Mapping[str, Any]) -> Document:
    return {name: value for name, value in {**(old or {}), **values}.items() if value is not None}


def _only_dangling(findings: Any) -> bool:
    """Whether all findings are references. They may point to people and teams in the roster; the merged roster
    decides.
    """
    return all(finding.code == "dangling-reference" for finding in findings)


def told_of(findings: Any) -> str:
    """The first findings as lines of text."""
    return "\n".join(f"{f.path}: {f.message}{f' ({f.suggestion})' if f.suggestion else ''}" for f in findings[:20])


def _merged(before: Document, document: Document, *, replace: bool) -> Document:
    merged: Document = {"format": FORMAT}
    for name, key in (("calendars", "key"), ("teams", "key"), ("people", "email")):
        there = {_key(part[key]): part for part in before.get(name, ())}
        given = {_key(part[key]): part for part in document.get(name, ())}
        merged[name] = [*{**there, **given}.values()]
        if replace and name == "people":
            merged[name] = [part if _key(part[key]) in given else {**part, "active": False} for part in merged[name]]
    return merged


def _key(value: str) -> str:
    return value.lower() if "@" in value else value


def _write(session: Session, before: Document, roster: Roster, document: Document, by: str) -> RosterChange:
    after = plain(roster)
    for name, row, subject in (("calendars", _calendar_row, "calendar"), ("teams", _team_row, "team")):
        there = {part["key"]: part for part in before.get(name, ())}
        for part in after.get(name, ()):
            if there.get(part["key"]) != part:
                session.merge(row(part))
                _record(session, by, f"{subject}/{part['key']}", there.get(part["key"]), part)
    change, people = _compared(before, after, _named(document))
    _put(session, [_person_row(part) for _, part in people])
    for old, part in people:
        _record(session, by, f"person/{part['email']}", old, part)
    return change


def _put(session: Session, people: Sequence[Person]) -> None:
    """Insert or replace people in one statement."""
    if not people:
        return
    given = insert(Person)
    names = [name for name in Person.model_fields if name != "email"]
    kept = given.on_conflict_do_update(index_elements=["email"], set_={name: given.excluded[name] for name in names})
    session.connection().execute(kept, [person.model_dump() for person in people])


def _changed(before: Document, after: Document) -> Document:
    """The calendars and teams that differ."""
    return {
        "format": FORMAT,
        **{
            name: [one for one in after.get(name, ()) if one not in before.get(name, ())]
            for name in ("calendars", "teams")
        },
    }


def _named(document: Document) -> set[str]:
    return {_key(person["email"]) for person in document.get("people", ())}


def _compared(
    before: Document, after: Document, named: set[str]
) -> tuple[RosterChange, list[tuple[Document | None, Document]]]:
    """The changes of people between two rosters, and the changed people as (old, new)."""
    there = {part["email"]: part for part in before.get("people", ())}
    added: list[str] = []
    updated: list[str] = []
    deactivated: list[str] = []
    unchanged = 0
    changed: list[tuple[Document | None, Document]] = []
    for part in after.get("people", ()):
        email, old = part["email"], there.get(part["email"])
        if old == part:
            unchanged += email in named
            continue
        (added if old is None else updated if email in named else deactivated).append(email)
        changed.append((old, part))
    return RosterChange(tuple(added), tuple(updated), tuple(deactivated), unchanged), changed


def _record(session: Session, by: str, subject: str, old: Document | None, new: Document) -> None:
    audit.record(session, actor=by, action="roster.changed", subject=subject, before=old, after=new)


def _document(session: Session) -> Document:
    raw = {
        "format": FORMAT,
        "calendars": [
            {"key": row.key, **row.body} for row in session.exec(select(CalendarRow).order_by(CalendarRow.key))
        ],
        "teams": [_team(row) for row in session.exec(select(Team).order_by(Team.key))],
        "people": [_person(row) for row in session.exec(select(Person).order_by(col(Person.email)))],
    }
    return plain(Roster.model_validate(raw))


def _person(row: Person) -> Document:
    said = {name: getattr(row, name) for name in COLUMNS}
    return {**row.details, **{name: value for name, value in said.items() if value not in {None, ""}}}


def _team(row: Team) -> Document:
    said = {"key": row.key, "label": row.label, "head": row.head, "department": row.department}
    return {name: value for name, value in said.items() if value}


def _person_row(part: Document) -> Person:
    columns = {"tier": 3, "weight": 1, "active": True, "name": "", **{n: part[n] for n in COLUMNS if n in part}}
    absent: Document = dict.fromkeys(("team", "department", "manager", "capacity", "calendar"))
    details = {name: value for name, value in part.items() if name not in COLUMNS}
    return Person(**{**absent, **columns}, details=details)


def _team_row(part: Document) -> Team:
    return Team(key=part["key"], label=part.get("label", ""), head=part.get("head"), department=part.get("department"))


def _calendar_row(part: Document) -> CalendarRow:
    return CalendarRow(key=part["key"], body={name: value for name, value in part.items() if name != "key"})
