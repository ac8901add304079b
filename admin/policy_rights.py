"""Who may change which part of the policy: one table for rows, documents and versions (docs/contract/design.md §6)."""

from collections.abc import Iterable
from typing import Any

from admin.permissions import May
from rulesets.policy.diff import PolicyChange, RowStep

SCORING, QUALIFICATION, CLOCKS = May.EDIT_SCORING, May.EDIT_QUALIFICATION, May.EDIT_CLOCKS
SDR, SALES = May.EDIT_SDR_ASSIGNMENT, May.EDIT_SALES_ASSIGNMENT
ANY = frozenset({SCORING, QUALIFICATION, CLOCKS, SDR, SALES})
PARTS: dict[str, frozenset[May]] = {
    "models": frozenset({SCORING}),
    "fields": frozenset({SCORING}),
    "events": frozenset({SCORING}),
    "segments": ANY,
    "qualification": frozenset({QUALIFICATION}),
    "reasons": frozenset({QUALIFICATION, SALES}),
    "feedback": frozenset({QUALIFICATION}),
    "sla": frozenset({CLOCKS}),
    "strikes": frozenset({CLOCKS}),
    "pool": frozenset({QUALIFICATION}),
    "calendar": frozenset({CLOCKS}),
    "assignment": frozenset({SDR, SALES}),
    "name": ANY,
    "timezone": ANY,
    "tests": ANY,
    "acknowledged": ANY,
}
"""Part of the document → permissions. One of them is enough to change the part."""


def of_role(role: str) -> frozenset[May]:
    """The permissions that may change an assignment policy of this role."""
    return frozenset({SDR}) if role == "sdr" else frozenset({SALES})


def needed(change: PolicyChange, old: dict[str, Any], new: dict[str, Any]) -> list[frozenset[May]]:
    """The permissions that a change needs: one of each set. A change of `role` needs both sides."""
    part = str(change.steps[0])
    if part != "assignment" or len(change.steps) < 2 or not isinstance(change.steps[1], RowStep):
        return [PARTS.get(part, ANY)]
    rows = [
        row for document in (old, new) for row in document.get("assignment", ()) if row["key"] == change.steps[1].key
    ]
    return [of_role(row["role"]) for row in rows]


def forbidden(
    changes: Iterable[PolicyChange], old: dict[str, Any], new: dict[str, Any], granted: frozenset[May]
) -> list[PolicyChange]:
    """The changes that these permissions do not allow."""
    return [change for change in changes if not all(any_of & granted for any_of in needed(change, old, new))]
