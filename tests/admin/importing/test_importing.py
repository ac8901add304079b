"""Imports: what columns mean, how rows become events, and that a row has effect once."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from admin.importing.columns import recognised
from admin.importing.rows import ImportFile, item_of, moment_text, opened, read_part
from admin.importing.running import rejected_rows
from admin.importing.templates import ImportRefused, as_document, read_template, template_of, write_template
from admin.tables.files import read_table
from rulesets.document.tables import Cell, read_rows, table_of

EXAMPLES = Path(__file__).parents[3] / "examples" / "imports"
SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 29, 8, tzinfo=UTC)


def file_of(text: str, **template: Any) -> ImportFile:
    told = template_of(template) if template else None
    return opened(table_of(read_rows(text)), told, "d" * 32, SHANGHAI)


@pytest.mark.parametrize("template", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_template_reads_its_sample_whole(template: Path) -> None:
    table = read_table(template.with_suffix(".csv").read_bytes())
    file = opened(table, read_template(template.read_bytes()), "d" * 32, SHANGHAI)
    intakes, rejected = read_part(file, table.rows, AT)
    assert (len(intakes), rejected) == (len(table.rows), [])
    assert len(file.places) == len(file.template.columns)
    assert all(intake.identities for intake in intakes)
    assert len({intake.id for intake in intakes}) == len(intakes)


@pytest.mark.parametrize("template", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_template_goes_out_and_comes_back(template: Path) -> None:
    told = read_template(template.read_bytes())
    assert read_template(write_template(told)) == told
    assert template_of(as_document(told)) == told


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("E-Mail Address,Mobile Phone,Company Name", ["lead.email", "lead.phone", "company.name"]),
        (" 邮箱 ,手机号,公司名称", ["lead.email", "lead.phone", "company.name"]),
        ("電子郵件,手機號碼,公司名稱", ["lead.email", "lead.phone", "company.name"]),
        ("Email,Work email,x", ["lead.email"]),
    ],
)
def test_columns_are_recognised_by_name_in_three_languages(heading: str, expected: list[str]) -> None:
    assert list(recognised(table_of(read_rows(f"{heading}\n"))).values()) == expected


def test_columns_are_recognised_by_what_stands_in_them() -> None:
    table = table_of(read_rows("a,b,c\nli@example.com,13800138000,x\nwang@example.com,,y\n"))
    assert recognised(table) == {"a": "lead.email", "b": "lead.phone"}


def test_a_row_is_an_event_of_its_file_and_line() -> None:
    file = file_of(
        "Email,Name,Employees,When\nLi\u200b@example.com,Li,420,2026-11-21 10:00\n",
        columns={"email": "lead.email", "NAME": "traits.name", "Employees": "company.employees", "When": "occurred_at"},
        tags=["fair"],
        constants={"properties.list": "x"},
        imported=True,
    )
    assert item_of(file, file.table.rows[0], AT) == {
        "id": f"{'d' * 32}-2",
        "type": "lead.identified",
        "occurred_at": "2026-11-21T10:00:00+08:00",
        "imported": True,
        "lead": {"email": "Li@example.com"},
        "traits": {"name": "Li", "tags": ["fair"]},
        "company": {"employees": "420"},
        "properties": {"list": "x"},
    }


def test_a_row_that_cannot_be_taken_is_told_with_its_column_and_goes_out_as_a_file() -> None:
    file = file_of("Email,Name\nli@example.com,Li\nnobody,X\n,Y\nwang@example.com\n")
    intakes, rejected = read_part(file, file.table.rows, AT)
    assert [intake.identities for intake in intakes] == [{"email": "li@example.com"}]
    assert [(one.line, one.column, one.code) for one in rejected] == [
        (3, "Email", "bad_identifier"), (4, "", "no_identifier"), (5, "", "wrong_width"),
    ]  # fmt: skip
    told = list(rejected_rows(file, rejected))
    assert told[0] == ["line", "column", "reason", "Email", "Name"]
    assert told[1][:2] + told[1][3:] == [3, "Email", "nobody", "X"]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (date(2026, 11, 21), "2026-11-21T00:00:00+08:00"),
        (datetime(2026, 11, 21, 10), "2026-11-21T10:00:00+08:00"),  # noqa: DTZ001 - a sheet knows no zone
        (datetime(2026, 11, 21, 10, tzinfo=UTC), "2026-11-21T10:00:00+00:00"),
        ("2026/11/21", "2026-11-21T00:00:00+08:00"),
        ("2026年11月21日 9:05", "2026-11-21T09:05:00+08:00"),
        ("2026.11.21 09:05:07", "2026-11-21T09:05:07+08:00"),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("2026-13-45", "2026-13-45"),
        ("soon", "soon"),
    ],
)
def test_days_and_moments_are_read_as_people_write_them(cell: Cell, told: str) -> None:
    assert moment_text(cell, SHANGHAI) == told


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "has no columns"),
        ({"columns": {"a": "lead.fax"}}, "lead.fax is no target"),
        ({"columns": {"a": "lead.email", "b": "lead.email"}}, "two columns go to lead.email"),
        ({"columns": {"a": "lead.email"}, "source": "baton"}, "baton and work are taken"),
        ({"columns": {"a": "lead.email"}, "zone": "Moon"}, "time zone"),
        ({"columns": {"a": "lead.email"}, "colour": 1}, "knows no colour"),
        ([], "an object"),
    ],
)
def test_a_template_that_is_wrong_says_what_to_do(document: Any, told: str) -> None:
    with pytest.raises(ImportRefused, match=told):
        template_of(document)


def test_a_table_that_names_nobody_is_refused() -> None:
    with pytest.raises(ImportRefused, match="no column names the lead"):
        file_of("colour,size\nred,1\n")
