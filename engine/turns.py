"""Who gets the leads of one batch: rotations locked, people served one after another, turns written down (R5.5).

Made at the first need of a batch and kept to its end, for the locks are held until the commit; a simulation keeps one
in memory for all of its time. Who is chosen and why is `engine.core.assignment`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from engine.core.assignment import Choice, Lead, Member, assign
from engine.core.decide import Book, Need, action_holds
from engine.core.rotation import Pointer
from engine.core.view import LeadView
from engine.store import rotation
from engine.store.session import Driver
from engine.tracks import Step
from engine.world import Moment
from rulesets.vocabulary import fold


class Turns:
    """The rotations of every assignment policy and the roster as it stands (``members``); what moves is remembered."""

    def __init__(self, at: Moment, pointers: dict[str, dict[str, Pointer]], members: Sequence[Member]) -> None:
        self.members = list(members)
        self._at = at
        self._book: Book = at.book
        self._pointers = pointers
        self._moved: dict[str, dict[str, Pointer]] = {}
        self._given: list[list[Any]] = []

    @classmethod
    def locked(cls, driver: Driver, at: Moment) -> "Turns":
        """The rotations as stored, locked in the order of their keys."""
        pointers = rotation.lock_rotations(driver, [policy.key for policy in at.rules.policy.assignment])
        return cls(at, pointers, rotation.read_members(driver, at.rules.policy, at.now))

    def choose(self, step: Step, need: Need) -> Choice:
        """The person for a lead, or nobody; moves nothing yet."""
        view, state = step.situation.view, step.outcome.after
        holds = action_holds(step.outcome, state, view, self._book)
        lead = Lead(_folded_values(view), state, holds)
        policies = self._book.policy.assignment
        return assign(policies, need.role, lead, self.members, self._pointers, self._at.now, named=need.named)

    def take(self, step: Step, choice: Choice) -> None:
        """Count a turn: for the next choice of this batch, and to be written."""
        for one in (choice, *choice.tried):
            if one.policy is not None:
                self._pointers[one.policy].update(one.moved)
                self._moved.setdefault(one.policy, {}).update(one.moved)
        if choice.person is not None:
            self.members = [_served(member) if member.email == choice.person else member for member in self.members]
            lead = step.track.lead.id
            self._given.append([step.event.seq, lead, choice.role, choice.person, choice.policy, self._at.now])

    def save(self, driver: Driver) -> None:
        """Write what was given and the pointers that moved, under the locks."""
        rotation.save_pointers(driver, self._moved)
        rotation.save_assignments(driver, self._given)


def _folded_values(view: LeadView) -> Callable[[str], frozenset[str]]:
    """The lead's value of a field, folded, as the set that people's lists are compared with (R5.3)."""

    def values(field: str) -> frozenset[str]:
        value = view.value(field)
        several = value if isinstance(value, frozenset | tuple | list) else () if value is None else (value,)
        return frozenset(fold(str(one)) for one in several)

    return values


def _served(member: Member) -> Member:
    """A person with one lead more, for the next choice of the same batch."""
    received = {span: member.received.get(span, 0) + 1 for span in ("day", "week", "month")}
    return replace(member, open_leads=member.open_leads + 1, received=received)
