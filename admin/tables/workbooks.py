"""XLSX workbooks: the first sheet as rows, and rows as a sheet. Numbers, days and moments keep their types.

A workbook is a zip archive that may unpack to anything: its size is looked at before it is opened.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles.numbers import is_datetime

from rulesets.document.tables import Cell, TableRefused, TableRow, check_size, marked, text_of, unmarked
from rulesets.document.wording import says

MAX_UNPACKED = 512 * 1024 * 1024
"""Bytes of everything in the archive."""
MAX_TEXT = 32_767
"""Characters of a cell, as Excel has it."""
EXACT = 10**15
"""Excel keeps 15 digits of a number; longer ones go out as text."""
FIRST_DAY = date(1900, 3, 1)
"""Excel counts a 29 February 1900 that never was; earlier days go out as text."""
DAY, MOMENT = "yyyy-mm-dd", 'yyyy-mm-dd hh:mm:ss.000"Z"'
LOCAL = "yyyy-mm-dd hh:mm:ss.000"
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""Characters XML cannot hold, and text that looks as if one of them had been escaped."""


def read_workbook(raw: bytes) -> list[TableRow]:
    """The rows of the first sheet; formulas count as what they last came to. Raises TableRefused."""
    try:
        _check_archive(raw)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and other parts that are not read
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
            sheet: Any = book.worksheets[0]
            sheet.reset_dimensions()  # files may claim any size
            rows = list(_rows(sheet))
    except TableRefused:
        raise
    except Exception as error:  # the library lets through whatever a broken archive or broken XML causes
        told = says("the workbook cannot be read: save it as XLSX again, or as CSV UTF-8")
        raise TableRefused(told) from error
    width = len(rows[0].cells) if rows else 0
    return [row._replace(cells=row.cells + ("",) * (width - len(row.cells))) for row in rows]


def write_workbook(rows: Iterable[Iterable[Cell | None]]) -> bytes:
    """Rows as a workbook of one sheet. Raises TableRefused for a text that no cell can hold."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet()
    for row in rows:
        sheet.append([_written(sheet, cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _check_archive(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
            raise TableRefused(says("the workbook is too large when unpacked: split it, or save it as CSV"))


def _rows(sheet: Any) -> Iterator[TableRow]:
    for line, cells in enumerate(sheet.iter_rows(), 1):
        read = [_read(cell) for cell in cells]
        while read and read[-1] == "":
            read.pop()
        check_size(line, len(read))
        if read:
            yield TableRow(line, tuple(read))


def _read(cell: Any) -> Cell:
    value = cell.value
    if isinstance(value, str):
        return unmarked(ESCAPED.sub(_unescaped, value))
    if isinstance(value, datetime):
        return _moment(value, cell.number_format)
    if value is None or isinstance(value, (int, float, date)):
        return "" if value is None else value
    return str(value)


def _unescaped(found: re.Match[str]) -> str:
    """The character of an escape; what no text can hold becomes the replacement character."""
    char = chr(int(found[1], 16))
    return "\ufffd" if char == "\x00" or "\ud800" <= char <= "\udfff" else char


def _moment(value: datetime, written_as: str) -> Cell:
    if written_as.endswith('"Z"'):
        return value.replace(tzinfo=UTC)
    return value.date() if is_datetime(written_as) == "date" and not (value.hour or value.minute) else value


def _written(sheet: Any, cell: Cell | None) -> Any:
    if isinstance(cell, datetime):
        moment = cell.astimezone(UTC).replace(tzinfo=None) if cell.tzinfo else cell
        return _dated(sheet, moment, MOMENT if cell.tzinfo else LOCAL)
    if isinstance(cell, date):
        return _dated(sheet, cell, DAY)
    if isinstance(cell, (int, float, Decimal)):
        return cell if -EXACT < cell < EXACT else _text(sheet, cell)
    return None if cell in {None, ""} else _text(sheet, cell)


def _dated(sheet: Any, value: date, written_as: str) -> Any:
    if value.timetuple() < FIRST_DAY.timetuple():
        return _text(sheet, value)
    cell = WriteOnlyCell(sheet)
    cell.value = value
    cell.number_format = written_as
    return cell


def _text(sheet: Any, value: Cell | None) -> Any:
    """A cell of text: a sheet keeps it apart from formulas by its type, so only text with a mark gets another mark."""
    text = text_of(value)
    text = marked(text) if text.startswith("'") else text
    text = UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    if len(text) > MAX_TEXT:
        raise TableRefused(says("a cell has more than %(most)s characters: take the table as CSV", most=MAX_TEXT))
    cell = WriteOnlyCell(sheet)
    cell.value = text
    cell.data_type = "s"
    cell.quotePrefix = True if marked(text) != text else cell.quotePrefix
    return cell
