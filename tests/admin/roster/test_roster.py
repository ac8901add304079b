"""The roster document: what it may say, how it is taken in, and its people as a table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store.access.audit import recent_entries
from engine.store.roster.roster import (
    RosterConflict,
    RosterRefused,
    export_roster,
    import_roster,
    roster_tag,
    save_person,
)
from rulesets.document.tables import TableRefused, read_rows, table_of
from rulesets.roster.roster import FORMAT, lint_roster
from rulesets.roster.roster_csv import read_people, write_people

LI, WANG, ZHAO = "li@example.com", "wang@example.com", "zhao@example.com"
FULL: dict[str, Any] = {
    "format": FORMAT,
    "calendars": [
        {
            "key": "cn",
            "timezone": "Asia/Shanghai",
            "country": "CN",
            "hours": {"mon": ["09:00-12:00", "13:00-18:00"]},
            "days_off": ["2026-05-04"],
            "workdays": ["2026-05-09"],
        }
    ],
    "teams": [{"key": "east", "head": WANG, "department": "field"}],
    "people": [
        {
            "email": LI,
            "name": "Li",
            "role": "sdr",
            "team": "east",
            "manager": WANG,
            "territories": ["华东"],
            "languages": ["zh"],
            "tier": 1,
            "weight": 2,
            "capacity": 50,
            "caps": {"day": 10, "month": 120},
            "calendar": "cn",
            "absences": [{"from": "2026-11-23", "to": "2026-11-27", "reason": "leave"}],
            "eligible_months": ["2026-11"],
        },
        {"email": WANG, "role": "manager"},
    ],
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def people(*several: dict[str, Any]) -> dict[str, Any]:
    return {"format": FORMAT, "people": list(several)}


def sdr(email: str, **more: Any) -> dict[str, Any]:
    return {"email": email, "role": "sdr", **more}


@given(json_values, st.sampled_from(["people", "teams", "calendars", "format"]))
def test_the_lint_never_raises(value: Any, part: str) -> None:
    lint_roster(value)
    assert lint_roster({"format": FORMAT, part: [value]}) is not None


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ([], "wrong-type", ""),
        ({}, "missing", "format"),
        (people(sdr(LI, teem="east")), "unknown-key", "people[0].teem"),
        (people(sdr("nobody")), "wrong-value", "people[0].email"),
        (people(sdr(LI, weight=0)), "wrong-value", "people[0].weight"),
        (people(sdr(LI, eligible_months=["2026-13"])), "wrong-value", "people[0].eligible_months[0]"),
        (people(sdr(LI), sdr(LI.upper())), "duplicate-key", "people[1]"),
        (people(sdr(LI, team="east")), "dangling-reference", "people[0].team"),
        (people(sdr(LI, manager=WANG)), "dangling-reference", "people[0].manager"),
        (people(sdr(LI, calendar="cn")), "dangling-reference", "people[0].calendar"),
        ({"format": FORMAT, "teams": [{"key": "e", "head": LI}]}, "dangling-reference", "teams[0].head"),
        (people(sdr(LI, manager=WANG), sdr(WANG, manager=LI)), "manager-circle", "people[0].manager"),
        (people(sdr(LI, manager=LI)), "manager-circle", "people[0].manager"),
        (
            people(sdr(LI, absences=[{"from": "2026-02-02", "to": "2026-02-01"}])),
            "bad-absence",
            "people[0].absences[0]",
        ),
        (
            people(
                sdr(
                    LI,
                    absences=[{"from": "2026-02-02", "to": "2026-02-05"}, {"from": "2026-02-05", "to": "2026-02-06"}],
                )
            ),
            "overlapping-absences",
            "people[0].absences",
        ),
        (
            {"format": FORMAT, "calendars": [{"key": "x", "timezone": "Mars/Base"}]},
            "wrong-value",
            "calendars[0].timezone",
        ),
        (
            {"format": FORMAT, "calendars": [{"key": "x", "timezone": "UTC", "hours": {"mon": ["09:00-09:00"]}}]},
            "wrong-value",
            "calendars[0].hours",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(document: Any, code: str, path: str) -> None:
    report = lint_roster(document)
    assert report.roster is None
    assert (code, path) in [(finding.code, finding.path) for finding in report.findings]


def test_a_roster_comes_back_as_it_was_given(database: str) -> None:
    change = import_roster(FULL, by=WANG)
    assert change.added == (LI, WANG)
    assert export_roster() == FULL
    assert import_roster(export_roster(), by=WANG).unchanged == 2


def test_an_import_adds_and_updates_and_removes_nobody(database: str) -> None:
    """R8.3."""
    import_roster(FULL, by=WANG)
    change = import_roster(people(sdr(ZHAO), sdr(WANG)), by=WANG)
    assert (change.added, change.updated, change.deactivated) == ((ZHAO,), (WANG,), ())
    assert [person["email"] for person in export_roster()["people"]] == [LI, WANG, ZHAO]


def test_replacing_deactivates_the_absent(database: str) -> None:
    """R8.3."""
    import_roster(FULL, by=WANG)
    change = import_roster(people({"email": WANG, "role": "manager"}), replace=True, by=WANG)
    assert change.deactivated == (LI,)
    assert export_roster()["people"][0]["active"] is False


def test_an_import_may_refer_to_what_is_there_and_not_to_what_is_nowhere(database: str) -> None:
    import_roster(FULL, by=WANG)
    import_roster(people(sdr(ZHAO, team="east", manager=WANG)), by=WANG)
    with pytest.raises(RosterRefused, match="there is no team"):
        import_roster(people(sdr("chen@example.com", team="west")), by=WANG)
    assert len(export_roster()["people"]) == 3


def test_a_circle_through_people_already_there_is_refused(database: str) -> None:
    import_roster(FULL, by=WANG)
    with pytest.raises(RosterRefused, match="above themselves"):
        save_person({"email": WANG, "manager": LI}, WANG)


def test_a_stale_writer_is_refused(database: str) -> None:
    tag = roster_tag(export_roster())
    import_roster(FULL, by=WANG, expected=tag)
    with pytest.raises(RosterConflict):
        import_roster(people(sdr(ZHAO)), by=WANG, expected=tag)


def test_changing_one_thing_keeps_the_rest_and_is_audited(database: str) -> None:
    import_roster(FULL, by=WANG)
    save_person({"email": LI, "weight": 5, "capacity": None}, WANG)
    person = export_roster()["people"][0]
    assert (person["weight"], "capacity" in person, person["absences"]) == (5, False, FULL["people"][0]["absences"])
    entry = recent_entries(1)[0]
    assert entry.before is not None
    assert (entry.actor, entry.subject, entry.before["weight"]) == (WANG, f"person/{LI}", 2)


def test_people_go_out_as_a_table_and_come_back() -> None:
    table = write_people(FULL)
    back = read_people(table_of(read_rows(table)))["people"]
    assert back == [{**FULL["people"][0], "active": True}, {**FULL["people"][1], "active": True}]


def test_a_table_cannot_smuggle_formulas_into_spreadsheets() -> None:
    assert "'=cmd()" in write_people(people(sdr(LI, name="=cmd()")))


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("mail,role\n", "columns"),
        ("", "name the columns"),
        ("email,weight\nli@example.com,many\n", "line 2: weight"),
        ("email,active\nli@example.com,perhaps\n", "line 2: active"),
        ("email,role\nli@example.com\n", "line 2 has 1 cells, the heading has 2"),
    ],
)
def test_a_table_that_cannot_be_read_names_its_line(table: str, told: str) -> None:
    with pytest.raises(TableRefused, match=told):
        read_people(table_of(read_rows(table)))
