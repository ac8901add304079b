"""Sources of vendor webhooks: kept here with their sealed secrets, every change in the audit log without them."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from engine.errors import BatonError, NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.intake_tables import HookSource
from rulesets.document.wording import says

VALID_SECRETS = 2
"""The newest secret and the one before it, so that vendors can change over."""


class HookRefused(BatonError):
    """A source that cannot be kept so; the message says why."""


def add_source(key: str, definition: dict[str, Any], secrets: list[str], now: datetime, by: str) -> None:
    """Make a source with sealed secrets, the newest first. Raises HookRefused for a key that is taken."""
    with unit_of_work() as session:
        if _find(session, key) is not None:
            raise HookRefused(says("there is a source %(key)s already: change it, or take another key", key=key))
        session.add(
            HookSource(
                key=key, label=str(definition.get("label", key)), definition=definition,
                secrets=secrets[:VALID_SECRETS], created_at=now, created_by=by,
            )
        )  # fmt: skip
        audit.record(session, actor=by, action="hook.added", subject=f"hook/{key}", after=definition)


def change_source(key: str, definition: dict[str, Any], *, active: bool, by: str) -> None:
    """Change what a source is, or pause it; its secrets stay. Raises NotFound."""
    with unit_of_work() as session:
        row = _locked(session, key)
        before = {**row.definition, "active": row.active}
        row.definition, row.label, row.active = definition, str(definition.get("label", key)), active
        session.add(row)
        after = {**definition, "active": active}
        audit.record(session, actor=by, action="hook.changed", subject=f"hook/{key}", before=before, after=after)


def renew_secret(key: str, secret: str, *, keep_old: bool, by: str) -> None:
    """Put a new sealed secret first; the one before stays valid if wanted. Raises NotFound."""
    with unit_of_work() as session:
        row = _locked(session, key)
        row.secrets = [secret, *row.secrets[: (VALID_SECRETS - 1) * keep_old]]
        session.add(row)
        after = {"valid": len(row.secrets)}
        audit.record(session, actor=by, action="hook.secret_replaced", subject=f"hook/{key}", after=after)


def drop_old_secret(key: str, by: str) -> None:
    """Leave only the newest secret valid. Raises NotFound."""
    with unit_of_work() as session:
        row = _locked(session, key)
        row.secrets = row.secrets[:1]
        session.add(row)
        audit.record(session, actor=by, action="hook.old_secret_dropped", subject=f"hook/{key}")


def remove_source(key: str, by: str) -> None:
    """Take nothing from a source any more; its events and its quarantine stay. Raises NotFound."""
    with unit_of_work() as session:
        row = _locked(session, key)
        audit.record(session, actor=by, action="hook.removed", subject=f"hook/{key}", before=row.definition)
        session.delete(row)


def find_source(key: str) -> HookSource | None:
    """The source of a key, if there is one."""
    with unit_of_work() as session:
        return _find(session, key)


def list_sources() -> list[HookSource]:
    """All of them, by key."""
    with unit_of_work() as session:
        return list(session.exec(select(HookSource).order_by(col(HookSource.key))))


def _find(session: Session, key: str) -> HookSource | None:
    return session.exec(select(HookSource).where(HookSource.key == key)).one_or_none()


def _locked(session: Session, key: str) -> HookSource:
    row = session.exec(select(HookSource).where(HookSource.key == key).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(says("there is no source %(key)s", key=key))
    return row
