"""Whether a lead needs a person, in which role, and its state after one was found or not (R5.1, R5.8)."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.core.assignment.assignment import Choice, queued
from engine.core.assignment.pool import into_pool
from engine.core.lead.model import LeadEvent, Stage
from engine.core.lead.people import People
from engine.core.lead.state import LeadState
from engine.core.qualification import stages
from rulesets.policy.policy import Cell

GIVEN = frozenset({"lead.assigned", "lead.dispatched"})
"""Events with which a person gives a lead to a named person."""

ROLE_OF_STAGE = {Stage.READY: "sdr", Stage.MQL: "sales"}
"""Stage in which a lead waits for a person → the role of that person."""

WITH_SALES = frozenset({Stage.MQL, Stage.SQL, Stage.OPPORTUNITY})


@dataclass(frozen=True, slots=True)
class Need:
    """A person to find: of this role, with this priority, by the policy ``named`` only if it is set.

    ``to``: a person named by hand; the policy that would have applied counts it as their turn (R5.8).
    """

    role: str
    named: str | None
    priority: int
    to: str | None = None


def need_of(
    before: LeadState, after: LeadState, event: LeadEvent, cell: Cell, people: People, *, taken_away: bool
) -> Need | None:
    """The need after the event; None if no person is needed. A lead in the queue or the pool stays there."""
    if event.type in GIVEN:
        return _named(after, event, cell, people)
    role = _role_to_find(after, taken_away=taken_away)
    if role is None or after.owner is not None or after.pool_since is not None or not stages.assigns(event):
        return None
    waits = after.queued is not None and after.queued.role == role and before.stage == after.stage
    if waits and event.type != "queue.assigned":
        return None
    # A reassignment uses the policy that chose the former owner (R6.5), any other need the policy of the cell.
    return Need(role, after.assigned_by if taken_away else cell.assignment, cell.priority)


def placed(state: LeadState, choice: Choice, need: Need | None, now: datetime) -> LeadState:
    """The lead with the chosen person, or in the queue, or in the public pool."""
    state = replace(state, conflict=choice.conflict)
    if choice.person is None:
        if choice.otherwise == "pool":
            return into_pool(state, now, choice.policy or "nobody")
        # 3 is the default priority of a cell.
        return replace(state, owner=None, queued=queued(choice, state, now, need.priority if need else 3))
    owned = replace(state, owner=choice.person, queued=None, pool_since=None, pool_reason=None)
    owned = replace(owned, assigned_by=choice.policy, outside_rotation=not choice.was_a_turn)
    return replace(owned, sdr=choice.person) if choice.role == "sdr" else replace(owned, rep=choice.person)


def in_hands_of(state: LeadState, person: str) -> LeadState:
    """The lead with this person as its SDR or its rep, depending on the stage."""
    return replace(state, rep=person) if state.stage in WITH_SALES else replace(state, sdr=person)


def _named(state: LeadState, event: LeadEvent, cell: Cell, people: People) -> Need | None:
    """The need of a person named by hand: in their own role if it takes leads, else in the role of the stage."""
    to = stages.named(event)
    if to is None or not stages.assigns(event):
        return None
    role = people.roles.get(to)
    if role not in {"sdr", "sales"}:
        role = "sales" if state.stage in WITH_SALES else "sdr"
    return Need(role, state.assigned_by if event.type == "lead.dispatched" else cell.assignment, cell.priority, to)


def _role_to_find(state: LeadState, *, taken_away: bool) -> str | None:
    """The role by stage. An accepted lead or an opportunity that lost its owner stays with sales."""
    role = ROLE_OF_STAGE.get(state.stage) if state.stage else None
    if role is None and state.stage in WITH_SALES and (taken_away or state.queued is not None):
        return "sales"
    return role
