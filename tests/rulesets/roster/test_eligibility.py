"""Monthly lists of who may receive leads: how they are read, checked and put into the roster (R5.9)."""

from datetime import date
from typing import Any

import pytest

from rulesets.document.tables import read_rows
from rulesets.roster.eligibility import Named, eligible, missing_lists, read_list, with_list

LI, ZHAO, CHEN, WANG = (f"{name}@example.com" for name in ("li", "zhao", "chen", "wang"))
ROSTER: dict[str, Any] = {
    "format": "baton.roster/1",
    "people": [
        {"email": LI, "role": "sales", "eligible_months": ["2026-11", "2026-12"], "tier": 1},
        {"email": ZHAO, "role": "sales", "eligible_months": ["2026-12"]},
        {"email": CHEN, "role": "sales"},
        {"email": WANG, "role": "sdr", "eligible_months": ["2026-12"]},
    ],
}


def named(*emails: str) -> list[Named]:
    return [Named((f"line {line}",), email) for line, email in enumerate(emails, 1)]


@pytest.mark.parametrize(
    "text",
    [
        f"{LI}\n{CHEN}\n",
        f"\ufeff\n  {LI.upper()} \r\n\r\n'{CHEN}",
        f"name,E-mail,email\nLi,x,{LI}\nChen,y,{CHEN}\n",
        f"Email\n{LI}\n{CHEN},,\n",
    ],
)
def test_a_list_is_one_email_a_line_or_a_column_of_a_table(text: str) -> None:
    assert [email for _, email in read_list(read_rows(text))] == [LI, CHEN]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert [place for place, _ in read_list(read_rows(f"email\n\n{LI}\n"))] == [("line 3",)]
    assert read_list(read_rows("")) == []
    assert [email for _, email in read_list(read_rows("name,email\nLi\n"))] == [""]


def test_a_list_is_exactly_who_is_eligible() -> None:
    listed = with_list(ROSTER, "sales", "2026-12", named(LI, CHEN, CHEN))
    assert (listed.added, listed.removed, listed.unchanged, listed.findings) == ((CHEN,), (ZHAO,), 1, ())
    assert listed.document["people"] == [
        {"email": ZHAO, "role": "sales", "eligible_months": []},
        {"email": CHEN, "role": "sales", "eligible_months": ["2026-12"]},
    ]


def test_who_is_on_a_list_can_be_asked() -> None:
    assert eligible(ROSTER, "sales", "2026-12") == [LI, ZHAO]
    assert eligible(ROSTER, "sales", "2027-01") == []


def test_everything_wrong_is_named_with_its_line() -> None:
    listed = with_list(ROSTER, "sales", "2026-12", named(LI, "lii@example.com", WANG, ""))
    assert [(f.code, f.path, f.suggestion) for f in listed.findings] == [
        ("dangling-reference", '["line 2"]', f"did you mean {LI}?"),
        ("wrong-value", '["line 3"]', None),
        ("dangling-reference", '["line 4"]', None),
    ]
    assert listed.document == {}


@pytest.mark.parametrize(
    ("role", "month", "names", "code", "path"),
    [
        ("manager", "2026-12", named(LI), "wrong-value", "role"),
        ("sales", "2026-13", named(LI), "wrong-value", "month"),
        ("sales", "december", named(LI), "wrong-value", "month"),
        ("sales", "2026-12", [], "empty-list", ""),
    ],
)
def test_a_list_of_nothing_is_refused(role: str, month: str, names: list[Named], code: str, path: str) -> None:
    assert [(f.code, f.path) for f in with_list(ROSTER, role, month, names).findings] == [(code, path)]


@pytest.mark.parametrize(
    ("today", "missing"),
    [
        (date(2026, 11, 25), []),
        (date(2026, 12, 24), []),
        (date(2026, 12, 25), [("sdr", "2027-01"), ("sales", "2027-01")]),
        (date(2026, 12, 31), [("sdr", "2027-01"), ("sales", "2027-01")]),
        (date(2026, 10, 25), [("sdr", "2026-11")]),
    ],
)
def test_next_months_list_is_asked_for_from_the_25th_where_lists_are_in_use(today: date, missing: list[Any]) -> None:
    assert missing_lists(ROSTER, today) == missing
    assert missing_lists({"people": [{"email": LI, "role": "sales"}]}, today) == []
