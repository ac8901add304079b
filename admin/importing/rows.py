"""Rows of a table as events: the id is made of the file and the line, so that a row has effect once however often.

May not accept or refuse an event: the envelope does, and its refusals are told here by line and column.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from admin.importing.columns import recognised
from admin.importing.templates import ImportRefused, ImportTemplate
from admin.intake.envelope import Rejection, Sender, read_items
from engine.store.inbox.inbox import Intake
from rulesets.document.tables import Cell, HeadedTable, TableRow, folded, text_of, without_marks
from rulesets.document.wording import says

SCOPES = frozenset({"events:write", "leads:write"})
SOURCE = "import"
"""Source of imported events when none is given."""
WRITTEN_MOMENT = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s]+(\d{1,2}):(\d\d)(?::(\d\d))?)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """Why a row was not taken; ``column`` is empty when it is about the row as a whole."""

    line: int
    column: str
    code: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"line": self.line, "column": self.column, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A table with what is needed to read its rows as events; ``places`` are targets by place of their column."""

    table: HeadedTable
    template: ImportTemplate
    places: Mapping[int, str]
    digest: str
    sender: Sender
    zone: ZoneInfo

    def ignored(self) -> list[str]:
        """Columns that are not taken over."""
        return [name for place, name in enumerate(self.table.names) if place not in self.places]


def digest_of(raw: bytes) -> str:
    """What names a file in the ids of its events."""
    return sha256(raw).hexdigest()[:32]


def opened(
    table: HeadedTable, template: ImportTemplate | None, digest: str, zone: ZoneInfo, scopes: frozenset[str] = SCOPES
) -> ImportFile:
    """A table with its template, or with what its columns are recognised as; raises ImportRefused."""
    told = template or ImportTemplate(columns=recognised(table))
    wanted = {folded(name): target for name, target in told.columns.items()}
    places = {place: wanted[column] for place, column in enumerate(table.columns) if column in wanted}
    if not any(target.startswith("lead.") for target in (*places.values(), *told.constants)):
        raise ImportRefused(
            says("no column names the lead: the table has %(columns)s; one must be an identifier such as lead.email",
                 columns=table.names)
        )  # fmt: skip
    sender = Sender(told.source or SOURCE, scopes)
    return ImportFile(table, told, places, digest, sender, ZoneInfo(told.zone) if told.zone else zone)


def read_part(file: ImportFile, rows: Iterable[TableRow], now: datetime) -> tuple[list[Intake], list[RejectedRow]]:
    """Some rows as events, and those that are none."""
    whole = list(rows)
    rejected = [RejectedRow(row.line, "", "wrong_width", str(told)) for row in whole if (told := file.table.fault(row))]
    sound = [row for row in whole if file.table.fault(row) is None]
    intakes, rejections = read_items([item_of(file, row, now) for row in sound], file.sender, now)
    rejected += [_told(file, sound[rejection.index].line, rejection) for rejection in rejections]
    return intakes, sorted(rejected, key=lambda one: one.line)


def item_of(file: ImportFile, row: TableRow, now: datetime) -> dict[str, Any]:
    """A row as an event of the envelope."""
    item: dict[str, Any] = {
        "id": f"{file.digest}-{row.line}",
        "type": file.template.event,
        "occurred_at": now.isoformat(),
        "lead": {},
        **({"imported": True} if file.template.imported else {}),
    }
    cells = ((target, row.cells[place]) for place, target in file.places.items())
    for target, cell in (*file.template.constants.items(), *cells):
        if text_of(cell).strip():
            _put(item, target, cell, file.zone)
    if file.template.tags:
        item.setdefault("traits", {})["tags"] = list(file.template.tags)
    return item


def _put(item: dict[str, Any], target: str, cell: Cell, zone: ZoneInfo) -> None:
    group, _, name = target.partition(".")
    if target == "occurred_at":
        item["occurred_at"] = moment_text(cell, zone)
    elif group == "lead":
        item["lead"][name] = without_marks(text_of(cell)).strip()
    else:
        item.setdefault(group, {})[name] = cell if isinstance(cell, (bool, int, float)) else text_of(cell).strip()


def moment_text(cell: Cell, zone: ZoneInfo) -> str:
    """A day or moment as the envelope takes it; text that is none stays, and is refused there."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=zone)).isoformat()
    if isinstance(cell, date):
        return datetime.combine(cell, time(), zone).isoformat()
    written = WRITTEN_MOMENT.fullmatch(text_of(cell).strip())
    if written is None:
        return text_of(cell).strip()
    try:
        return datetime(*(int(part or 0) for part in written.groups()), tzinfo=zone).isoformat()  # type: ignore[arg-type,misc] # six numbers
    except ValueError:
        return text_of(cell).strip()


def _told(file: ImportFile, line: int, rejection: Rejection) -> RejectedRow:
    places = {target: file.table.names[place] for place, target in file.places.items()}
    return RejectedRow(line, places.get(rejection.path, ""), rejection.code, rejection.as_json()["message"])


def parts(rows: Iterable[TableRow], size: int) -> Iterator[list[TableRow]]:
    """Rows in lists."""
    part: list[TableRow] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
