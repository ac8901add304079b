"""What a roster document may say of people and calendars, at its edges."""

import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rulesets.document.document import load
from rulesets.document.tables import TableRefused, TableRow, read_rows, table_of
from rulesets.roster.roster import FORMAT, Calendar, Roster, RosterPerson, RosterTeam, lint_roster
from rulesets.roster.roster_csv import COLUMNS, read_people, write_people


def people_of(text: str, known: dict[str, Any] | None = None) -> dict[str, Any]:
    return read_people(table_of(read_rows(text)), known)


def roster(**parts: Any) -> dict[str, Any]:
    return {"format": FORMAT, **parts}


def test_a_calendar_knows_its_zone() -> None:
    shanghai = {"key": "cn", "timezone": "Asia/Shanghai"}
    assert Roster.model_validate(roster(calendars=[shanghai])).calendars[0].zone == ZoneInfo("Asia/Shanghai")


def test_absences_apart_from_each_other_are_no_finding() -> None:
    away = [{"from": "2026-11-23", "to": "2026-11-27"}, {"from": "2026-12-01", "to": "2026-12-01"}]
    person = {"email": "li@example.com", "name": "Li", "role": "sdr", "absences": away}
    assert lint_roster(roster(people=[person])).findings == ()


def test_an_absence_that_ends_before_it_begins_is_named_beside_a_sound_one() -> None:
    away = [{"from": "2026-11-27", "to": "2026-11-23"}, {"from": "2026-12-01", "to": "2026-12-01"}]
    person = {"email": "li@example.com", "name": "Li", "role": "sdr", "absences": away}
    assert [finding.code for finding in lint_roster(roster(people=[person])).findings] == ["bad-absence"]


@pytest.mark.parametrize("raw", [[[]] * 3, roster(people=[[[[]]]]), roster(people={"a": {"b": {}}})])
def test_whatever_is_given_is_answered_with_findings(raw: Any) -> None:
    assert lint_roster(raw).roster is None


def test_a_csv_with_a_broken_quote_is_refused_with_its_line() -> None:
    with pytest.raises(TableRefused, match="line 2"):
        people_of('email,name\n"li@example.com"x,Li\n')


AWAY = [{"from": "2026-11-23", "to": "2026-11-27", "reason": "leave"}, {"from": "2026-12-24", "to": "2026-12-24"}]
LI: dict[str, Any] = {
    "email": "li@example.com",
    "role": "sdr",
    "tier": 1,
    "capacity": 50,
    "caps": {"day": 10, "month": 120},
    "active": True,
    "absences": AWAY,
}


def test_absences_go_out_as_a_column_and_come_back() -> None:
    table = write_people(roster(people=[LI]))
    assert "2026-11-23/2026-11-27 leave; 2026-12-24" in table
    assert people_of(table)["people"] == [LI]


def test_what_a_table_has_no_column_for_stays_and_what_it_leaves_empty_goes() -> None:
    known = roster(people=[LI])
    (kept,) = people_of("email,name\nLI@example.com,Li\n", known)["people"]
    assert kept == {**LI, "email": "LI@example.com", "name": "Li"}
    (emptied,) = people_of("email,role,cap_day,cap_month,capacity,absences\nli@example.com,sdr,,7,,\n", known)["people"]
    assert emptied == {"email": "li@example.com", "role": "sdr", "tier": 1, "active": True, "caps": {"month": 7}}
    (new,) = people_of("email,role\nnew@example.com,sdr\n", known)["people"]
    assert new == {"email": "new@example.com", "role": "sdr"}


@pytest.mark.parametrize("absence", ["next week", "2026-11-23 / leave", "2026-11-23/leave"])
def test_an_absence_nobody_can_read_names_its_line(absence: str) -> None:
    with pytest.raises(TableRefused, match="line 2: write absences as"):
        people_of(f"email,absences\nli@example.com,{absence}\n")


def test_the_documentation_names_every_key_and_its_example_is_sound() -> None:
    page = (Path(__file__).parents[3] / "docs" / "roster.md").read_text("utf-8")
    example = load(re.findall(r"^```yaml roster\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0])
    assert lint_roster(example).findings == ()
    assert example["people"][1].keys() == {field.alias or name for name, field in RosterPerson.model_fields.items()}
    keys = {*RosterPerson.model_fields, *RosterTeam.model_fields, *Calendar.model_fields}
    assert {key for key in keys if f"`{key}`" not in page} == {"key", "label"}
    assert [name for name in COLUMNS if name not in page] == []


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u200e", "\u202e", "\u00ad"])
def test_a_mark_nobody_sees_makes_no_other_person(mark: str) -> None:
    """R2.4: what is compared is what people see."""
    (person,) = people_of(f" E{mark}mail ,Cap Day\nli{mark}@example.com,3\n")["people"]
    assert person == {"email": "li@example.com", "caps": {"day": 3}}
    report = lint_roster(roster(people=[{"email": f"LI{mark}@example.com", "name": "Li", "role": "sdr"}]))
    assert report.roster is not None
    assert report.roster.people[0].email == "li@example.com"


def test_numbers_of_a_workbook_are_whole_numbers_of_the_roster() -> None:
    table = table_of([TableRow(1, ("email", "capacity", "active")), TableRow(2, ("li@example.com", 30.0, False))])
    assert read_people(table)["people"] == [{"email": "li@example.com", "capacity": 30, "active": False}]
