"""Who may get a lead and why everybody else may not: people, and every reason against them (R5.2–R5.4, R5.9).

Pure: what is said of a person is read from the roster and counted elsewhere. Choices made where the contract is silent:

* a policy that has both `teams` and `reps` means those people of those teams; for a `dispatcher` neither its `reps` nor
  the head's role or own team matter;
* whether a month has a list is asked of the person's own role, also for a head who is of another role than the policy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.core.lead.model import Stage
from engine.core.lead.state import LeadState
from rulesets.policy.policy import AssignmentPolicy

UTC = ZoneInfo("UTC")

OWNED_STAGES = frozenset({Stage.READY, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY})
"""Stages in which an owned lead counts as open (R5.7)."""


class CandidateReason(StrEnum):
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


SPANS = ("day", "week", "month")
"""What caps count by, in the person's zone; weeks are ISO weeks."""
CAPS = tuple(zip(SPANS, (CandidateReason.CAP_DAY, CandidateReason.CAP_WEEK, CandidateReason.CAP_MONTH), strict=True))
OF_THE_LEAD = frozenset(
    {CandidateReason.NO_MATCH, CandidateReason.PREVIOUS, CandidateReason.OFF_HOURS, CandidateReason.ELIGIBLE}
)
"""What is said of somebody who could receive leads now, as far as they themselves go."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the roster, with what has been given to them and what they have done so far."""

    email: str
    role: str
    active: bool = True
    team: str | None = None
    department: str | None = None
    head_of: frozenset[str] = frozenset()
    """The teams whose head they are."""
    tier: int = 3
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
    accepted: int = 0
    decided: int = 0
    """Leads accepted, and accepted, rejected or missed, in the last 90 days (R5.7)."""

    @property
    def share(self) -> Fraction:
        """A turn of this person's as long as others' ones: 1 ÷ weight."""
        return Fraction(1, self.weight)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who was looked at, and the reason."""

    person: str
    reason: CandidateReason


@dataclass(frozen=True, slots=True)
class LeadToAssign:
    """What assignment knows of the lead: folded field values to match, who had it, which policies' `when` holds.

    ``account_owners`` own the other open leads of its company, the most recently assigned first; ``outbound``: it was
    found by research and did not come by itself.
    """

    values: Callable[[str], frozenset[str]]
    state: LeadState
    holds: Callable[[AssignmentPolicy], bool]
    account_owners: Sequence[str] = ()
    outbound: bool = False


Listed = Mapping[str, frozenset[str]]
"""Role → the months that have an eligibility list."""


def is_candidate(policy: AssignmentPolicy, member: Member) -> bool:
    """Whether a person is looked at: of the role, within teams and reps; a dispatcher is the head of the first team."""
    if policy.strategy == "dispatcher":
        return bool(set(policy.teams[:1]) & member.head_of)
    named = {rep.casefold() for rep in policy.reps}
    return (
        member.role == policy.role
        and (not policy.teams or member.team in policy.teams)
        and (not named or member.email.casefold() in named)
    )


def judge(
    member: Member, policy: AssignmentPolicy, lead: LeadToAssign, now: datetime, listed: Listed
) -> CandidateReason:
    """Whether a person may get this lead now: the first reason against it in the order of R5.2, or ``eligible``."""
    return next(objections(member, policy, lead, now, listed), CandidateReason.ELIGIBLE)


def objections(
    member: Member, policy: AssignmentPolicy, lead: LeadToAssign, now: datetime, listed: Listed
) -> Iterator[CandidateReason]:
    """Every reason against giving this lead to this person now, in the order of R5.2."""
    yield from obstacles(member, now, listed)
    yield from misfits(member, policy, lead)
    if is_off_hours(member, policy):
        yield CandidateReason.OFF_HOURS


def obstacles(member: Member, now: datetime, listed: Listed) -> Iterator[CandidateReason]:
    """The reasons in the person why they receive nothing now, in the order of R5.2."""
    if not member.active:
        yield CandidateReason.INACTIVE
    if member.absences and _is_absent(member, now):
        yield CandidateReason.ABSENT
    if member.suspended:
        yield CandidateReason.SUSPENDED
    if listed and _is_unlisted(member, now, listed):
        yield CandidateReason.NOT_LISTED
    if member.capacity is not None and member.open_leads >= member.capacity:
        yield CandidateReason.CAPACITY
    for span, reason in CAPS:
        if span in member.caps and member.received.get(span, 0) >= member.caps[span]:
            yield reason


def unavailability(member: Member, now: datetime, listed: Listed) -> CandidateReason | None:
    """The first reason in the person why they receive nothing now, or None."""
    return next(obstacles(member, now, listed), None)


def listed_months(members: Iterable[Member]) -> Listed:
    """The months that have an eligibility list, by role: those with anyone of the role on it (R5.9)."""
    listed: dict[str, frozenset[str]] = {}
    for member in members:
        if member.eligible_months:
            listed[member.role] = listed.get(member.role, frozenset()) | member.eligible_months
    return listed


def is_off_hours(member: Member, policy: AssignmentPolicy) -> bool:
    """Whether it is not their working time, and the policy asks."""
    return policy.off_hours != "assign" and not member.working


def _is_absent(member: Member, now: datetime) -> bool:
    today = now.astimezone(member.zone).date()
    return any(first <= today <= last for first, last in member.absences)


def _is_unlisted(member: Member, now: datetime, listed: Listed) -> bool:
    month = f"{now.astimezone(member.zone):%Y-%m}"
    return month in listed.get(member.role, ()) and month not in member.eligible_months


def misfits(member: Member, policy: AssignmentPolicy, lead: LeadToAssign) -> Iterator[CandidateReason]:
    """The reasons between this person and this lead: territories and the like, or that they had it before (R5.3)."""
    for match in policy.match:
        if not lead.values(match.field) & member.lists.get(match.rep, frozenset()):
            yield CandidateReason.NO_MATCH
            break
    earlier = lead.state.passed_over
    if not policy.avoid_previous:
        earlier = tuple(p for p in earlier if p.why == "missed")[-1:]
    if any(member.email == passed.person for passed in earlier):
        yield CandidateReason.PREVIOUS
