"""Who gets a lead, and why everybody else does not: candidates, reasons and stride rotation (POLICY.md §5).

Pure: the roster, the counts and the rotation state come in as values, the chosen person and the moved pointers go out.
The caller holds the rotation's lock and stores what comes back in the same transaction (R5.5).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.core.state import LeadState, Queued
from rulesets.policy import AssignmentPolicy, OtherPolicy


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


UNAVAILABLE = frozenset(
    {
        Reason.INACTIVE,
        Reason.ABSENT,
        Reason.SUSPENDED,
        Reason.NOT_LISTED,
        Reason.CAPACITY,
        Reason.CAP_DAY,
        Reason.CAP_WEEK,
        Reason.CAP_MONTH,
    }
)
"""Reasons that lie in the person, not in the lead: they decide about credit (R5.5)."""


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
    absences: tuple[tuple[date, date], ...] = ()
    eligible_months: frozenset[str] = frozenset()
    zone: ZoneInfo = ZoneInfo("UTC")
    open_leads: int = 0
    received: Mapping[str, int] = field(default_factory=dict)
    """Assignments received in the current ``day``, ``week`` and ``month``."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A person's place in one policy's rotation."""

    value: Fraction = Fraction(0)
    served: int = 0
    served_at: datetime | None = None


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
    moved: Mapping[str, Pointer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lead:
    """What assignment knows of the lead: folded field values to match, and who had it before."""

    values: Callable[[str], frozenset[str]]
    state: LeadState


def assign(
    policies: Sequence[AssignmentPolicy],
    role: str,
    holds: Callable[[AssignmentPolicy], bool],
    lead: Lead,
    members: Sequence[Member],
    rotation: Mapping[str, Mapping[str, Pointer]],
    now: datetime,
    named: str | None = None,
) -> Choice:
    """Try the role's policies in order; the first that holds and yields a person decides (R5.1).

    ``named`` is the policy a cell names: it is tried alone. ``rotation`` has the pointers of every policy by person.
    """
    by_key = {policy.key: policy for policy in policies}
    tried: list[Choice] = []
    for policy in _in_order(policies, role, named):
        if holds(policy):
            tried.append(choose(policy, lead, members, rotation.get(policy.key, {}), now))
            if tried[-1].person:
                return tried[-1]
    if not tried:
        return Choice(role=role, policy=None, person=None, otherwise="queue")
    return _otherwise(by_key, tried[0], lambda p: choose(p, lead, members, rotation.get(p.key, {}), now))


def choose(
    policy: AssignmentPolicy, lead: Lead, members: Sequence[Member], pointers: Mapping[str, Pointer], now: datetime
) -> Choice:
    """One policy: every candidate with a reason, the lowest pointer among the eligible, and the rotation after it."""
    people = sorted((m for m in members if _is_member(policy, m)), key=lambda m: m.email)
    listed = eligibility_month_is_listed(members, policy.role, now)
    reasons = {m.email: judge(m, policy, lead, now, listed=listed) for m in people}
    places = _with_joiners(people, reasons, pointers)
    eligible = [m for m in people if reasons[m.email] is Reason.ELIGIBLE]
    winner = min(eligible, key=lambda m: _turn(m.email, places[m.email]), default=None)
    after = _credited(policy, people, reasons, places)
    if winner is not None:
        reasons[winner.email] = Reason.CHOSEN
        after[winner.email] = _served(after[winner.email], step(policy, winner), now)
    return Choice(
        role=policy.role,
        policy=policy.key,
        person=winner.email if winner else None,
        candidates=tuple(Candidate(email, reason) for email, reason in reasons.items()),
        moved={email: place for email, place in after.items() if pointers.get(email) != place},
    )


def step(policy: AssignmentPolicy, member: Member) -> Fraction:
    """How far a turn moves a pointer: 1, or 1 ÷ weight."""
    return Fraction(1, member.weight) if policy.strategy == "weighted" else Fraction(1)


def judge(member: Member, policy: AssignmentPolicy, lead: Lead, now: datetime, *, listed: bool) -> Reason:
    """Whether a person may get this lead now; the first reason against it, those of the person before those of the lead."""
    return availability(member, now, listed=listed) or _fit(member, policy, lead) or Reason.ELIGIBLE


def availability(member: Member, now: datetime, *, listed: bool) -> Reason | None:
    """The reason in the person why they receive nothing now, or None. ``listed``: a list exists for this month (R5.9)."""
    today = now.astimezone(member.zone).date()
    if not member.active:
        return Reason.INACTIVE
    if any(first <= today <= last for first, last in member.absences):
        return Reason.ABSENT
    if listed and f"{today:%Y-%m}" not in member.eligible_months:
        return Reason.NOT_LISTED
    if member.capacity is not None and member.open_leads >= member.capacity:
        return Reason.CAPACITY
    for span, reason in (("day", Reason.CAP_DAY), ("week", Reason.CAP_WEEK), ("month", Reason.CAP_MONTH)):
        if span in member.caps and member.received.get(span, 0) >= member.caps[span]:
            return reason
    return None


def eligibility_month_is_listed(members: Iterable[Member], role: str, now: datetime) -> bool:
    """Whether anyone of the role is on this month's eligibility list; then only the listed are eligible (R5.9)."""
    return any(f"{now.astimezone(m.zone):%Y-%m}" in m.eligible_months for m in members if m.role == role)


def queued(choice: Choice, state: LeadState, now: datetime, priority: int) -> Queued:
    """The lead's place in the queue; one that waits already keeps it."""
    if state.queued and state.queued.role == choice.role:
        return replace(state.queued, priority=priority)
    return Queued(choice.role, now, priority)


def _in_order(policies: Sequence[AssignmentPolicy], role: str, named: str | None) -> list[AssignmentPolicy]:
    of_role = [policy for policy in policies if policy.role == role]
    alone = [policy for policy in of_role if policy.key == named]
    return alone or sorted(of_role, key=lambda policy: policy.priority)


def _otherwise(
    by_key: Mapping[str, AssignmentPolicy], first: Choice, choose_by: Callable[[AssignmentPolicy], Choice]
) -> Choice:
    """Nobody was found: `otherwise` of the first policy that held applies, a named policy with its own `otherwise`."""
    policy = by_key[first.policy or ""]
    seen: set[str] = set()
    while isinstance(policy.otherwise, OtherPolicy) and policy.otherwise.policy not in seen:
        policy = by_key[policy.otherwise.policy]
        seen.add(policy.key)
        choice = choose_by(policy)
        if choice.person:
            return choice
    return replace(first, otherwise=policy.otherwise if isinstance(policy.otherwise, str) else "queue")


def _is_member(policy: AssignmentPolicy, member: Member) -> bool:
    named = {rep.casefold() for rep in policy.reps}
    return (
        member.role == policy.role
        and (not policy.teams or member.team in policy.teams)
        and (not named or member.email in named)
    )


def _fit(member: Member, policy: AssignmentPolicy, lead: Lead) -> Reason | None:
    for match in policy.match:
        if not lead.values(match.field) & member.lists.get(match.rep, frozenset()):
            return Reason.NO_MATCH
    earlier = lead.state.passed_over
    if not policy.avoid_previous:
        earlier = tuple(p for p in earlier if p.why == "missed")[-1:]
    return Reason.PREVIOUS if member.email in {p.person for p in earlier} else None


def _with_joiners(
    people: Sequence[Member], reasons: Mapping[str, Reason], pointers: Mapping[str, Pointer]
) -> dict[str, Pointer]:
    """Everybody's pointer; a joiner starts at the lowest of the other available members (R5.5)."""
    known = {m.email: pointers[m.email] for m in people if m.email in pointers}
    start = _lowest(known, reasons)
    return {m.email: known.get(m.email) or Pointer(start or Fraction(0)) for m in people}


def _lowest(places: Mapping[str, Pointer], reasons: Mapping[str, Reason]) -> Fraction | None:
    available = [place.value for email, place in places.items() if reasons[email] not in UNAVAILABLE]
    return min(available or [place.value for place in places.values()], default=None)


def _credited(
    policy: AssignmentPolicy, people: Sequence[Member], reasons: Mapping[str, Reason], places: Mapping[str, Pointer]
) -> dict[str, Pointer]:
    """With ``no_credit``, who is unavailable does not save up turns: their pointer rises to the lowest available one."""
    available = [places[m.email].value for m in people if reasons[m.email] not in UNAVAILABLE]
    after = dict(places)
    if policy.returning == "no_credit" and available:
        level = min(available)
        for member in people:
            if reasons[member.email] in UNAVAILABLE and places[member.email].value < level:
                after[member.email] = replace(places[member.email], value=level)
    return after


def _turn(email: str, place: Pointer) -> tuple[Fraction, bool, float, str]:
    """Lowest pointer; ties: those served before come first, longest since the last turn, then e-mail."""
    return (place.value, place.served_at is None, place.served_at.timestamp() if place.served_at else 0.0, email)


def _served(place: Pointer, by: Fraction, now: datetime) -> Pointer:
    return Pointer(place.value + by, place.served + 1, now)
