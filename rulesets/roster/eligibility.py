"""The monthly list of the people who may receive leads of a role: reading, checks, and the change of the roster (R5.9).

A list names exactly the people who are eligible in a month: they get the month, and all others of the role lose it.
Other roles and months do not change. Without a list everyone is eligible, so an empty list is refused. Pure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from rulesets.document.findings import Finding, Place, did_you_mean, error, quoted
from rulesets.document.tables import TableRow, folded, text_of, without_marks
from rulesets.document.wording import Word, says, words
from rulesets.roster.roster import FORMAT

ROLES = ("sdr", "sales")
"""Roles that receive leads by rotation."""
WARNED_FROM = 25
"""The day of the month from which a missing list of the next month is reported."""
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class Named(NamedTuple):
    """An e-mail of a list and its place in the list, such as line 3."""

    place: Place
    email: str


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list changes (people by e-mail), and the document to import; it is empty if there are ``findings``."""

    document: Mapping[str, Any]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    findings: tuple[Finding, ...] = ()


def read_list(rows: Sequence[TableRow]) -> list[Named]:
    """The e-mails of a file: one a line, or the column ``email`` of a table with a heading."""
    filled = [row for row in rows if not row.is_empty]
    heading = [folded(text_of(cell)) for cell in filled[0].cells] if filled else []
    if "email" in heading:
        return [_named(row, heading.index("email")) for row in filled[1:]]
    return [_named(row, 0) for row in filled]


def eligible(roster: Mapping[str, Any], role: str, month: str) -> list[str]:
    """The people on the list of a role and month; empty if there is no list."""
    return [person["email"] for person in _of(roster, role) if month in person.get("eligible_months", ())]


def with_list(roster: Mapping[str, Any], role: str, month: str, names: Sequence[Named]) -> Listed:
    """The people of ``roster`` whose months a list changes. Never raises; problems are in ``findings``."""
    if findings := tuple(_wrong(roster, role, month, names)):
        return Listed({}, findings=findings)
    wanted, had = {email for _, email in names}, set(eligible(roster, role, month))
    changed = [_marked(person, month, on=person["email"] in wanted) for person in _of(roster, role)
               if (person["email"] in wanted) != (person["email"] in had)]  # fmt: skip
    return Listed(
        {"format": FORMAT, "people": changed},
        tuple(sorted(wanted - had)),
        tuple(sorted(had - wanted)),
        len(wanted & had),
    )


def _named(row: TableRow, place: int) -> Named:
    """The e-mail in a row; an apostrophe in front is how people tell spreadsheets that something is text."""
    text = without_marks(text_of(row.cells[place])).strip().removeprefix("'") if place < len(row.cells) else ""
    return Named((f"line {row.line}",), text.lower())


def _of(roster: Mapping[str, Any], role: str) -> list[Any]:
    return [person for person in roster.get("people", ()) if person["role"] == role]


def _wrong(roster: Mapping[str, Any], role: str, month: str, names: Iterable[Named]) -> Iterable[Finding]:
    roles = {person["email"]: person["role"] for person in roster.get("people", ())}
    if role not in ROLES:
        told = says("lists are of %(roles)s; given is %(value)s", roles=words("role", *ROLES), value=quoted(role))
        yield error("wrong-value", ("role",), told)
        return
    if not MONTH.fullmatch(month):
        told = says("give the month as 2026-12; given is %(value)s", value=quoted(month))
        yield error("wrong-value", ("month",), told)
    if not names:
        yield error("empty-list", (), says("the list names nobody: without a list everyone is eligible"))
    for place, email in names:
        if email not in roles:
            near = did_you_mean(email, roles)
            told = says("there is no person %(email)s in the roster", email=quoted(email))
            yield error("dangling-reference", place, told, near)
        elif roles[email] != role:
            told = says(
                "%(email)s is %(role)s, not %(wanted)s",
                email=quoted(email), role=Word("role", roles[email]), wanted=Word("role", role),
            )  # fmt: skip
            yield error("wrong-value", place, told)


def _marked(person: Mapping[str, Any], month: str, *, on: bool) -> dict[str, Any]:
    months = {*person.get("eligible_months", ())} - {month} | ({month} if on else set())
    return {**person, "eligible_months": sorted(months)}


def missing_lists(roster: Mapping[str, Any], today: date) -> list[tuple[str, str]]:
    """(role, next month) of each missing list of a role that had lists before; empty before the 25th."""
    if today.day < WARNED_FROM:
        return []
    # 31 days after the first of a month is always in the next month.
    month = f"{(today.replace(day=1) + timedelta(days=31)):%Y-%m}"
    listed = {role: {m for one in _of(roster, role) for m in one.get("eligible_months", ())} for role in ROLES}
    return [(role, month) for role, months in listed.items() if months and month not in months]
