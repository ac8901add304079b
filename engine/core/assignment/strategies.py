"""How a policy chooses among the eligible: every strategy of R5.7 as an order that comes before whose turn it is.

Pure. Whose turn it is among those whom the strategy holds to be equal is `engine.core.assignment.rotation` (R5.5,
R5.6): so every strategy has a rotation, and a turn moves its pointer. Choices made where the contract is silent:

* with `balance_by: department` the turn of departments comes first, then the strategy chooses inside the one;
* people of whose acceptance too little is known (fewer than ten decisions) come last in their tier, all equal.
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
"""So many leads accepted, rejected or missed say something about a person (R5.7)."""
DECIDED = ("accepted", "rejected", "missed")
"""Kinds of the track record that say how good somebody is."""
DECIDED_WITHIN = timedelta(days=90)

Order = Callable[[Member], tuple[Any, ...]]
"""What is compared before the turn: the lowest is served first."""


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
"""Strategy → the order in which it prefers people; a dispatcher has one candidate (`eligibility.is_candidate`)."""


def step(policy: AssignmentPolicy, member: Member) -> Fraction:
    """How far a turn moves a pointer: 1, or 1 ÷ weight."""
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
    """Who of the eligible gets the lead, and the rotation after it; ``named`` gets it whatever their reason is."""
    participants = [_participant(policy, member, reasons[member.email], named) for member in people]
    next_turn = turn_by_department if policy.balance_by else turn
    return next_turn(participants, pointers, now, credit=policy.returning == "make_up")


def compensated(policy: AssignmentPolicy, person: str, members: Collection[Member], pointers: Pointers) -> Pointers:
    """The pointers that change when a person gets a turn back: theirs, with departments also that one's (R4.7)."""
    member = next((one for one in members if one.email == person), Member(person, policy.role))
    department = (member.department or "") if policy.balance_by else None
    return given_back(pointers, person, step(policy, member), department)


def _participant(policy: AssignmentPolicy, member: Member, reason: CandidateReason, named: str | None) -> Participant:
    """Who is available may be kept from a lead by the lead; who is not does not save up turns (R5.5)."""
    return Participant(
        member.email,
        eligible=reason is CandidateReason.ELIGIBLE if named is None else member.email == named,
        available=reason in OF_THE_LEAD and not is_off_hours(member, policy),
        step=step(policy, member),
        department=member.department or "",
        rank=STRATEGIES[policy.strategy](member),
    )
