"""The work that a person may do on a lead now: the same rules as in decisions, evaluated in advance (R4.5, R7.3).

Pure. The result is valid only now: the decision evaluates the rules again, and its result counts.
"""

from datetime import datetime

from engine.core.lead.model import LeadEvent
from engine.core.lead.people import People
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState
from engine.core.qualification.stages import WORK, move
from rulesets.policy.policy import Policy


def refusal_of(
    event_type: str, state: LeadState, actor: str, at: datetime, policy: Policy, people: People, *, to: str = ""
) -> Refusal | None:
    """Why a person may not do this work now, even with a valid reason; None if they may."""
    said = {"reason": _good_reason(event_type, policy), "to": to}
    event = LeadEvent("", "", event_type, at, properties=said, actor=actor)
    moved = move(state, event, policy, people)
    return moved if isinstance(moved, Refusal) else None


def receivers(
    event_type: str, state: LeadState, actor: str, at: datetime, policy: Policy, people: People
) -> tuple[str, ...]:
    """The e-mails of the people to whom a person may give the lead with this event."""
    there = sorted(people.active)
    return tuple(to for to in there if refusal_of(event_type, state, actor, at, policy, people, to=to) is None)


def _good_reason(event_type: str, policy: Policy) -> str:
    """A reason that the policy accepts for this work; any text if it lists none."""
    listed = WORK[event_type].reasons
    reasons = getattr(policy.reasons, listed) if listed else ()
    return reasons[0].key if reasons else "any"
