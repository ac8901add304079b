"""Monthly eligibility lists in the roster: saved, and requested when next month's is missing (R5.9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.core.notify.effects import Notice
from engine.store.outbox.notices import save_notices
from engine.store.roster.effects import policy_zone
from engine.store.roster.roster import RosterRefused, export_roster, import_roster, roster_tag, told_of
from engine.store.session import raw, transaction
from rulesets.roster.eligibility import Listed, Named, missing_lists, with_list


def preview_list(role: str, month: str, names: Sequence[Named]) -> Listed:
    """The changes that a list would make. Raises `RosterRefused` with every finding."""
    return _listed(export_roster(), role, month, names)


def save_list(role: str, month: str, names: Sequence[Named], by: str, now: datetime | None = None) -> Listed:
    """Make exactly these people of the role eligible in a month.

    Raises `RosterRefused` with every finding, `RosterConflict` if the roster is edited at the same moment.
    """
    roster = export_roster()
    listed = _listed(roster, role, month, names)
    import_roster(listed.document, by=by, expected=roster_tag(roster), now=now)
    return listed


def warn_of_missing_lists(now: datetime) -> int:
    """Notify all managers, once a day, of missing lists for next month. Returns how many are missing."""
    roster = export_roster()
    with transaction() as connection:
        driver = raw(connection)
        today = now.astimezone(policy_zone(driver)).date()
        missing = missing_lists(roster, today)
        notices = [
            Notice("eligibility_missing", "manager", None, f"{role}:{month}:{today}", {"role": role, "month": month})
            for role, month in missing
        ]
        save_notices(driver, [(notice, None, None, now) for notice in notices])
    return len(missing)


def _listed(roster: Mapping[str, Any], role: str, month: str, names: Sequence[Named]) -> Listed:
    listed = with_list(roster, role, month, names)
    if listed.findings:
        raise RosterRefused(told_of(listed.findings), listed.findings)
    return listed
