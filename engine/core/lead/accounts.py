"""The ``account.*`` values of conditions, computed from all leads of a company (R1.3, R1.7)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.core.lead.view import LeadView
from rulesets.policy.vocabulary import ENGINE_EVENTS

ACTIVE = timedelta(days=30)
"""A lead is active if it had an event in this time before now."""
OWN_WORK = frozenset(ENGINE_EVENTS)
"""The engine's own events do not make a lead active."""


def account_values(leads: Sequence[LeadView]) -> dict[str, Any]:
    """The values of an account with these leads, all at one moment; a lead without company is its own account."""
    since = leads[0].now - ACTIVE
    roles = {role for lead in leads if (role := lead.value("lead.buyer_role")) is not None}
    moments = [moment for lead in leads if (moment := last_activity(lead)) is not None]
    return {
        "account.leads": len(leads),
        "account.active_leads": sum(1 for moment in moments if moment > since),
        "account.roles": tuple(sorted(roles)) or None,
    }


def last_activity(lead: LeadView) -> datetime | None:
    """The moment of the last event that is not the engine's own; None if there is none."""
    items = reversed(lead.history.items)
    return next((item.occurred_at for item in items if item.type not in OWN_WORK), None)
