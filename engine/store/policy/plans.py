"""Planned publications: the document that was signed, its moment, and its state.

A plan's document never changes, only its moment, its base and its state. `engine.policy.activation` decides when they
change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from engine.errors import NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.draft_tables import PolicyPlan

OPEN = ("scheduled", "suspended")
"""States of plans that are not finished."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One planned publication. ``base`` is the version in force when it was planned, ``note`` the reason of a
    suspension.
    """

    id: int
    digest: str
    document: dict[str, Any]
    at: datetime
    zone: str
    base: int | None
    by: str
    reason: str
    signoff: str
    signatures: Sequence[Mapping[str, Any]]
    authors: Sequence[str]
    bypass: bool
    act_on_existing: str
    state: str
    note: str | None
    number: int | None


def add_plan(values: Mapping[str, Any], now: datetime) -> int:
    """Store a plan and return its id."""
    with unit_of_work() as session:
        row = PolicyPlan(**values, planned_at=now)
        session.add(row)
        session.flush()
        after = {"digest": row.digest, "at": row.at.isoformat(), "base": row.base}
        _told(session, row, row.by, "policy.scheduled", after=after, reason=row.reason)
        return row.id or 0


def open_plans() -> tuple[Plan, ...]:
    """Plans that are scheduled or suspended, in the order of their moments."""
    with unit_of_work() as session:
        query = (
            select(PolicyPlan).where(col(PolicyPlan.state).in_(OPEN)).order_by(col(PolicyPlan.at), col(PolicyPlan.id))
        )
        return tuple(_plan(row) for row in session.exec(query))


def due_plans(now: datetime) -> tuple[Plan, ...]:
    """Scheduled plans whose moment has come, in order."""
    return tuple(plan for plan in open_plans() if plan.state == "scheduled" and plan.at <= now)


def read_plan(number: int) -> Plan:
    """One plan by its id. Raises `NotFound`."""
    with unit_of_work() as session:
        return _plan(_row(session, number))


def settle(
    plan: Plan, state: str, by: str, *, note: str | None = None, number: int | None = None, reason: str | None = None
) -> bool:
    """Set the state of a plan, unless it changed since it was read. Returns whether it was set."""
    with unit_of_work() as session:
        row = _row(session, plan.id)
        if (row.state, row.at) != (plan.state, plan.at):
            return False
        row.state, row.note, row.number = state, note, number
        session.add(row)
        after = {"digest": row.digest, "note": note, "number": number}
        _told(session, row, by, f"policy.plan_{state}", after=after, reason=reason)
        return True


def move_plan(plan: Plan, at: datetime, zone: str, base: int | None, by: str) -> bool:
    """Schedule a plan for a moment. Returns False if it changed since it was read."""
    with unit_of_work() as session:
        row = _row(session, plan.id)
        if (row.state, row.at) != (plan.state, plan.at):
            return False
        before = {"at": row.at.isoformat(), "state": row.state, "base": row.base}
        row.at, row.zone, row.base, row.state, row.note = at, zone, base, "scheduled", None
        session.add(row)
        _told(session, row, by, "policy.plan_moved", before=before, after={"at": at.isoformat(), "base": base})
        return True


def _row(session: Session, number: int) -> PolicyPlan:
    # The column is a 32-bit integer; a larger number would be an error of the database, not "not found".
    row = session.get(PolicyPlan, number, with_for_update=True) if 0 < number < 2**31 else None
    if row is None:
        raise NotFound(f"there is no planned publication {number}")
    return row


def _plan(row: PolicyPlan) -> Plan:
    return Plan(**{name: getattr(row, name) for name in Plan.__slots__})


def _told(session: Session, row: PolicyPlan, by: str, action: str, **what: Any) -> None:
    audit.record(session, actor=by, action=action, subject=f"policy_plan/{row.id}", **what)
