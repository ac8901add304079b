"""Who gets a lead: policies in order, the candidates of each, and who of them it is (R5.1–R5.11).

Pure: the roster, the counts and the rotation state come in as values, the chosen person and the moved pointers go out.
The caller holds the rotation's lock and stores what comes back in the same transaction (R5.5). Who may get a lead is
`engine.core.assignment.eligibility`, who of several does is `engine.core.assignment.strategies`. Choices made where
the contract is silent:

* a policy gives nobody a lead its `when` does not hold for, also when a cell or another policy's `otherwise` names it;
* an outbound lead of a company that somebody works on goes to that person also without `sticky`, or it waits
  (`rivals`): a company has one owner of a role, whoever found it;
* a lead given by hand to somebody whom the policy does not look at moves no pointer at all.
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
"""Said beside the reasons of R5.2 when a lead is given by hand although its company has another owner."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome of an assignment: who, by which policy, everybody looked at, and the pointers that moved."""

    role: str
    policy: str | None
    person: str | None
    candidates: tuple[Candidate, ...] = ()
    otherwise: str | None = None
    moved: Pointers = field(default_factory=dict)
    tried: "tuple[Choice, ...]" = ()
    """What other policies came to that were tried and yielded nobody; their pointers may have moved, too."""
    way: str = "turn"
    """How the person was found: one of `WAYS`."""
    conflict: str | None = None
    """The owner of the company's other lead because of whom this outbound lead waits."""
    warnings: tuple[str, ...] = ()
    """What spoke against a person who was named by hand."""
    waits_for: frozenset[str] = frozenset()
    """Whose coming back may serve the lead (`queueing.token`); not stored with the decision."""

    @property
    def was_a_turn(self) -> bool:
        """Whether the person's pointer moved: not for an owner of the company, nor for whom the policy does not see."""
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
    """Try the role's policies in order; the first that holds and yields a person decides (R5.1).

    ``named`` is the policy a cell names: it is tried alone. ``rotations`` has the pointers of every policy. If nobody
    is found, ``otherwise`` says where the lead waits: ``queue`` or ``pool``. ``to`` is a person named by hand, who gets
    the lead as a turn of the policy that would have applied (R5.8).
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
    """One policy: every candidate with a reason, who of the eligible it is, and the rotation after it.

    1. an outbound lead goes to one of ``others`` (`rivals`) or to nobody, 2. with `sticky` to an owner of the
    company's other leads, if one is eligible: neither moves a pointer; 3. else by the strategy. With
    `off_hours: wait`, when only people's working hours are in the way, ``otherwise`` is ``queue`` at once (R5.4).
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
    """Who works on the company of an outbound lead, so that nobody else gets it (docs/contract/domain.md).

    Owners of the company's other leads, the latest first, but not who had this lead and lost it; when sales is sought,
    an SDR's lead is no obstacle, for it is the SDR's work that sales takes over.
    """
    if not lead.outbound:
        return ()
    callers = {member.email for member in members if member.role == "sdr"} if role == "sales" else set()
    lost = {passed.person for passed in lead.state.passed_over}
    return tuple(email for email in lead.account_owners if email not in callers | lost)


def queued(choice: Choice, state: LeadState, now: datetime, priority: int) -> Queued:
    """The lead's place in the queue; one that waits already keeps it."""
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
    """Somebody named by hand gets the lead whatever speaks against it, as a turn of the policy (R5.8, R5.9)."""
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
    """Who is looked at, by e-mail."""
    return sorted((m for m in members if is_candidate(policy, m)), key=lambda m: m.email)


def _values(reasons: Iterable[CandidateReason]) -> tuple[str, ...]:
    return tuple(reason.value for reason in reasons)


def _told(reasons: Mapping[str, CandidateReason]) -> tuple[Candidate, ...]:
    return tuple(Candidate(email, reason) for email, reason in reasons.items())


def _moved(before: Pointers, after: Pointers) -> Pointers:
    return {key: place for key, place in after.items() if (was := before.get(key)) is not place and was != place}


def _waits_for(
    policy: AssignmentPolicy, lead: LeadToAssign, people: Sequence[Member], others: Sequence[str]
) -> frozenset[str]:
    """Whom the lead fits, so that only they themselves stand in its way: away, or with as much as they can take."""
    fitting = (m for m in people if not any(misfits(m, policy, lead)) and (not others or m.email in others))
    return frozenset(token(member.email, at_work=policy.off_hours != "assign") for member in fitting)


def _following(first: Sequence[AssignmentPolicy], of_role: Mapping[str, AssignmentPolicy]) -> list[AssignmentPolicy]:
    """The policies that `otherwise` leads to, each once."""
    following = list(first)
    while following and isinstance(following[-1].otherwise, OtherPolicy):
        policy = of_role.get(following[-1].otherwise.policy)
        if policy is None or policy in following:
            break
        following.append(policy)
    return following[1:]


def _last_resort(first: Sequence[AssignmentPolicy], of_role: Mapping[str, AssignmentPolicy]) -> str:
    """Where a lead waits when nobody was found: what the last policy of the chain says."""
    last = [*first, *_following(first, of_role)][-1:]
    return next((policy.otherwise for policy in last if isinstance(policy.otherwise, str)), "queue")


def _with_tried(choice: Choice, tried: Mapping[str, Choice]) -> Choice:
    waits_for = frozenset(chain.from_iterable(other.waits_for for other in tried.values()))
    others = tuple(other for key, other in tried.items() if key != choice.policy)
    return replace(choice, tried=others, waits_for=frozenset() if choice.person else waits_for)
