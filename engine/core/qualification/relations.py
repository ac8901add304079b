"""The relation of a person to a lead; it decides which work they may do and which leads they may see.

Pure. Each row of `engine.core.qualification.stages.WORK` lists the relations that may do the work. Choices where the
contract says nothing:

* the lead's SDR and rep may act for the owner while it has none;
* a manager who is not the owner has the relation of a manager, even if they are also the lead's SDR, because managers
  have more rights;
* colleagues have the owner's role or team. A lead without owner has no colleagues, but claimants: people whose role
  claims leads of its stage.
"""

from enum import StrEnum

from engine.core.assignment.pool import ROLE_OF_CLAIM
from engine.core.lead.model import Stage
from engine.core.lead.people import People
from engine.core.lead.state import LeadState


class Relation(StrEnum):
    """One relation of a person to a lead."""

    OWNER = "owner"
    LAST = "last"
    """The lead's SDR or rep, while it has no owner."""
    IN_HAND = "in_hand"
    """The lead's SDR or rep, while somebody else owns it."""
    SUPERIOR = "superior"
    """The owner's manager, or the head of their team."""
    MANAGER = "manager"
    """Any other manager."""
    COLLEAGUE = "colleague"
    CLAIMANT = "claimant"
    """The lead has no owner, and the person's role claims leads of its stage (R7.3)."""
    STRANGER = "stranger"
    """A person of another role and team, or not in the roster."""
    SYSTEM = "system"
    """No person: a trusted system acts for the owner."""


PERSONS = frozenset(Relation) - {Relation.SYSTEM}
OWNERS = frozenset({Relation.OWNER, Relation.SUPERIOR, Relation.MANAGER, Relation.SYSTEM})
"""The owner, and those who may act for them."""
OWNERS_OR_LAST = OWNERS | {Relation.LAST}
HANDS = OWNERS_OR_LAST | {Relation.IN_HAND, Relation.CLAIMANT}
"""Also the lead's SDR and rep, and the claimants of leads without owner."""
OWN = frozenset({Relation.OWNER, Relation.LAST, Relation.IN_HAND})
"""Relations to one's own leads: what people who are not managers may see."""


def relation_of(state: LeadState, actor: str | None, people: People) -> Relation:
    """The relation of ``actor`` to the lead; ``actor`` is an e-mail, or None for a system without a person."""
    if actor is None:
        return Relation.SYSTEM
    if actor == state.owner:
        return Relation.OWNER
    if actor in people.managers:
        return Relation.SUPERIOR if _is_above(actor, state.owner, people) else Relation.MANAGER
    if actor in {state.sdr, state.rep}:
        return Relation.IN_HAND if state.owner else Relation.LAST
    if state.owner is None:
        return Relation.CLAIMANT if _may_claim(actor, state, people) else Relation.STRANGER
    return Relation.COLLEAGUE if _are_colleagues(actor, state.owner, people) else Relation.STRANGER


def _is_above(actor: str, owner: str | None, people: People) -> bool:
    return owner is not None and actor in {people.superiors.get(owner), people.heads_of(owner)}


def _may_claim(actor: str, state: LeadState, people: People) -> bool:
    role = ROLE_OF_CLAIM.get(state.stage or Stage.RAW)
    return role is not None and people.roles.get(actor) == role


def _are_colleagues(actor: str, owner: str, people: People) -> bool:
    if actor not in people.roles:
        return False
    role, team = people.roles[actor], people.teams.get(actor)
    return role == people.roles.get(owner) or (team is not None and team == people.teams.get(owner))
