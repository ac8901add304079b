"""Who may do what in the admin: one table of roles, read by every page and by the tests (docs/contract/design.md §6).

Every view checks `may(...)` on the server. Hiding a button is for comfort and protects nothing.
"""

from collections.abc import Iterable
from enum import StrEnum

from flask import has_request_context
from flask_security import current_user


class May(StrEnum):
    """One permission."""

    ENTER = "enter"
    SEE_ALL_LEADS = "see_all_leads"
    SEE_OWN_LEADS = "see_own_leads"
    WORK_ANY_LEAD = "work_any_lead"
    WORK_OWN_LEADS = "work_own_leads"
    ERASE_LEADS = "erase_leads"
    SEE_EVENTS = "see_events"
    RUN_AGAIN = "run_again"
    SEE_ROSTER = "see_roster"
    EDIT_ROSTER = "edit_roster"
    SEE_POLICY = "see_policy"
    EDIT_SCORING = "edit_scoring"
    EDIT_QUALIFICATION = "edit_qualification"
    EDIT_SDR_ASSIGNMENT = "edit_sdr_assignment"
    EDIT_SALES_ASSIGNMENT = "edit_sales_assignment"
    EDIT_CLOCKS = "edit_clocks"
    EDIT_DOCUMENT = "edit_document"
    PUBLISH = "publish"
    SIGN_MARKETING = "sign_marketing"
    SIGN_SALES = "sign_sales"
    BYPASS_SIGNOFF = "bypass_signoff"
    SEE_AUDIT = "see_audit"
    EDIT_KEYS = "edit_keys"
    IMPORT_LEADS = "import_leads"
    EDIT_USERS = "edit_users"


READ = frozenset({May.ENTER, May.SEE_ALL_LEADS, May.SEE_EVENTS, May.SEE_ROSTER, May.SEE_POLICY})
OVERSEE = READ | {
    May.SEE_AUDIT, May.WORK_ANY_LEAD, May.RUN_AGAIN, May.EDIT_DOCUMENT, May.PUBLISH, May.IMPORT_LEADS,
}  # fmt: skip
MANAGE = OVERSEE | {May.EDIT_CLOCKS, May.EDIT_ROSTER, May.ERASE_LEADS}
OWN = frozenset({May.ENTER, May.SEE_OWN_LEADS, May.WORK_OWN_LEADS})

PERMISSIONS: dict[str, frozenset[May]] = {
    "admin": frozenset(May) - {May.SIGN_MARKETING, May.SIGN_SALES},
    "marketing": (OVERSEE | {May.EDIT_SCORING, May.SIGN_MARKETING}) - {May.WORK_ANY_LEAD},
    "sdr_manager": MANAGE | {May.EDIT_QUALIFICATION, May.EDIT_SDR_ASSIGNMENT},
    "sales_manager": MANAGE | {May.EDIT_SALES_ASSIGNMENT, May.SIGN_SALES},
    "sdr": OWN,
    "sales": OWN,
    "viewer": READ,
}
"""Role (`engine.store.access.accounts.ROLES`) → permissions. The two sides sign; administrators may bypass that."""


def granted(roles: Iterable[str]) -> frozenset[May]:
    """All permissions of these roles."""
    return frozenset().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))


def may(permission: May) -> bool:
    """Whether the person of this request has the permission. Anonymous visitors have none."""
    return permission in all_granted()


def all_granted() -> frozenset[May]:
    """All permissions of the person of this request."""
    if not has_request_context() or not current_user.is_authenticated:
        return frozenset()
    return granted(role.name for role in current_user.roles)


def actor() -> str:
    """The e-mail of the person of this request. Call it for signed-in requests only."""
    return str(current_user.email)
