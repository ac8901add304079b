"""What a roster document may say of people and calendars, at its edges."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rulesets.roster import FORMAT, Roster, lint_roster
from rulesets.roster_csv import CsvRefused, read_people


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
    with pytest.raises(CsvRefused, match="line 2"):
        read_people('email,name\n"li@example.com"x,Li\n')
