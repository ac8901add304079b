"""What somebody could do with a lead as it stands: the rules of decisions, asked before anything is said (R4.5, R7.3).

Pure. An offer is of the moment: when the work is decided the same rules are asked again, and they have the last word.
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
    """Why somebody may not do this at this moment, though they gave a good reason; None when they may."""
    said = {"reason": _good_reason(event_type, policy), "to": to}
    event = LeadEvent("", "", event_type, at, properties=said, actor=actor)
    moved = move(state, event, policy, people)
    return moved if isinstance(moved, Refusal) else None


def receivers(
    event_type: str, state: LeadState, actor: str, at: datetime, policy: Policy, people: People
) -> tuple[str, ...]:
    """To whom somebody may give the lead by this event, by e-mail."""
    there = sorted(people.active)
    return tuple(to for to in there if refusal_of(event_type, state, actor, at, policy, people, to=to) is None)


def _good_reason(event_type: str, policy: Policy) -> str:
    """A reason the policy takes for this work; any text where it lists none."""
    listed = WORK[event_type].reasons
    reasons = getattr(policy.reasons, listed) if listed else ()
    return reasons[0].key if reasons else "any"
