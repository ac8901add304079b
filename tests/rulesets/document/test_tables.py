"""Tables: what goes out comes back as it was, no cell is a formula, and what cannot be read is told with its place."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesets.document.tables import (
    MAX_COLUMNS,
    MAX_ROWS,
    Cell,
    TableRefused,
    TableRow,
    check_size,
    csv_text,
    marked,
    read_rows,
    separator_of,
    table_of,
    text_of,
    unmarked,
    without_marks,
)

TRICKY = st.sampled_from(
    [
        "=",
        "+",
        "-",
        "@",
        "＝",
        "＋",
        "－",
        "＠",
        "'",
        "\t",
        "\r",
        "\n",
        "\u00a0",
        "\u200b",
        "\ufeff",
        ",",
        '"',
        ";",
        "|",
    ]
)
TEXTS = st.lists(
    st.one_of(TRICKY, st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), max_size=8
).map("".join)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=5))
def test_rows_go_out_and_come_back_as_they_were(rows: list[list[str]]) -> None:
    assert [list(row.cells) for row in read_rows(csv_text(rows))] == rows


@given(TEXTS)
def test_no_cell_goes_out_as_a_formula(text: str) -> None:
    seen = without_marks(marked(text)).lstrip()
    assert not seen.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not marked(text).startswith(("\t", "\r"))
    assert unmarked(marked(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "\u00a0=1", "\u200b＝1", "'=1", "\t1", "－1", " @x"])
def test_text_that_begins_like_a_formula_is_marked(text: str) -> None:
    assert marked(text) == f"'{text}"


@pytest.mark.parametrize("text", ["'t Hooft", "a=b", "", "'", "李=1"])
def test_other_text_goes_out_as_it_is(text: str) -> None:
    assert (marked(text), unmarked(text)) == (text, text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_separator_and_line_end_is_read(end: str, separator: str) -> None:
    lines = [f"Email {separator}name", f"li@example.com{separator}Li", "", f"chen@example.com{separator}Chen"]
    table = table_of(read_rows("\ufeff" + end.join(lines)))
    assert (table.names, table.columns) == (("Email", "name"), ("email", "name"))
    assert [(row.line, row.cells[1]) for row in table.rows] == [(2, "Li"), (4, "Chen")]


def test_separators_in_quotes_do_not_count() -> None:
    assert separator_of('"a;b;c;d",e\nx;y;z') == ","
    assert separator_of('\n\n5" screen;size') == ","
    assert separator_of("") == ","


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('a,b\n1,"2\n3,4\n', "line 2, column 2: a quotation mark opens and never closes"),
        ('a,b\n"1"x,2\n', "line 2: text stands behind a closing quotation mark"),
        (f"a\n{'x' * 140_000}\n", "line 2: a cell is longer than"),
        ("a\nb\x00\n", "line 2 has a character that is no text"),
        ("", "the table is empty"),
        ("\n,,\n", "the table is empty"),
        ("email,name,E-Mail, EMAIL\n", "columns 1 and 4 are both called EMAIL"),
        ("email,,name\n", "line 1: column 2 has no name"),
        (",".join("a" * (MAX_COLUMNS + 1)), "more than 500 columns"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_what_to_do(text: str, told: str) -> None:
    with pytest.raises(TableRefused, match=told):
        table_of(read_rows(text))


def test_a_table_of_too_many_rows_is_refused() -> None:
    check_size(MAX_ROWS + 1, 1)
    with pytest.raises(TableRefused, match="split the file"):
        check_size(MAX_ROWS + 2, 1)


def test_a_row_of_another_width_has_a_fault_and_empty_cells_beyond_the_heading_do_no_harm() -> None:
    table = table_of(read_rows("a,b,,\n1,2,,\n1\n1,2,3\n"))
    assert [row.cells for row in table.rows] == [("1", "2"), ("1",), ("1", "2", "3")]
    faults = [table.fault(row) for row in table.rows]
    assert faults[0] is None
    assert [str(fault)[:41] for fault in faults[1:]] == [
        "line 3 has 1 cells, the heading has 2: gi",
        "line 4 has 3 cells, the heading has 2: gi",
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (True, "yes"), (False, "no"), (3.0, "3"), (2.5, "2.5"), (7, "7"), (Decimal("1.50"), "1.50"), (None, ""),
        (date(2026, 11, 21), "2026-11-21"), (datetime(2026, 11, 21, 8, tzinfo=UTC), "2026-11-21T08:00:00+00:00"),
    ],
)  # fmt: skip
def test_every_kind_of_cell_has_a_text(cell: Cell | None, text: str) -> None:
    assert text_of(cell) == text


def test_a_row_of_numbers_is_not_empty() -> None:
    assert not TableRow(1, (0,)).is_empty
    assert TableRow(1, ("", " ")).is_empty
