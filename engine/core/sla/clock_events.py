"""Tells whether a clock names an event in ``met_by``, ``cancelled_by`` or ``broken_by`` (R6.3, R6.4)."""

from collections.abc import Iterable

from engine.core.lead.model import LeadEvent
from engine.core.lead.view import LeadView
from engine.core.qualification import stages
from engine.core.sla.clocks import ClockEvent, Names
from rulesets.conditions.interpreter import holds
from rulesets.policy.policy import EventItem, EventMatch, Policy


def clock_event(event: LeadEvent, view: LeadView, policy: Policy, *, refused: bool) -> ClockEvent:
    """The event for running clocks; no clock reacts to an event whose move is refused."""
    names = event_names(event, view, policy, refused=refused)
    return ClockEvent(event, names, justified=_is_justified(event, policy))


def event_names(event: LeadEvent, view: LeadView, policy: Policy, *, refused: bool) -> Names:
    """A function: does a list of a clock contain the event? It compares key, condition and reason (§6)."""
    key = view.vocabulary.event_key(event.type)
    at_event = view.at_event(event.properties)

    def fits(item: EventItem) -> bool:
        if not isinstance(item, EventMatch):
            return item == key
        unjustified = not (item.unless_justified and _is_justified(event, policy))
        return item.event == key and _condition_holds(item, at_event) and unjustified

    def names(items: Iterable[EventItem]) -> bool:
        return not refused and any(fits(item) for item in items)

    return names


def _condition_holds(item: EventMatch, view: LeadView) -> bool:
    """Whether the item's condition holds. A clock of an older policy may read a field that no longer exists: false."""
    try:
        return item.when is None or holds(item.when, view)
    except KeyError:
        return False


def _is_justified(event: LeadEvent, policy: Policy) -> bool:
    """Whether the policy marks the reason that the event gives as justified."""
    rule = stages.WORK.get(event.type)
    reasons = getattr(policy.reasons, rule.reasons) if rule and rule.reasons else ()
    return any(reason.justified and reason.key == event.properties.get("reason") for reason in reasons)
