"""The assignments of one batch: lock the rotations, assign people one lead at a time, store the turns (R5.5).

A batch creates its round when the first lead needs a person. It keeps the round to its end, because the locks are held
until the commit. A simulation keeps one round in memory for its whole run. `engine.core.assignment.assignment` chooses
the person and gives the reasons.
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
"""Lead → owners of the other open leads of its company, the most recently assigned first."""


def _no_owners(_track: LeadInBatch) -> Sequence[str]:
    return ()


class AssignmentRound:
    """The rotations of all assignment policies and the roster (``members``). Changes stay in memory until `save`."""

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
        """Load the stored rotations and lock them in key order."""
        pointers = rotation.lock_rotations(driver, [policy.key for policy in at.rules.policy.assignment])
        return cls(at, pointers, rotation.read_members(driver, at.rules.policy, at.now), owners)

    def choose(self, step: EventInBatch, need: Need) -> Choice:
        """Choose a person for a lead, or nobody. Changes no pointer."""
        view, state = step.situation.view, step.outcome.after
        values = _folded_values(view)
        outbound = "outbound" in values("lead.direction")
        # Finding a company's owners can cost a query; only sticky policies and outbound leads use them.
        owners = self._owners(step.track) if self._sticky or outbound else ()
        lead = LeadToAssign(values, state, action_holds(step.outcome, state, view, self._context), owners, outbound)
        policies, now = self._context.policy.assignment, self._at.now
        return assign(policies, need.role, lead, self.members, self._pointers, now, named=need.named, to=need.to)

    def take(self, step: EventInBatch, choice: Choice) -> None:
        """Record a choice: later choices of this batch see it, and `save` writes it."""
        # Policies that were tried first and found nobody have moved pointers too.
        for one in (choice, *choice.tried):
            if one.policy is not None:
                self._move(one.policy, one.moved)
        lead = step.track.lead.id
        # A lead can be decided twice in one batch; only its last choice says what it waits for.
        self._waiting.pop(lead, None)
        if choice.person is not None:
            self.members = [_served(member) if member.email == choice.person else member for member in self.members]
            self._given.append([step.event.seq, lead, choice.role, choice.person, choice.policy, self._at.now])
        elif choice.otherwise == "queue":
            self._waiting[lead] = (step, choice)

    def suspend(self, person: str) -> None:
        """Stop assigning leads to a person: a suspension began in this batch (R6.6)."""
        self.members = [replace(one, suspended=True) if one.email == person else one for one in self.members]

    def compensate(self, policy: str, person: str) -> None:
        """Give back the turn that a lead cost a person (R4.7). Does nothing if the policy no longer exists."""
        rule = next((one for one in self._context.policy.assignment if one.key == policy), None)
        if rule is not None:
            self._move(policy, compensated(rule, person, self.members, self._pointers[policy]))

    def save(self, driver: Driver) -> None:
        """Write assignments, moved pointers, and the people that queued leads wait for. The locks are still held."""
        rotation.save_pointers(driver, self._moved)
        rotation.save_assignments(driver, self._given)
        queue.save_waiting(
            driver,
            [
                # A later decision on the lead makes this choice stale: no moment, so the lead is retried.
                (lead, choice.waits_for, self._at.now if step.track.outcome is step.outcome else None)
                for lead, (step, choice) in self._waiting.items()
            ],
        )

    def _move(self, policy: str, moved: Pointers) -> None:
        self._pointers[policy].update(moved)
        self._moved.setdefault(policy, {}).update(moved)


def _folded_values(view: LeadView) -> Callable[[str], frozenset[str]]:
    """A function from a field to the lead's folded values, for comparison with people's lists (R5.3)."""

    def values(field: str) -> frozenset[str]:
        value = view.value(field)
        several = value if isinstance(value, frozenset | tuple | list) else () if value is None else (value,)
        return frozenset(fold(str(one)) for one in several)

    return values


def _served(member: Member) -> Member:
    """The same person with one more lead, for the next choice of this batch."""
    received = {span: member.received.get(span, 0) + 1 for span in SPANS}
    return replace(member, open_leads=member.open_leads + 1, received=received)
