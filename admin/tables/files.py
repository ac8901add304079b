"""Files of tables by what is in them: read CSV or XLSX from bytes, write either."""

from collections.abc import Iterable, Iterator
from typing import Literal

from admin.tables.encodings import decoded
from admin.tables.workbooks import read_workbook, write_workbook
from rulesets.document.tables import Cell, HeadedTable, TableRefused, TableRow, csv_line, read_rows, table_of
from rulesets.document.wording import says

Format = Literal["csv", "xlsx"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
MAX_BYTES = 64 * 1024 * 1024
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_file(raw: bytes) -> list[TableRow]:
    """The rows of a file, CSV or XLSX by its content; raises TableRefused."""
    if len(raw) > MAX_BYTES:
        raise TableRefused(says("the file is larger than %(most)s MiB: split it", most=MAX_BYTES // 1024 // 1024))
    if raw.startswith(OLD_EXCEL):
        raise TableRefused(says("the file is an old or protected Excel workbook: save it as XLSX without a password"))
    return read_workbook(raw) if raw.startswith(ZIP) else read_rows(decoded(raw))


def read_table(raw: bytes) -> HeadedTable:
    """The table of a file; raises TableRefused."""
    return table_of(read_file(raw))


def is_table(name: str, raw: bytes) -> bool:
    """Whether a file is a table, by its name or, for workbooks, by its content."""
    return name.lower().endswith(SUFFIXES) or raw.startswith((ZIP, OLD_EXCEL))


def csv_parts(rows: Iterable[Iterable[Cell | None]]) -> Iterator[str]:
    """A CSV file line by line: UTF-8 with the mark by which Excel knows it."""
    yield "\ufeff"
    yield from map(csv_line, rows)


def written(rows: Iterable[Iterable[Cell | None]], as_: Format) -> bytes:
    """Rows as a file."""
    return write_workbook(rows) if as_ == "xlsx" else "".join(csv_parts(rows)).encode()
