"""Which leads a person may read: all, or their own and the public pool. Used by pages and API.

Managers of the roster, and people whose role sees all leads, read everything. Others read leads that they own or owned.
A key without a person reads what its scopes allow. May not build an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin.permissions import May, granted
from engine.store.access.accounts import find_account
from engine.store.decisions.people import is_manager


@dataclass(frozen=True, slots=True)
class ReadAccess:
    """``person`` reads only their own leads; None: all leads."""

    person: str | None = None

    def sees(self, lead: Mapping[str, Any]) -> bool:
        """Whether a lead with this ``owner``, ``sdr`` and ``rep`` may be shown in full."""
        return self.person is None or self.person in {lead["owner"], lead["sdr"], lead["rep"]}


EVERYTHING = ReadAccess()


def reach_of(person: str | None) -> ReadAccess:
    """What the person of a key may read; None: the key has no person."""
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
