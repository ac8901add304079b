"""The choice of a person for a lead: policies in order, their candidates, the chosen one (R5.1–R5.11).

Pure: roster, counts and rotation state are arguments; the result has the person and the moved pointers. The caller
holds the lock of the rotation and stores the result in the same transaction (R5.5).
`engine.core.assignment.eligibility` decides who may get a lead, `engine.core.assignment.strategies` chooses one of
them. Choices where the contract says nothing:

* a policy whose `when` does not hold assigns nothing, even if a cell or another policy's `otherwise` names it;
* an outbound lead of a company that has an owner goes to that owner, even without `sticky`, or waits (`rivals`): a
  company has one owner per role;
* a lead given by hand to a person who is no candidate of the policy moves no pointer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from engine.core.assignment.eligibility import (
    Candidate,
    CandidateReason,
    LeadToAssign,
    Member,
    is_candidate,
    judge,
    listed_months,
    misfits,
    objections,
    obstacles,
)
from engine.core.assignment.queueing import token
from engine.core.assignment.rotation import Pointers, Turn
from engine.core.assignment.strategies import whose_turn
from engine.core.lead.state import LeadState, Queued
from rulesets.policy.policy import AssignmentPolicy, OtherPolicy

__all__ = [
    "Candidate",
    "CandidateReason",
    "Choice",
    "LeadToAssign",
    "Member",
    "assign",
    "choose",
    "listed_months",
    "queued",
]

CONFLICT = "conflict"
"""A warning in addition to the reasons of R5.2: a lead is given by hand although its company has another owner."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The result of an assignment: the person, the policy, all candidates, and the pointers that moved."""

    role: str
    policy: str | None
    person: str | None
    candidates: tuple[Candidate, ...] = ()
    otherwise: str | None = None
    moved: Pointers = field(default_factory=dict)
    tried: "tuple[Choice, ...]" = ()
    """The results of other policies, which found nobody; their pointers may have moved too."""
    way: str = "turn"
    """How the person was found: one of `WAYS`."""
    conflict: str | None = None
    """The owner of the company's other lead because of whom this outbound lead waits."""
    warnings: tuple[str, ...] = ()
    """Reasons against a person who was named by hand."""
    waits_for: frozenset[str] = frozenset()
    """The people who fit the lead but are unavailable now (`queueing.token`); not stored with the decision."""

    @property
    def was_a_turn(self) -> bool:
        """Whether the person's pointer moved: not for an owner of the company, nor for a person who is no candidate."""
        return self.way == "turn" or (self.way == "named" and self.person in {one.person for one in self.candidates})


WAYS = ("turn", "account", "named")
"""By the policy's strategy; as the owner of another lead of the company; named by hand."""


def assign(
    policies: Sequence[AssignmentPolicy],
    role: str,
    lead: LeadToAssign,
    members: Sequence[Member],
    rotations: Mapping[str, Pointers],
    now: datetime,
    *,
    named: str | None = None,
    to: str | None = None,
) -> Choice:
    """Tries the role's policies in order; the first that holds and finds a person decides (R5.1).

    ``named`` is the policy that a cell names: it is tried alone. ``rotations`` has the pointers of every policy. If
    nobody is found, ``otherwise`` is the place where the lead waits: ``queue`` or ``pool``. ``to`` is a person named by
    hand, who gets the lead as a turn of the policy that would have applied (R5.8).
    """
    of_role = {p.key: p for p in sorted((p for p in policies if p.role == role), key=lambda p: p.priority)}
    path = [of_role[named]] if named in of_role else [p for p in of_role.values() if lead.holds(p)]
    others = rivals(role, lead, members)
    if to is not None:
        applies = next((policy for policy in path if lead.holds(policy)), None)
        choice = _by_hand(applies, lead, members, rotations, now, to)
        return replace(choice, role=role, warnings=(*choice.warnings, *([CONFLICT] if others else ())))
    tried: dict[str, Choice] = {}
    for policy in (*path, *_following(path[:1], of_role)):
        if policy.key not in tried and lead.holds(policy):
            choice = tried[policy.key] = choose(policy, lead, members, rotations.get(policy.key, {}), now, others)
            if choice.person or choice.otherwise:
                return _with_tried(choice, tried)
    first = path[0].key if path else None
    nobody = tried.get(first or "") or Choice(role, first, person=None)
    if others:
        return _with_tried(replace(nobody, otherwise="queue", conflict=others[0]), tried)
    return _with_tried(replace(nobody, otherwise=_last_resort(path[:1], of_role)), tried)


def choose(
    policy: AssignmentPolicy,
    lead: LeadToAssign,
    members: Sequence[Member],
    pointers: Pointers,
    now: datetime,
    others: Sequence[str] = (),
) -> Choice:
    """The result of one policy: every candidate with a reason, the chosen person, and the moved pointers.

    1. if the lead has ``others`` (`rivals`), one of them gets it, or nobody; 2. with `sticky`, an eligible owner of the
    company's other leads gets it. Neither moves a pointer. 3. Otherwise the strategy decides. With `off_hours: wait`,
    if only working hours prevent an assignment, ``otherwise`` is ``queue`` at once (R5.4).
    """
    people, listed = _candidates(policy, members), listed_months(members)
    reasons = {m.email: judge(m, policy, lead, now, listed) for m in people}
    known = others or (lead.account_owners if policy.sticky else ())
    owner = next((email for email in known if reasons.get(email) is CandidateReason.ELIGIBLE), None)
    after = Turn(owner, pointers) if owner or others else whose_turn(policy, people, reasons, pointers, now)
    winner = after.winner
    waits = (
        policy.off_hours == "wait" and winner is None and CandidateReason.OFF_HOURS in reasons.values() and not others
    )
    if winner is not None:
        reasons[winner] = CandidateReason.CHOSEN
    return Choice(
        role=policy.role,
        policy=policy.key,
        person=winner,
        candidates=_told(reasons),
        otherwise="queue" if waits else None,
        moved=_moved(pointers, after.pointers),
        way="account" if owner else "turn",
        waits_for=frozenset() if winner else _waits_for(policy, lead, people, others),
    )


