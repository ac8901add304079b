"""Who gets the leads of one batch: rotations locked, people served one after another, turns written down (R5.5).

Made at the first need of a batch and kept to its end, for the locks are held until the commit; a simulation keeps one
in memory for all of its time. Who is chosen and why is `engine.core.assignment.assignment`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from engine.batch.batch_state import BatchContext
from engine.batch.leads import EventInBatch, LeadInBatch
from engine.core.assignment.assignment import Choice, LeadToAssign, Member, assign
from engine.core.assignment.eligibility import SPANS
from engine.core.assignment.rotation import Pointer, Pointers
from engine.core.assignment.strategies import compensated
from engine.core.decide import action_holds
from engine.core.lead.view import LeadView
from engine.core.needs import Need
from engine.core.outcome import PolicyContext
from engine.store.decisions import rotation
from engine.store.due import queue
from engine.store.session import Driver
from rulesets.policy.vocabulary import fold

Owners = Callable[[LeadInBatch], Sequence[str]]
"""Who owns the other open leads of a lead's company, the most recently assigned first."""


def _no_owners(_track: LeadInBatch) -> Sequence[str]:
    return ()


class AssignmentRound:
    """The rotations of every assignment policy and the roster as it stands (``members``); what moves is remembered."""

    def __init__(
        self,
        at: BatchContext,
        pointers: dict[str, dict[str, Pointer]],
        members: Sequence[Member],
        owners: Owners = _no_owners,
    ) -> None:
        self.members = list(members)
        self._at = at
        self._context: PolicyContext = at.policy_context
        self._pointers = pointers
        self._owners = owners
        self._sticky = any(policy.sticky for policy in self._context.policy.assignment)
        self._moved: dict[str, dict[str, Pointer]] = {}
        self._given: list[list[Any]] = []
        self._waiting: dict[int, tuple[EventInBatch, Choice]] = {}

    @classmethod
    def locked(cls, driver: Driver, at: BatchContext, owners: Owners = _no_owners) -> "AssignmentRound":
        """The rotations as stored, locked in the order of their keys."""
        pointers = rotation.lock_rotations(driver, [policy.key for policy in at.rules.policy.assignment])
        return cls(at, pointers, rotation.read_members(driver, at.rules.policy, at.now), owners)

    def choose(self, step: EventInBatch, need: Need) -> Choice:
        """The person for a lead, or nobody; moves nothing yet."""
        view, state = step.situation.view, step.outcome.after
        values = _folded_values(view)
        outbound = "outbound" in values("lead.direction")
        owners = self._owners(step.track) if self._sticky or outbound else ()
        lead = LeadToAssign(values, state, action_holds(step.outcome, state, view, self._context), owners, outbound)
        policies, now = self._context.policy.assignment, self._at.now
        return assign(policies, need.role, lead, self.members, self._pointers, now, named=need.named, to=need.to)

    def take(self, step: EventInBatch, choice: Choice) -> None:
        """Count a turn: for the next choice of this batch, and to be written."""
        for one in (choice, *choice.tried):
            if one.policy is not None:
                self._move(one.policy, one.moved)
        lead = step.track.lead.id
        self._waiting.pop(lead, None)
        if choice.person is not None:
            self.members = [_served(member) if member.email == choice.person else member for member in self.members]
            self._given.append([step.event.seq, lead, choice.role, choice.person, choice.policy, self._at.now])
        elif choice.otherwise == "queue":
            self._waiting[lead] = (step, choice)

    def suspend(self, person: str) -> None:
        """Somebody receives nothing from now on: a suspension began in this batch (R6.6)."""
        self.members = [replace(one, suspended=True) if one.email == person else one for one in self.members]

    def compensate(self, policy: str, person: str) -> None:
        """Give somebody back the turn that a lead had cost them; a policy that is no more has no turns (R4.7)."""
        rule = next((one for one in self._context.policy.assignment if one.key == policy), None)
        if rule is not None:
            self._move(policy, compensated(rule, person, self.members, self._pointers[policy]))

    def save(self, driver: Driver) -> None:
        """Write what was given, the pointers that moved and whom queued leads wait for, under the locks."""
        rotation.save_pointers(driver, self._moved)
        rotation.save_assignments(driver, self._given)
        queue.save_waiting(
            driver,
            [
                (lead, choice.waits_for, self._at.now if step.track.outcome is step.outcome else None)
                for lead, (step, choice) in self._waiting.items()
            ],
        )

    def _move(self, policy: str, moved: Pointers) -> None:
        self._pointers[policy].update(moved)
        self._moved.setdefault(policy, {}).update(moved)


def _folded_values(view: LeadView) -> Callable[[str], frozenset[str]]:
    """The lead's value of a field, folded, as the set that people's lists are compared with (R5.3)."""

    def values(field: str) -> frozenset[str]:
        value = view.value(field)
        several = value if isinstance(value, frozenset | tuple | list) else () if value is None else (value,)
        return frozenset(fold(str(one)) for one in several)

    return values


def _served(member: Member) -> Member:
    """A person with one lead more, for the next choice of the same batch."""
    received = {span: member.received.get(span, 0) + 1 for span in SPANS}
    return replace(member, open_leads=member.open_leads + 1, received=received)
