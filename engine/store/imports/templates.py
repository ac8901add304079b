"""Templates of imports by name, as documents. May not judge a document: whoever saves one has read it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from engine.errors import NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.intake_tables import ImportTemplateRow
from rulesets.document.wording import says


def save_template(name: str, body: Mapping[str, Any], by: str, now: datetime) -> None:
    """Keep a template under a name, in place of the one there."""
    with unit_of_work() as session:
        row = session.get(ImportTemplateRow, name, with_for_update=True)
        before = dict(row.body) if row else None
        if before == body:
            return
        row = row or ImportTemplateRow(name=name, body={}, changed_by=by, changed_at=now)
        row.body, row.changed_by, row.changed_at = dict(body), by, now
        session.add(row)
        audit.record(session, actor=by, action="import_template.saved", subject=name, before=before, after=dict(body))


def read_template_body(name: str) -> Mapping[str, Any]:
    """A template as a document. Raises NotFound."""
    with unit_of_work() as session:
        row = session.get(ImportTemplateRow, name)
        if row is None:
            raise NotFound(says("there is no template %(name)s", name=name))
        return row.body


def template_names() -> Sequence[str]:
    """Names of all templates."""
    with unit_of_work() as session:
        return list(session.exec(select(ImportTemplateRow.name).order_by(col(ImportTemplateRow.name))))


def remove_template(name: str, by: str) -> None:
    """Forget a template. Raises NotFound."""
    with unit_of_work() as session:
        row = session.get(ImportTemplateRow, name, with_for_update=True)
        if row is None:
            raise NotFound(says("there is no template %(name)s", name=name))
        session.delete(row)
        audit.record(session, actor=by, action="import_template.removed", subject=name, before=dict(row.body))