def rivals(role: str, lead: LeadToAssign, members: Sequence[Member]) -> tuple[str, ...]:
    """The people who work on the company of an outbound lead; nobody else may get it (docs/contract/domain.md).

    These are the owners of the company's other leads, the latest first, without people who had this lead and lost it.
    For an assignment to sales, SDRs do not count, because sales takes over their work.
    """
    if not lead.outbound:
        return ()
    callers = {member.email for member in members if member.role == "sdr"} if role == "sales" else set()
    lost = {passed.person for passed in lead.state.passed_over}
    return tuple(email for email in lead.account_owners if email not in callers | lost)


def queued(choice: Choice, state: LeadState, now: datetime, priority: int) -> Queued:
    """The lead's place in the queue; a lead that already waits for the role keeps its place."""
    if state.queued and state.queued.role == choice.role:
        return replace(state.queued, priority=priority)
    return Queued(choice.role, now, priority)


# ------------------------------------------------------------------------------------------------ by hand
def _by_hand(
    policy: AssignmentPolicy | None,
    lead: LeadToAssign,
    members: Sequence[Member],
    rotations: Mapping[str, Pointers],
    now: datetime,
    to: str,
) -> Choice:
    """The person named by hand gets the lead despite all objections, as a turn of the policy (R5.8, R5.9)."""
    listed = listed_months(members)
    person = next((member for member in members if member.email.casefold() == to.casefold()), Member(to, ""))
    if policy is None:
        return Choice("", None, person.email, way="named", warnings=_values(obstacles(person, now, listed)))
    people = _candidates(policy, members)
    reasons = {m.email: judge(m, policy, lead, now, listed) for m in people}
    pointers = rotations.get(policy.key, {})
    after, against = pointers, obstacles(person, now, listed)
    if person.email in reasons:
        after = whose_turn(policy, people, reasons, pointers, now, named=person.email).pointers
        against = objections(person, policy, lead, now, listed)
        reasons[person.email] = CandidateReason.CHOSEN
    return Choice(
        policy.role,
        policy.key,
        person.email,
        candidates=_told(reasons),
        moved=_moved(pointers, after),
        way="named",
        warnings=_values(against),
    )


# ------------------------------------------------------------------------------------------------ parts
def _candidates(policy: AssignmentPolicy, members: Sequence[Member]) -> list[Member]:
    """The candidates of a policy, sorted by e-mail."""
    return sorted((m for m in members if is_candidate(policy, m)), key=lambda m: m.email)


def _values(reasons: Iterable[CandidateReason]) -> tuple[str, ...]:
    return tuple(reason.value for reason in reasons)


def _told(reasons: Mapping[str, CandidateReason]) -> tuple[Candidate, ...]:
    return tuple(Candidate(email, reason) for email, reason in reasons.items())


def _moved(before: Pointers, after: Pointers) -> Pointers:
    # `is` first: most pointers are the same object, and comparing fractions is slow.
    return {key: place for key, place in after.items() if (was := before.get(key)) is not place and was != place}


def _waits_for(
    policy: AssignmentPolicy, lead: LeadToAssign, people: Sequence[Member], others: Sequence[str]
) -> frozenset[str]:
    """The people who fit the lead but are unavailable now: away, off hours, or at their limits."""
    fitting = (m for m in people if not any(misfits(m, policy, lead)) and (not others or m.email in others))
    return frozenset(token(member.email, at_work=policy.off_hours != "assign") for member in fitting)


def _following(first: Sequence[AssignmentPolicy], of_role: Mapping[str, AssignmentPolicy]) -> list[AssignmentPolicy]:
    """The policies along the chain of `otherwise`, each once."""
    following = list(first)
    while following and isinstance(following[-1].otherwise, OtherPolicy):
        policy = of_role.get(following[-1].otherwise.policy)
        if policy is None or policy in following:
            break
        following.append(policy)
    return following[1:]


def _last_resort(first: Sequence[AssignmentPolicy], of_role: Mapping[str, AssignmentPolicy]) -> str:
    """Where a lead waits if nobody was found: ``otherwise`` of the last policy in the chain."""
    last = [*first, *_following(first, of_role)][-1:]
    return next((policy.otherwise for policy in last if isinstance(policy.otherwise, str)), "queue")


def _with_tried(choice: Choice, tried: Mapping[str, Choice]) -> Choice:
    waits_for = frozenset(chain.from_iterable(other.waits_for for other in tried.values()))
    others = tuple(other for key, other in tried.items() if key != choice.policy)
    return replace(choice, tried=others, waits_for=frozenset() if choice.person else waits_for)
