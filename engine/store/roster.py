"""The roster in its tables: written out as a document, taken in as one, and edited person by person (POLICY.md §8).

Every write checks the roster that would result, is effective at once and leaves a line per changed row in the audit
log.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from engine.errors import BatonError, PolicyRefused
from engine.store import audit
from engine.store.orm import unit_of_work
from engine.store.tables import CalendarRow, Person, Team
from rulesets.roster import FORMAT, Roster, lint_roster, plain

COLUMNS = ("email", "name", "role", "team", "department", "manager", "tier", "weight", "capacity", "active", "calendar")
LOCK = 7_231_102
"""Advisory lock that makes changes of the roster one after another."""

Document = dict[str, Any]


class RosterRefused(PolicyRefused):
    """A roster with errors; ``findings`` lists every one."""


class RosterConflict(BatonError):
    """The roster is not the one that the writer read."""


@dataclass(frozen=True, slots=True)
class RosterChange:
    """What an import did; people are named by e-mail."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deactivated: tuple[str, ...] = ()
    unchanged: int = 0


def export_roster() -> Document:
    """The roster as a `baton.roster/1` document, defaults left out, people by e-mail."""
    with unit_of_work() as session:
        return _document(session)


def roster_tag(document: Mapping[str, Any]) -> str:
    """A tag that changes with the roster, for If-Match."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def import_roster(document: Any, *, replace: bool = False, by: str, expected: str | None = None) -> RosterChange:
    """Add and update what the document names; with ``replace`` people who are absent from it are deactivated (R8.3).

    Raises `RosterRefused` with every finding, `RosterConflict` when ``expected`` is not the tag of what is there.
    """
    report = lint_roster(document)
    if report.roster is None and not _only_dangling(report.findings):
        raise RosterRefused(_told(report.findings), report.findings)
    with unit_of_work() as session:
        session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        before = _document(session)
        if expected is not None and roster_tag(before) != expected:
            raise RosterConflict("the roster was changed meanwhile: read it again and repeat your change")
        after = _merged(before, document, replace=replace)
        checked = lint_roster(after)
        if checked.roster is None:
            raise RosterRefused(_told(checked.findings), checked.findings)
        return _write(session, before, checked.roster, document, by)


def save_person(values: Mapping[str, Any], by: str) -> RosterChange:
    """Add or change one person; ``values`` as in the document, None clears. Raises `RosterRefused`."""
    people = {person["email"]: person for person in export_roster().get("people", ())}
    return import_roster({"format": FORMAT, "people": [_overlaid(people.get(values["email"]), values)]}, by=by)


def save_team(values: Mapping[str, Any], by: str) -> RosterChange:
    """Add or change one team; ``values`` as in the document, None clears. Raises `RosterRefused`."""
    teams = {team["key"]: team for team in export_roster().get("teams", ())}
    return import_roster({"format": FORMAT, "teams": [_overlaid(teams.get(values["key"]), values)]}, by=by)


def _overlaid(old: Document | None, values: Mapping[str, Any]) -> Document:
    return {name: value for name, value in {**(old or {}), **values}.items() if value is not None}


def _only_dangling(findings: Any) -> bool:
    """References may point to people and teams that are here already: the merged roster is what must hold."""
    return all(finding.code == "dangling-reference" for finding in findings)


def _told(findings: Any) -> str:
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
    return _write_people(session, before, after, {_key(p["email"]) for p in document.get("people", ())}, by)


def _write_people(session: Session, before: Document, after: Document, named: set[str], by: str) -> RosterChange:
    there = {part["email"]: part for part in before.get("people", ())}
    added: list[str] = []
    updated: list[str] = []
    deactivated: list[str] = []
    unchanged = 0
    for part in after.get("people", ()):
        email, old = part["email"], there.get(part["email"])
        if old == part:
            unchanged += email in named
            continue
        (added if old is None else updated if email in named else deactivated).append(email)
        session.merge(_person_row(part))
        _record(session, by, f"person/{email}", old, part)
    return RosterChange(tuple(added), tuple(updated), tuple(deactivated), unchanged)


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
