"""Files of tables: encodings, workbooks, limits, and the way out and back."""

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from admin.tables import workbooks
from admin.tables.files import is_table, read_file, read_table, written
from rulesets.document.tables import Cell, TableRefused
from tests.rulesets.document.test_tables import TEXTS

CHINESE = "姓名,公司,手机号码\r\n张三,上海某某科技有限公司,13800138000\r\n"
TAIWANESE = "姓名,公司,手機號碼\r\n陳大文,台灣某某科技股份有限公司,0912345678\r\n"
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda one: one.replace(microsecond=0))  # noqa: DTZ001 - sheets know no zone
CELLS: st.SearchStrategy[Cell] = st.one_of(
    TEXTS,
    st.integers(-(10**14), 10**14),
    st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
    st.booleans(),
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    MOMENTS.map(lambda one: one.replace(tzinfo=UTC)),
    MOMENTS.map(lambda one: one.replace(hour=one.hour or 1)),
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "utf-8"),
        (CHINESE, "utf-8-sig"),
        (CHINESE, "utf-16"),
        (CHINESE, "utf-16-le"),
        (CHINESE, "utf-16-be"),
        (CHINESE, "utf-32"),
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        ("email,name\na@b.c,李\n", "gbk"),
        ("email,name\na@b.c,刘鑫\n", "gb18030"),
        ("email,name\na@b.c,José\n", "cp1252"),
        (TAIWANESE, "big5"),
        ("email,name\na@b.c,陳美玲\n", "big5"),
    ],
)
def test_a_file_in_any_usual_encoding_is_read(text: str, encoding: str) -> None:
    cells = [",".join(map(str, row.cells)) for row in read_file(text.encode(encoding))]
    assert cells == text.split()


@pytest.mark.parametrize("raw", [b"\xff\xfe\n", b"\xef\xbb\xbf\xff", bytes(range(128, 256)) * 3])
def test_bytes_that_are_no_text_are_refused_in_one_sentence(raw: bytes) -> None:
    with pytest.raises(TableRefused, match="save it as CSV UTF-8"):
        read_file(raw)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_workbook_brings_every_cell_back_with_its_type(rows: list[list[Cell]]) -> None:
    width = max(len(row) for row in rows)
    heading: list[Cell] = ["heading"] * width
    full = [[*row, *[""] * (width - len(row))] for row in [heading, *rows]]
    back = [list(row.cells) for row in read_file(written(full, "xlsx"))]
    expected = [row for row in full if any(cell != "" for cell in row)]
    assert back == expected
    pairs = [pair for row, came in zip(expected, back, strict=True) for pair in zip(row, came, strict=True)]
    for cell, came_back in pairs:
        assert type(came_back) is (int if isinstance(cell, float) and cell.is_integer() else type(cell))


def test_no_text_of_a_workbook_is_a_formula() -> None:
    sheet: Any = load_workbook(io.BytesIO(written([["=1+1", "＝1", "'=1", "+86138"]], "xlsx"))).worksheets[0]
    assert [cell.data_type for cell in sheet[1]] == ["s"] * 4
    assert [cell.value for cell in sheet[1]] == ["=1+1", "＝1", "''=1", "+86138"]
    assert all(cell.quotePrefix for cell in sheet[1])


def test_numbers_too_long_and_days_too_early_for_a_sheet_go_out_as_text() -> None:
    (row,) = read_file(written([[10**16, date(1899, 1, 2), datetime(1, 1, 1, tzinfo=UTC)]], "xlsx"))
    assert row.cells == ("10000000000000000", "1899-01-02", "0001-01-01T00:00:00")


def test_a_formula_in_a_workbook_counts_as_what_it_came_to() -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(["email", "points"])
    sheet.append(["li@example.com", "=1+1"])
    file = io.BytesIO()
    book.save(file)
    assert read_table(file.getvalue()).rows[0].cells == ("li@example.com", "")


def test_broken_old_and_swollen_workbooks_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    good = written([["a"]], "xlsx")
    for raw, told in (
        (good[:200], "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "without a password"),
        (_archive({"x.txt": b""}), "cannot be read"),
        (_archive({"bomb": b"0" * 600 * 1024 * 1024}), "too large when unpacked"),
    ):
        with pytest.raises(TableRefused, match=told):
            read_file(raw)
    monkeypatch.setattr("admin.tables.files.MAX_BYTES", 10)
    with pytest.raises(TableRefused, match="larger than"):
        read_file(good)


def test_a_cell_longer_than_a_sheet_can_hold_is_refused() -> None:
    with pytest.raises(TableRefused, match="take the table as CSV"):
        written([["x" * (workbooks.MAX_TEXT + 1)]], "xlsx")


def test_a_table_is_known_by_its_name_or_as_a_workbook() -> None:
    assert is_table("P.CSV", b"")
    assert is_table("x", written([["a"]], "xlsx"))
    assert not is_table("roster.yaml", b"format: baton.roster/1")


def _archive(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()
