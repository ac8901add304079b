"""Who gets a lead, and why everybody else does not: policies in order, candidates, reasons (POLICY.md §5).

Pure: the roster, the counts and the rotation state come in as values, the chosen person and the moved pointers go out.
The caller holds the rotation's lock and stores what comes back in the same transaction (R5.5); whose turn it is among
the eligible is `engine.core.rotation`. Choices made where the contract is silent:

* a policy gives nobody a lead its `when` does not hold for, also when a cell or another policy's `otherwise` names it;
* a policy that has both `teams` and `reps` means those people of those teams.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.core.rotation import Participant, Pointers, turn, turn_by_department
from engine.core.state import LeadState, Queued
from rulesets.policy import AssignmentPolicy, OtherPolicy

UTC = ZoneInfo("UTC")


class Reason(StrEnum):
    """Why a candidate did or did not get the lead (R5.2)."""

    INACTIVE = "inactive"
    ABSENT = "absent"
    SUSPENDED = "suspended"
    NOT_LISTED = "not_listed"
    CAPACITY = "capacity"
    CAP_DAY = "cap_day"
    CAP_WEEK = "cap_week"
    CAP_MONTH = "cap_month"
    NO_MATCH = "no_match"
    PREVIOUS = "previous"
    OFF_HOURS = "off_hours"
    ELIGIBLE = "eligible"
    CHOSEN = "chosen"


OF_THE_LEAD = frozenset({Reason.NO_MATCH, Reason.PREVIOUS, Reason.OFF_HOURS, Reason.ELIGIBLE})
"""What is said of somebody who could receive leads now, as far as they themselves go."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the roster, with what has been given to them so far."""

    email: str
    role: str
    active: bool = True
    team: str | None = None
    department: str | None = None
    weight: int = 1
    capacity: int | None = None
    caps: Mapping[str, int] = field(default_factory=dict)
    """Most assignments per ``day``, ``week`` (ISO) and ``month``, in the person's zone."""
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Folded values of territories, languages and industries."""
    suspended: bool = False
    working: bool = True
    """Whether it is their working time now."""
    absences: tuple[tuple[date, date], ...] = ()
    eligible_months: frozenset[str] = frozenset()
    zone: tzinfo = UTC
    open_leads: int = 0
    received: Mapping[str, int] = field(default_factory=dict)
    """Assignments received in the current ``day``, ``week`` and ``month``."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who was looked at, and the reason."""

    person: str
    reason: Reason


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


@dataclass(frozen=True, slots=True)
class Lead:
    """What assignment knows of the lead: folded field values to match, who had it, which policies' `when` holds."""

    values: Callable[[str], frozenset[str]]
    state: LeadState
    holds: Callable[[AssignmentPolicy], bool]


def assign(
    policies: Sequence[AssignmentPolicy],
    role: str,
    lead: Lead,
    members: Sequence[Member],
    rotations: Mapping[str, Pointers],
    now: datetime,
    *,
    named: str | None = None,
) -> Choice:
    """Try the role's policies in order; the first that holds and yields a person decides (R5.1).

    ``named`` is the policy a cell names: it is tried alone. ``rotations`` has the pointers of every policy. If nobody
    is found, ``otherwise`` says where the lead waits: ``queue`` or ``pool``.
    """
    of_role = {p.key: p for p in sorted((p for p in policies if p.role == role), key=lambda p: p.priority)}
    path = [of_role[named]] if named in of_role else [p for p in of_role.values() if lead.holds(p)]
    tried: dict[str, Choice] = {}
    for policy in (*path, *_following(path[:1], of_role)):
        if policy.key not in tried and lead.holds(policy):
            choice = tried[policy.key] = choose(policy, lead, members, rotations.get(policy.key, {}), now)
            if choice.person or choice.otherwise:
                return _with_tried(choice, tried)
    first = path[0].key if path else None
    nobody = tried.get(first or "") or Choice(role, first, person=None)
    return _with_tried(replace(nobody, otherwise=_last_resort(path[:1], of_role)), tried)


def choose(
    policy: AssignmentPolicy, lead: Lead, members: Sequence[Member], pointers: Pointers, now: datetime
) -> Choice:
    """One policy: every candidate with a reason, whose turn it is among the eligible, and the rotation after it.

    With `off_hours: wait`, when only people's working hours are in the way, ``otherwise`` is ``queue`` at once (R5.4).
    """
    listed = listed_months(members, policy.role)
    people = sorted((m for m in members if is_candidate(policy, m)), key=lambda m: m.email)
    reasons = {m.email: judge(m, policy, lead, now, listed) for m in people}
    participants = [_participant(m, policy, reasons[m.email]) for m in people]
    next_turn = turn_by_department if policy.balance_by == "department" else turn
    after = next_turn(participants, pointers, now, credit=policy.returning == "make_up")
    if after.winner is not None:
        reasons[after.winner] = Reason.CHOSEN
    waits = policy.off_hours == "wait" and after.winner is None and Reason.OFF_HOURS in reasons.values()
    return Choice(
        role=policy.role,
        policy=policy.key,
        person=after.winner,
        candidates=tuple(Candidate(email, reason) for email, reason in reasons.items()),
        otherwise="queue" if waits else None,
        moved={key: place for key, place in after.pointers.items() if pointers.get(key) != place},
    )


