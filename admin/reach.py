"""How far somebody sees: every lead, or their own and the public pool. Pages and API ask the same question here.

Managers of the roster and people whose account sees all leads see everything; everybody else sees the leads they have
or had in hand. A key that is bound to nobody sees what its scopes say. May not answer anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin.permissions import May, granted
from engine.store.access.accounts import find_account
from engine.store.decisions.people import is_manager


@dataclass(frozen=True, slots=True)
class ReadAccess:
    """``person`` sees only leads of their own; None: no limit."""

    person: str | None = None

    def sees(self, lead: Mapping[str, Any]) -> bool:
        """Whether a lead with this ``owner``, ``sdr`` and ``rep`` may be shown with everything known of it."""
        return self.person is None or self.person in {lead["owner"], lead["sdr"], lead["rep"]}


EVERYTHING = ReadAccess()


def reach_of(person: str | None) -> ReadAccess:
    """How far the person of a key sees; None is a key of nobody."""
    if person is None or is_manager(person):
        return EVERYTHING
    account = find_account(email=person)
    roles = account.roles if account and account.active else ()
    return EVERYTHING if May.SEE_ALL_LEADS in granted(roles) else ReadAccess(person)


def may_erase(person: str | None) -> bool:
    """Whether a key of this person may erase people's data: one of nobody, of a manager, of an account that may."""
    if person is None or is_manager(person):
        return True
    account = find_account(email=person)
    return account is not None and account.active and May.ERASE_LEADS in granted(account.roles)
