"""Files that are kept between two requests: as CSV, the line of each row in front, with their template.

May not write to the database: `engine.store.imports.runs` does.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from admin.importing.rows import ImportFile, RejectedRow, digest_of, opened
from admin.importing.templates import ImportTemplate
from engine.store.schema.intake_tables import ImportRun
from rulesets.document.tables import HeadedTable, TableRow, csv_text, read_rows, text_of


def run_values(
    name: str, raw: bytes, table: HeadedTable, body: Mapping[str, Any], by: str, now: datetime
) -> dict[str, Any]:
    """A new file as a row of the store."""
    return {
        "name": name[-200:],
        "digest": digest_of(raw),
        "content": _written(table),
        "body": dict(body),
        "made_by": by,
        "made_at": now,
        "rows": len(table.rows),
    }


def rest_of(table: HeadedTable, before: Iterable[Mapping[str, Any]], rejected: Iterable[RejectedRow]) -> str:
    """What is kept of a file that was taken in: its rejected rows, since the others are leads by now."""
    lines = {*(one["line"] for one in before), *(one.line for one in rejected)}
    return _written(HeadedTable(table.names, tuple(row for row in table.rows if row.line in lines)))


def _written(table: HeadedTable) -> str:
    return csv_text([["", *table.names], *([row.line, *row.cells] for row in table.rows)])


def content_of(run: ImportRun) -> HeadedTable:
    """The table of a kept file, its rows on the lines of the file that was uploaded."""
    heading, *rows = read_rows(run.content)
    names = tuple(text_of(cell) for cell in heading.cells[1:])
    return HeadedTable(names, tuple(TableRow(int(text_of(row.cells[0])), row.cells[1:]) for row in rows))


def file_of(
    run: ImportRun, table: HeadedTable, template: ImportTemplate, zone: ZoneInfo, scopes: frozenset[str]
) -> ImportFile:
    """A kept file with its template; raises ImportRefused."""
    return opened(table, template, run.digest, zone, scopes=scopes)
