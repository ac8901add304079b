"""Files on their way in: kept while people look at them, and how far their rows were taken. May not read a row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import col, select

from engine.errors import NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.intake_tables import ImportRun
from rulesets.document.wording import says

LISTED = 20


def add_run(values: Mapping[str, Any]) -> int:
    """Keep a file; returns its number."""
    with unit_of_work() as session:
        row = ImportRun(**values)
        session.add(row)
        session.flush()
        return row.id or 0


def read_run(number: int, by: str) -> ImportRun:
    """A file of somebody's own. Raises NotFound."""
    with unit_of_work() as session:
        row = session.get(ImportRun, number)
        if row is None or row.made_by != by:
            raise NotFound(says("there is no such import"))
        return row


def list_runs(by: str) -> Sequence[ImportRun]:
    """Somebody's latest files, without what is in them."""
    with unit_of_work() as session:
        query = select(ImportRun).where(ImportRun.made_by == by).order_by(col(ImportRun.id).desc()).limit(LISTED)
        return list(session.exec(query.options(defer(ImportRun.content))))  # type: ignore[arg-type] # a column


def change_body(number: int, by: str, body: Mapping[str, Any]) -> None:
    """Another template for a file of which no row was taken yet. Raises NotFound."""
    with unit_of_work() as session:
        row = session.get(ImportRun, number, with_for_update=True)
        if row is None or row.made_by != by or row.began_at is not None:
            raise NotFound(says("there is no such import, or it has begun"))
        row.body = dict(body)
        session.add(row)


def advance_run(
    number: int,
    now: datetime,
    *,
    accepted: int,
    duplicates: int,
    rejected: Sequence[dict[str, Any]],
    done: int,
    content: str | None = None,
) -> None:
    """Count what became of more rows, ``done`` of them in all; one that was further already stays as it is.

    ``content`` is what is kept of the file from now on. Two pages may work on one file: events are taken once, and the
    rows of a list are counted once.
    """
    with unit_of_work() as session:
        row = session.get(ImportRun, number, with_for_update=True)
        if row is None or (row.done >= done and row.began_at is not None):
            return
        if row.began_at is None:
            row.began_at = now
            after = {"file": row.name, "rows": row.rows, "template": row.body.get("name", "")}
            audit.record(session, actor=row.made_by, action="import.began", subject=f"import/{number}", after=after)
        row.done, row.accepted, row.duplicates = done, row.accepted + accepted, row.duplicates + duplicates
        row.rejected = [*row.rejected, *rejected]
        row.ended_at = now if done >= row.rows else None
        row.content = row.content if content is None else content
        session.add(row)
