"""Bodies of vendor webhooks that could not be taken: held once each, replayed or deleted by people."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from engine.errors import NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.intake_tables import QuarantinedHook
from rulesets.document.wording import says

MAX_KEPT = 256 * 1024
"""Bytes of a body that are kept."""
MAX_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """A body to hold, and why: ``reason`` is a code, ``message`` a sentence."""

    source: str
    reason: str
    message: str
    body: bytes
    headers: Mapping[str, str]


def keep_body(held: Held, now: datetime) -> None:
    """Keep a body; one that is there already counts once more and keeps its first moment."""
    values = {
        "source": held.source,
        "digest": hashlib.sha256(held.body + repr(sorted(held.headers.items())).encode()).hexdigest(),
        "reason": held.reason,
        "message": _storable(held.message),
        "body": held.body[:MAX_KEPT],
        "size": len(held.body),
        "headers": {name: _storable(value) for name, value in held.headers.items()},
        "received_at": now,
    }
    rule = insert(QuarantinedHook).values(**values)
    with unit_of_work() as session:
        session.connection().execute(
            rule.on_conflict_do_update(
                constraint="hook_quarantine_once",
                set_={
                    "times": QuarantinedHook.times + 1,
                    "reason": rule.excluded.reason,
                    "message": rule.excluded.message,
                },
            )
        )


def _storable(text: str) -> str:
    """Text of strangers as the database can hold it."""
    return text.encode("utf-8", "replace").decode()[:MAX_MESSAGE].replace("\x00", "\ufffd")


def read_quarantined(number: int) -> QuarantinedHook:
    """One row; raises NotFound."""
    with unit_of_work() as session:
        row = session.get(QuarantinedHook, number)
        if row is None:
            raise NotFound(says("this body is in quarantine no more"))
        return row


def note_reason(number: int, reason: str, message: str) -> None:
    """Write why a replay failed; nothing happens when the row is gone."""
    with unit_of_work() as session:
        row = session.get(QuarantinedHook, number, with_for_update=True)
        if row is not None:
            row.reason, row.message = reason, _storable(message)
            session.add(row)


def release(number: int, action: str, by: str) -> None:
    """Take a row out, because it was replayed or is not wanted; raises NotFound when somebody was faster."""
    with unit_of_work() as session:
        row = session.get(QuarantinedHook, number, with_for_update=True)
        if row is None:
            raise NotFound(says("this body is in quarantine no more"))
        before = {"reason": row.reason, "received_at": row.received_at.isoformat()}
        audit.record(session, actor=by, action=action, subject=f"hook/{row.source}", before=before)
        session.delete(row)


def count_quarantined() -> int:
    """How many bodies wait."""
    with unit_of_work() as session:
        return session.exec(select(func.count(col(QuarantinedHook.id)))).one()


def list_quarantined(source: str | None = None, limit: int = 200) -> list[QuarantinedHook]:
    """The latest bodies, newest first; of one source if it is given."""
    query = select(QuarantinedHook).order_by(col(QuarantinedHook.id).desc()).limit(limit)
    with unit_of_work() as session:
        return list(session.exec(query if source is None else query.where(QuarantinedHook.source == source)))
