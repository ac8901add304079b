"""How a policy chooses among eligible people: each strategy of R5.7 is a sort order that comes before the rotation.

Pure. Among people who are equal for the strategy, `engine.core.assignment.rotation` decides (R5.5, R5.6). So every
strategy has a rotation, and a turn moves a pointer. Choices where the contract says nothing:

* with `balance_by: department` the rotation chooses the department first, then the strategy chooses inside it;
* people with fewer than ten decisions come last in their tier, all equal.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from engine.core.assignment.eligibility import OF_THE_LEAD, CandidateReason, Member, is_off_hours
from engine.core.assignment.rotation import Participant, Pointers, Turn, given_back, turn, turn_by_department
from rulesets.policy.policy import AssignmentPolicy

ONE = Fraction(1)
ENOUGH_DECISIONS = 10
"""The number of decided leads from which on a person's acceptance rate counts (R5.7)."""
DECIDED = ("accepted", "rejected", "missed")
"""Kinds of the track record that are decided leads."""
DECIDED_WITHIN = timedelta(days=90)

Order = Callable[[Member], tuple[Any, ...]]
"""The sort key of the strategy; the lowest comes first, and the rotation decides ties."""


def _nobody_first(_member: Member) -> tuple[Any, ...]:
    return ()


def _least_open(member: Member) -> tuple[Any, ...]:
    return (Fraction(member.open_leads, member.capacity or 1),)


def _top_performer(member: Member) -> tuple[Any, ...]:
    known = member.decided >= ENOUGH_DECISIONS
    return (member.tier, not known, -Fraction(member.accepted, member.decided) if known else 0)


STRATEGIES: Mapping[str, Order] = {
    "round_robin": _nobody_first,
    "weighted": _nobody_first,
    "least_open": _least_open,
    "top_performer": _top_performer,
    "dispatcher": _nobody_first,
}
"""Strategy → its sort key; a dispatcher policy has one candidate (`eligibility.is_candidate`)."""


def step(policy: AssignmentPolicy, member: Member) -> Fraction:
    """How far a turn moves the pointer: 1, or 1 ÷ weight."""
    return member.share if policy.strategy == "weighted" else ONE


def whose_turn(
    policy: AssignmentPolicy,
    people: Sequence[Member],
    reasons: Mapping[str, CandidateReason],
    pointers: Pointers,
    now: datetime,
    *,
    named: str | None = None,
) -> Turn:
    """The eligible person who gets the lead, and the rotation after it; ``named`` gets it despite any reason."""
    participants = [_participant(policy, member, reasons[member.email], named) for member in people]
    next_turn = turn_by_department if policy.balance_by else turn
    return next_turn(participants, pointers, now, credit=policy.returning == "make_up")


def compensated(policy: AssignmentPolicy, person: str, members: Collection[Member], pointers: Pointers) -> Pointers:
    """The pointers that change when a turn is given back: the person's, and the department's if balanced (R4.7)."""
    member = next((one for one in members if one.email == person), Member(person, policy.role))
    department = (member.department or "") if policy.balance_by else None
    return given_back(pointers, person, step(policy, member), department)


def _participant(policy: AssignmentPolicy, member: Member, reason: CandidateReason, named: str | None) -> Participant:
    """A participant of the rotation. Reasons of the lead (`no_match`, `previous`) leave a person available (R5.5)."""
    return Participant(
        member.email,
        eligible=reason is CandidateReason.ELIGIBLE if named is None else member.email == named,
        available=reason in OF_THE_LEAD and not is_off_hours(member, policy),
        step=step(policy, member),
        department=member.department or "",
        rank=STRATEGIES[policy.strategy](member),
    )
