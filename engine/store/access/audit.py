"""The audit log: every write by anyone, in the transaction of the write. Rows are only added."""

from typing import Any

from sqlmodel import Session, col, desc, select

from engine.store.orm import unit_of_work
from engine.store.schema.admin_tables import AuditEntry


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Add an entry in the caller's transaction. Values must be JSON and must not contain secrets."""
    session.add(AuditEntry(actor=actor, action=action, subject=subject, before=before, after=after, reason=reason))


def recent_entries(limit: int = 100, subject: str | None = None) -> list[AuditEntry]:
    """The latest entries, newest first; of one subject if given."""
    query = select(AuditEntry).order_by(desc(col(AuditEntry.id))).limit(limit)
    if subject is not None:
        query = query.where(AuditEntry.subject == subject)
    with unit_of_work() as session:
        return list(session.exec(query))
