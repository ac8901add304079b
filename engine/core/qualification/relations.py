"""How somebody stands to a lead: what the table of work asks before it lets them act, and doors before they show it.

Pure. `engine.core.qualification.stages.WORK` says in each row which relations may do the work. Choices made where the
contract is silent:

* who had a lead last stands in for the owner while nobody owns it;
* managers come before everything but ownership: their rights are the wider ones;
* colleagues have the owner's role or team; nobody's lead has none, but people whose role claims leads of its stage.
"""

from enum import StrEnum

from engine.core.assignment.pool import ROLE_OF_CLAIM
from engine.core.lead.model import Stage
from engine.core.lead.people import People
from engine.core.lead.state import LeadState


class Relation(StrEnum):
    """One way to stand to a lead."""

    OWNER = "owner"
    LAST = "last"
    """Its SDR or rep, while nobody owns it."""
    IN_HAND = "in_hand"
    """Its SDR or rep, while another owns it."""
    SUPERIOR = "superior"
    """The owner's manager, or the head of their team."""
    MANAGER = "manager"
    """Anybody else who manages people."""
    COLLEAGUE = "colleague"
    CLAIMANT = "claimant"
    """Nobody owns it, and people of this role claim leads of its stage (R7.3)."""
    STRANGER = "stranger"
    """Somebody of another role and team, or not in the roster."""
    SYSTEM = "system"
    """No person: a trusted system speaks for the owner."""


PERSONS = frozenset(Relation) - {Relation.SYSTEM}
OWNERS = frozenset({Relation.OWNER, Relation.SUPERIOR, Relation.MANAGER, Relation.SYSTEM})
"""The owner, and whoever may act for them."""
OWNERS_OR_LAST = OWNERS | {Relation.LAST}
HANDS = OWNERS_OR_LAST | {Relation.IN_HAND, Relation.CLAIMANT}
"""Everybody who has or had the lead in hand, too, and of nobody's leads those for whom they are."""
OWN = frozenset({Relation.OWNER, Relation.LAST, Relation.IN_HAND})
"""Leads of one's own: what people without oversight may see."""


def relation_of(state: LeadState, actor: str | None, people: People) -> Relation:
    """How somebody stands to the lead; ``actor`` is an e-mail, None for a system without a person."""
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
