"""People of the roster as a table for spreadsheets: one row a person, lists separated by semicolons. Pure.

Absences are written as `2026-11-23/2026-11-27 leave`; calendars have no columns: take YAML for those. What a row
leaves empty takes its default; what the table has no column for stays as the roster has it.
"""

import re
from collections.abc import Mapping
from typing import Any

from rulesets.document.tables import Cell, HeadedTable, TableRefused, csv_text, text_of, without_marks
from rulesets.document.wording import says
from rulesets.roster.roster import FORMAT

LISTS = ("territories", "languages", "industries", "eligible_months")
NUMBERS = ("tier", "weight", "capacity")
CAPS = ("day", "week", "month")
COLUMNS = (
    "email", "name", "role", "team", "department", "manager", *LISTS[:3], *NUMBERS, *(f"cap_{cap}" for cap in CAPS),
    "calendar", "active", "absences", LISTS[3],
)  # fmt: skip
YES, NO = {"true", "yes", "1", "是", "on", ""}, {"false", "no", "0", "否", "off"}
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
ABSENCE = re.compile(rf"({DAY})(?:\s*/\s*({DAY}))?(?:\s+([^/\s].*))?")


def people_rows(document: Mapping[str, Any]) -> list[list[Cell]]:
    """The people of a roster as rows of a table, the heading first."""
    return [list(COLUMNS), *(_row(person) for person in document.get("people", ()))]


def write_people(document: Mapping[str, Any]) -> str:
    """The people of a roster as CSV."""
    return csv_text(people_rows(document))


def read_people(table: HeadedTable, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A roster document with the people of a table; raises TableRefused.

    ``known`` is the roster now: it says what the table has no column for.
    """
    there = {person["email"]: person for person in (known or {}).get("people", ())}
    columns = [name.replace(" ", "_") for name in table.columns]
    unknown = [name for name, column in zip(table.names, columns, strict=True) if column not in COLUMNS]
    if unknown or "email" not in columns:
        told = says(
            "the first line must name columns of: %(columns)s; not: %(unknown)s",
            columns=COLUMNS, unknown=tuple(unknown) or "–",
        )  # fmt: skip
        raise TableRefused(told)
    people = []
    for row in table.rows:
        if fault := table.fault(row):
            raise TableRefused(fault)
        cells = (without_marks(text_of(cell)).strip() for cell in row.cells)
        said = dict(zip(columns, cells, strict=True))
        people.append(_overlaid(there, _person(said, row.line), said))
    return {"format": FORMAT, "people": people}


def absence_text(absence: Mapping[str, Any]) -> str:
    """An absence as people write it: `2026-11-23/2026-11-27 leave`."""
    days = [absence["from"], *([absence["to"]] if absence["to"] != absence["from"] else [])]
    return f"{'/'.join(days)} {absence.get('reason', '').replace(';', ',')}".strip()


def absence_of(text: str) -> dict[str, Any] | None:
    """An absence that people wrote; None for what cannot be one. Days are not checked."""
    said = ABSENCE.fullmatch(text)
    if said is None:
        return None
    first, last, reason = said.groups()
    return {"from": first, "to": last or first, **({"reason": reason} if reason else {})}


def _row(person: Mapping[str, Any]) -> list[Cell]:
    row: dict[str, Cell] = {name: person[name] for name in COLUMNS if name in person}
    row |= {name: ";".join(person[name]) for name in LISTS if name in person}
    row |= {f"cap_{cap}": value for cap, value in person.get("caps", {}).items()}
    row["active"] = "yes" if person.get("active", True) else "no"
    row["absences"] = "; ".join(map(absence_text, person.get("absences", ())))
    return [row.get(name, "") for name in COLUMNS]


def _overlaid(there: Mapping[str, Any], person: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A person as the table has them, over what the roster says and the table has no column for."""
    known = there.get(person.get("email", "").lower(), {})
    kept = {name: value for name, value in known.items() if name not in row and name != "caps"}
    caps = {cap: value for cap, value in known.get("caps", {}).items() if f"cap_{cap}" not in row}
    caps |= person.pop("caps", {})
    return {**kept, **person, **({"caps": caps} if caps else {})}


def _person(row: Mapping[str, str], line: int) -> dict[str, Any]:
    said = {name: value for name, value in row.items() if value}
    read = {*NUMBERS, *LISTS, "active", "absences", *(f"cap_{cap}" for cap in CAPS)}
    person: dict[str, Any] = {name: value for name, value in said.items() if name not in read}
    caps = {cap: _number(said[f"cap_{cap}"], line, f"cap_{cap}") for cap in CAPS if f"cap_{cap}" in said}
    person |= {name: _number(said[name], line, name) for name in NUMBERS if name in said}
    person |= {name: _parts(said[name]) for name in LISTS if name in said}
    person |= {"absences": [_absence(part, line) for part in _parts(said["absences"])]} if "absences" in said else {}
    person |= {"active": _active(said.get("active", ""), line)} if "active" in row else {}
    return {**person, **({"caps": caps} if caps else {})}


def _parts(text: str) -> list[str]:
    return [one.strip() for one in text.split(";") if one.strip()]


def _absence(text: str, line: int) -> dict[str, Any]:
    absence = absence_of(text)
    if absence is None:
        told = says(
            "line %(line)s: write absences as 2026-11-23/2026-11-27 leave, several with semicolons between", line=line
        )
        raise TableRefused(told)
    return absence


def _number(text: str, line: int, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise TableRefused(says("line %(line)s: %(column)s must be a whole number", line=line, column=name))
    return int(text)


def _active(text: str, line: int) -> bool:
    if text.lower() not in YES | NO:
        raise TableRefused(says("line %(line)s: active must be yes or no", line=line))
    return text.lower() in YES
