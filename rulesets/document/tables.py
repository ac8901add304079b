"""Tables as values: the text of a CSV file as rows of cells, and rows of cells as that text. Pure.

The one reader and writer of tables. Text that a spreadsheet would take for a formula goes out with one apostrophe in
front, and the reader takes exactly that one away: what goes out comes back as it was. May not open files: bytes,
encodings and workbooks are `admin.tables`'.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from rulesets.document.wording import Sentence, says

Cell = str | int | float | Decimal | date | datetime
"""What stands in a cell; an empty one is an empty text. CSV knows texts only."""
SEPARATORS = (",", ";", "\t", "|")
MAX_ROWS = 200_000
MAX_COLUMNS = 500
INVISIBLE = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
"""Marks nobody sees, as a character class: soft hyphen, zero-width space, direction marks, byte order mark."""
_MARKS = re.compile(f"[{INVISIBLE}]")
_FORMULA = re.compile(rf"'*(?:[\t\r]|[\s\x00-\x1f\x7f-\x9f\u200c\u200d{INVISIBLE}]*[=+\-@＝＋－＠])")
"""How text begins that some spreadsheet takes for a formula; those that trim first are counted in."""
_QUOTED = re.compile(r'[,;\t|"\r\n]|^[\s\ufeff]|\s$')
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_FIRST_RECORD = re.compile(r'(?:[^"\r\n]|"[^"]*")*')
_IN_QUOTES = re.compile(r'"[^"]*"')


class TableRefused(ValueError):
    """A table cannot be read; the sentence names the place and what to do."""


class TableRow(NamedTuple):
    """The cells of one row and the line on which it begins, from 1."""

    line: int
    cells: tuple[Cell, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return all(isinstance(cell, str) and not cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class HeadedTable:
    """Rows below a heading.

    ``names`` are as the heading has them, ``columns`` folded, so that ` E-Mail ` is `e-mail`.
    """

    names: tuple[str, ...]
    rows: tuple[TableRow, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names, folded."""
        return tuple(map(folded, self.names))

    def fault(self, row: TableRow) -> Sentence | None:
        """What is wrong with the width of a row; None for nothing."""
        if len(row.cells) == len(self.names):
            return None
        return says(
            "line %(line)s has %(cells)s cells, the heading has %(columns)s: give each column its cell, in quotes "
            "where it contains a separator",
            line=row.line, cells=len(row.cells), columns=len(self.names),
        )  # fmt: skip


def without_marks(text: str) -> str:
    """Text without the marks that nobody sees."""
    return _MARKS.sub("", text)


def folded(name: str) -> str:
    """A name of a column as it is compared: half-width, lower case, white space and invisible marks aside."""
    return " ".join(without_marks(unicodedata.normalize("NFKC", name)).split()).casefold()


def marked(text: str) -> str:
    """Text that no spreadsheet takes for a formula: with an apostrophe in front where it would."""
    return f"'{text}" if _FORMULA.match(text) else text


def unmarked(text: str) -> str:
    """The text that `marked` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def text_of(cell: Cell | None) -> str:
    """A cell as text: days and moments in ISO 8601, whole numbers without a point, yes and no."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def csv_line(cells: Iterable[Cell | None]) -> str:
    """One row as a line of CSV, separated by commas, with its end."""
    texts = [marked(cell) if isinstance(cell, str) else text_of(cell) for cell in cells]
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) else text for text in texts]
    return ('""' if quoted == [""] else ",".join(quoted)) + "\r\n"


def csv_text(rows: Iterable[Iterable[Cell | None]]) -> str:
    """Rows as the text of a CSV file."""
    return "".join(map(csv_line, rows))


def read_rows(text: str) -> list[TableRow]:
    """The rows of a CSV text, whatever ends its lines and separates its cells; raises TableRefused."""
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise TableRefused(says("line %(line)s has a character that is no text: save the file as CSV again", line=line))
    lines, separator = _LINE.findall(text), separator_of(text)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows: list[TableRow] = []
    begins = 1
    try:
        for cells in reader:
            if cells:
                rows.append(TableRow(begins, tuple(map(unmarked, cells))))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise TableRefused(_unreadable(str(error), begins, lines[begins - 1], separator)) from None
    check_size(len(rows), max((len(row.cells) for row in rows), default=0))
    return rows


def separator_of(text: str) -> str:
    """What separates cells: the one that stands most often in the first line that is not empty, outside quotes."""
    first = _FIRST_RECORD.match(text.lstrip("\r\n"))
    heading = _IN_QUOTES.sub("", first[0] if first else "")
    return max(SEPARATORS, key=heading.count)


def check_size(rows: int, columns: int) -> None:
    """Raise TableRefused for a table that is too large."""
    if rows > MAX_ROWS + 1:
        raise TableRefused(says("the table has more than %(most)s rows: split the file", most=MAX_ROWS))
    if columns > MAX_COLUMNS:
        raise TableRefused(says("the table has more than %(most)s columns: remove some", most=MAX_COLUMNS))


def table_of(rows: Sequence[TableRow]) -> HeadedTable:
    """Rows as a table: the first that is not empty is the heading; raises TableRefused.

    Empty rows, and empty cells beyond the heading, are left out.
    """
    filled = [row for row in rows if not row.is_empty]
    if not filled:
        raise TableRefused(says("the table is empty: its first line must name the columns"))
    names = [without_marks(text_of(cell)).strip() for cell in filled[0].cells]
    while names and not names[-1]:
        names.pop()
    _check_names(names, filled[0].line)
    return HeadedTable(tuple(names), tuple(_fitted(row, len(names)) for row in filled[1:]))


def _check_names(names: Sequence[str], line: int) -> None:
    places: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if not name:
            told = says("line %(line)s: column %(column)s has no name: give it one", line=line, column=place)
            raise TableRefused(told)
        first = places.setdefault(folded(name), place)
        if first != place:
            told = says(
                "line %(line)s: columns %(first)s and %(second)s are both called %(name)s: rename or remove one",
                line=line, first=first, second=place, name=name,
            )  # fmt: skip
            raise TableRefused(told)


def _fitted(row: TableRow, width: int) -> TableRow:
    cells = row.cells
    beyond = cells[width:]
    return row._replace(cells=cells[:width]) if beyond and TableRow(row.line, beyond).is_empty else row


def _unreadable(problem: str, line: int, text: str, separator: str) -> Sentence:
    """Why the csv module gave up at the record that begins on a line."""
    if "unexpected end" in problem:
        column = len(next(csv.reader([text], delimiter=separator)))
        return says(
            "line %(line)s, column %(column)s: a quotation mark opens and never closes: close it, or double it inside "
            "a quoted cell",
            line=line, column=column,
        )  # fmt: skip
    if "field limit" in problem:
        return says("line %(line)s: a cell is longer than %(most)s characters", line=line, most=csv.field_size_limit())
    return says(
        "line %(line)s: text stands behind a closing quotation mark: remove it, or double quotation marks inside the "
        "cell",
        line=line,
    )
