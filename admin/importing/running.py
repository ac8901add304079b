"""Running an import: lists of rows into the inbox, one after the other.

Each list is committed before the next begins. After an interruption the same file goes on where it was: rows that
have arrived are known by their ids.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from admin.importing.rows import ImportFile, RejectedRow, parts, read_part
from engine.store.inbox.inbox import accept
from rulesets.document.tables import Cell, TableRow
from workers.queues import wake

LIST_ROWS = 1_000
PREVIEWED = 20


@dataclass(slots=True)
class ImportSummary:
    """What became of the rows so far."""

    read: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


def import_rows(
    file: ImportFile, rows: Iterable[TableRow], now: datetime, *, dry: bool = False
) -> Iterator[ImportSummary]:
    """The growing summary, after each list; ``dry`` reads and stores nothing."""
    summary = ImportSummary()
    for part in parts(rows, LIST_ROWS):
        intakes, rejected = read_part(file, part, now)
        summary.read += len(part)
        summary.rejected += rejected
        if intakes and not dry:
            accepted = accept(intakes, now)
            wake(accepted.lead_ids)
            summary.accepted += accepted.accepted
            summary.duplicates += accepted.duplicates
        yield summary


def rejected_rows(file: ImportFile, rejected: Iterable[RejectedRow]) -> Iterator[list[Cell]]:
    """The rejected rows as they are in the file, with line, column and reason in front; the heading first."""
    rows = {row.line: row.cells for row in file.table.rows}
    yield ["line", "column", "reason", *file.table.names]
    for one in rejected:
        yield [one.line, one.column, one.message, *rows[one.line]]
