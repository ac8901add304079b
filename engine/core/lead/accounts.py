"""What a company's leads are together: the ``account.*`` values that conditions read (R1.3, R1.7)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.core.lead.view import LeadView
from rulesets.policy.vocabulary import ENGINE_EVENTS

ACTIVE = timedelta(days=30)
"""A lead with an event in so many last days is an active one."""
OWN_WORK = frozenset(ENGINE_EVENTS)
"""What Baton does by itself makes nobody active."""


def account_values(leads: Sequence[LeadView]) -> dict[str, Any]:
    """The values of an account with these leads, all seen at one moment; a lone lead is its own account."""
    since = leads[0].now - ACTIVE
    roles = {role for lead in leads if (role := lead.value("lead.buyer_role")) is not None}
    moments = [moment for lead in leads if (moment := last_activity(lead)) is not None]
    return {
        "account.leads": len(leads),
        "account.active_leads": sum(1 for moment in moments if moment > since),
        "account.roles": tuple(sorted(roles)) or None,
    }


def last_activity(lead: LeadView) -> datetime | None:
    """When something last happened to a lead that Baton did not do by itself; None: never."""
    items = reversed(lead.history.items)
    return next((item.occurred_at for item in items if item.type not in OWN_WORK), None)