def is_candidate(policy: AssignmentPolicy, member: Member) -> bool:
    """Whether a person is looked at: of the role, within teams and reps (R5.2)."""
    named = {rep.casefold() for rep in policy.reps}
    return (
        member.role == policy.role
        and (not policy.teams or member.team in policy.teams)
        and (not named or member.email.casefold() in named)
    )


def judge(member: Member, policy: AssignmentPolicy, lead: Lead, now: datetime, listed: frozenset[str]) -> Reason:
    """Whether a person may get this lead now: the first reason against it in the order of R5.2, or ``eligible``."""
    return (
        unavailability(member, now, listed)
        or _misfit(member, policy, lead)
        or (Reason.OFF_HOURS if _is_off_hours(member, policy) else Reason.ELIGIBLE)
    )


def unavailability(member: Member, now: datetime, listed: frozenset[str]) -> Reason | None:
    """The reason in the person why they receive nothing now, or None. ``listed``: months that have a list (R5.9)."""
    against = (
        (Reason.INACTIVE, not member.active),
        (Reason.ABSENT, bool(member.absences) and _is_absent(member, now)),
        (Reason.SUSPENDED, member.suspended),
        (Reason.NOT_LISTED, bool(listed) and _is_unlisted(member, now, listed)),
        (Reason.CAPACITY, member.capacity is not None and member.open_leads >= member.capacity),
        (Reason.CAP_DAY, _is_capped(member, "day")),
        (Reason.CAP_WEEK, _is_capped(member, "week")),
        (Reason.CAP_MONTH, _is_capped(member, "month")),
    )
    return next((reason for reason, applies in against if applies), None)


def listed_months(members: Iterable[Member], role: str) -> frozenset[str]:
    """The months that have an eligibility list: those with anyone of the role on it (R5.9)."""
    return frozenset(month for member in members if member.role == role for month in member.eligible_months)


def step(policy: AssignmentPolicy, member: Member) -> Fraction:
    """How far a turn moves a pointer: 1, or 1 ÷ weight."""
    return Fraction(1, member.weight) if policy.strategy == "weighted" else Fraction(1)


def queued(choice: Choice, state: LeadState, now: datetime, priority: int) -> Queued:
    """The lead's place in the queue; one that waits already keeps it."""
    if state.queued and state.queued.role == choice.role:
        return replace(state.queued, priority=priority)
    return Queued(choice.role, now, priority)


def _following(first: Sequence[AssignmentPolicy], of_role: Mapping[str, AssignmentPolicy]) -> list[AssignmentPolicy]:
    """The policies that `otherwise` leads to, each once."""
    chain = list(first)
    while chain and isinstance(chain[-1].otherwise, OtherPolicy):
        policy = of_role.get(chain[-1].otherwise.policy)
        if policy is None or policy in chain:
            break
        chain.append(policy)
    return chain[1:]


def _last_resort(first: Sequence[AssignmentPolicy], of_role: Mapping[str, AssignmentPolicy]) -> str:
    """Where a lead waits when nobody was found: what the last policy of the chain says."""
    last = [*first, *_following(first, of_role)][-1:]
    return next((policy.otherwise for policy in last if isinstance(policy.otherwise, str)), "queue")


def _with_tried(choice: Choice, tried: Mapping[str, Choice]) -> Choice:
    return replace(choice, tried=tuple(other for key, other in tried.items() if key != choice.policy))


def _participant(member: Member, policy: AssignmentPolicy, reason: Reason) -> Participant:
    """Who is available may be kept from a lead by the lead; who is not does not save up turns (R5.5)."""
    return Participant(
        member.email,
        eligible=reason is Reason.ELIGIBLE,
        available=reason in OF_THE_LEAD and not _is_off_hours(member, policy),
        step=step(policy, member),
        department=member.department or "",
    )


def _is_absent(member: Member, now: datetime) -> bool:
    today = now.astimezone(member.zone).date()
    return any(first <= today <= last for first, last in member.absences)


def _is_unlisted(member: Member, now: datetime, listed: frozenset[str]) -> bool:
    month = f"{now.astimezone(member.zone):%Y-%m}"
    return month in listed and month not in member.eligible_months


def _is_capped(member: Member, span: str) -> bool:
    return span in member.caps and member.received.get(span, 0) >= member.caps[span]


def _is_off_hours(member: Member, policy: AssignmentPolicy) -> bool:
    return policy.off_hours != "assign" and not member.working


def _misfit(member: Member, policy: AssignmentPolicy, lead: Lead) -> Reason | None:
    """The reason between this person and this lead: territories and the like, or that they had it before (R5.3)."""
    for match in policy.match:
        if not lead.values(match.field) & member.lists.get(match.rep, frozenset()):
            return Reason.NO_MATCH
    earlier = lead.state.passed_over
    if not policy.avoid_previous:
        earlier = tuple(p for p in earlier if p.why == "missed")[-1:]
    return Reason.PREVIOUS if member.email in {p.person for p in earlier} else None
