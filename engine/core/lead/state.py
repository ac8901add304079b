"""The state of a lead between two decisions: stage, people, cycle and everything else that the next decision needs.

``LeadState`` is immutable. It is stored in columns of the lead and one JSON column (`dump_rest`, `load_state`).
Conditions read it as ``lead.*`` fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from engine.core.lead.model import OPEN_STAGES, Stage


@dataclass(frozen=True, slots=True)
class Queued:
    """A place in the queue of a role (R5.10)."""

    role: str
    since: datetime
    priority: int


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A person who missed, released or rejected this lead since its last recycling (R5.3)."""

    person: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Protection:
    """How long the owner may keep the lead (R7.1), with the values of the rule at its start.

    An activity of ``extend_on`` before ``until`` moves ``until`` to activity + ``extend``, if that is later, and at
    most to ``latest``.
    """

    start: datetime
    until: datetime
    latest: datetime | None = None
    extend: timedelta | None = None
    extend_on: tuple[str, ...] = ()
    warned_at: datetime | None = None
    """Warnings before this moment are done or obsolete; None: no warning is done."""


@dataclass(frozen=True, slots=True)
class LeadState:
    """The state of a lead. ``stage`` is None before its first event."""

    stage: Stage | None = None
    owner: str | None = None
    sdr: str | None = None
    rep: str | None = None
    touches: int = 0
    cycle: int = 1
    recycled_at: datetime | None = None
    acts_after: datetime | None = None
    """Cells and routes act again only after a counted occurrence or a changed fact later than this (R4.6)."""
    confirmed_at: datetime | None = None
    reject_reason: str | None = None
    release_reason: str | None = None
    disqualified_by: str | None = None
    """``rule`` (an exclusion), ``cell`` or ``person``; only a rule's disqualification ends with the exclusion."""
    pool_since: datetime | None = None
    queued: Queued | None = None
    passed_over: tuple[PassedOver, ...] = ()
    assigned_by: str | None = None
    """Key of the assignment policy that chose the owner; a reassignment uses the same policy (R6.5)."""
    outside_rotation: bool = False
    """The owner did not get it as a turn of that policy, so no turn can be given back (R4.7)."""
    awaits_activity: bool = False
    """A policy became active that does not move existing leads: cells and routes wait for the next event."""
    breaches: Mapping[str, int] = field(default_factory=dict)
    """Breaches of each clock key since it was last met or the lead was recycled (R6.5)."""
    owned_since: datetime | None = None
    """Since when the owner has the lead, by any kind of assignment (R5.8)."""
    protection: Protection | None = None
    pool_reason: str | None = None
    """Why it is in the public pool: reclaimed, released, rejected, or the key of a clock or an assignment policy."""
    former_owners: tuple[PassedOver, ...] = ()
    """People who lost or returned this lead, over all cycles, one entry per person, latest last (R7.2, R7.3)."""
    conflict: str | None = None
    """The owner of another lead of the company, while this outbound lead waits because of them."""
    resumes: tuple[str, ...] = ()
    """Clocks started by events that ended while the lead waits in the queue; they restart for the next owner (R6.4)."""
    erased_at: datetime | None = None
    """Since when nothing is known of the person any more: nothing moves this lead again (R4.8)."""
    visitor: bool = False
    """Everybody whom nothing but one shared identifier names: it stays raw and nobody's (R1.14)."""

    def new_cycle(self, at: datetime) -> "LeadState":
        """The state after recycling or reopening: nurture, no owner, all values of the old cycle cleared (R4.6)."""
        return replace(
            self,
            stage=Stage.NURTURE,
            owner=None,
            cycle=self.cycle + 1,
            recycled_at=at,
            acts_after=at,
            confirmed_at=None,
            disqualified_by=None,
            pool_since=None,
            queued=None,
            passed_over=(),
            assigned_by=None,
            outside_rotation=False,
            breaches={},
            owned_since=None,
            protection=None,
            pool_reason=None,
            conflict=None,
            resumes=(),
        )

    def erased(self, at: datetime) -> "LeadState":
        """Nobody's, in no queue and no pool, closed; what was won, lost or disqualified stays so (R4.8)."""
        closed = self if self.stage not in OPEN_STAGES else replace(self, stage=Stage.DISQUALIFIED)
        by = "erasure" if closed.stage is Stage.DISQUALIFIED else closed.disqualified_by
        return replace(
            closed,
            owner=None,
            disqualified_by=by,
            pool_since=None,
            pool_reason=None,
            queued=None,
            assigned_by=None,
            outside_rotation=False,
            awaits_activity=False,
            owned_since=None,
            protection=None,
            conflict=None,
            resumes=(),
            erased_at=at,
        )


DEFAULT = LeadState()
REST = (
    "touches",
    "cycle",
    "acts_after",
    "recycled_at",
    "confirmed_at",
    "reject_reason",
    "release_reason",
    "disqualified_by",
    "assigned_by",
    "outside_rotation",
    "awaits_activity",
    "owned_since",
    "pool_reason",
    "conflict",
    "erased_at",
    "visitor",
)
"""Fields that the JSON column stores as they are; `dump_rest` converts the others."""
STORED_AS = {"outside_rotation": "turnless", "awaits_activity": "rests", "former_owners": "parted"}
"""Fields whose key in the JSON column differs: rows written by earlier versions have these keys, so they stay."""
MOMENTS = frozenset({"acts_after", "recycled_at", "confirmed_at", "owned_since", "erased_at"})
# The list is over all cycles and would grow without limit; the pool needs only recent entries (cooldown).
FORMER_OWNERS_KEPT = 20


def stored_as(name: str) -> str:
    """The key of a field in the JSON column."""
    return STORED_AS.get(name, name)


def dump_rest(state: LeadState) -> dict[str, Any]:
    """The content of the JSON column; defaults are left out."""
    rest = {
        stored_as(name): _plain(getattr(state, name)) for name in REST if getattr(state, name) != getattr(DEFAULT, name)
    }
    for name in ("passed_over", "former_owners"):
        if people := getattr(state, name):
            rest[stored_as(name)] = [[p.person, p.why, p.at.isoformat()] for p in people]
    if state.protection:
        rest["protection"] = _protection_row(state.protection)
    if state.breaches:
        rest["breaches"] = dict(state.breaches)
    if state.resumes:
        rest["resumes"] = list(state.resumes)
    return rest


def load_state(columns: Mapping[str, Any], rest: Mapping[str, Any]) -> LeadState:
    """The state from its columns (stage, owner, sdr, rep, pool_since, queued_*) and its JSON column."""
    queued = columns["queued_role"]
    return LeadState(
        stage=Stage(columns["stage"]) if columns["stage"] else None,
        owner=columns["owner"],
        sdr=columns["sdr"],
        rep=columns["rep"],
        pool_since=columns["pool_since"],
        queued=Queued(queued, columns["queued_at"], columns["queue_priority"]) if queued else None,
        passed_over=_people(rest.get("passed_over", ())),
        former_owners=_people(rest.get(stored_as("former_owners"), ())),
        protection=_protection(rest.get("protection")),
        breaches=dict(rest.get("breaches", {})),
        resumes=tuple(rest.get("resumes", ())),
        **{name: _value(name, rest[stored_as(name)]) for name in REST if stored_as(name) in rest},
    )


def _people(rows: Sequence[Sequence[str]]) -> tuple[PassedOver, ...]:
    return tuple(PassedOver(person, why, datetime.fromisoformat(at)) for person, why, at in rows)


def _protection_row(kept: Protection) -> list[Any]:
    extend = kept.extend and kept.extend.total_seconds()
    latest = kept.latest and kept.latest.isoformat()
    warned = kept.warned_at and kept.warned_at.isoformat()
    return [kept.start.isoformat(), kept.until.isoformat(), latest, extend, list(kept.extend_on), warned]


def _protection(row: Sequence[Any] | None) -> Protection | None:
    if row is None:
        return None
    # Rows of earlier versions have five parts: `warned_at` came later.
    start, until, latest, extend, extend_on, warned = (*row, None)[:6]
    return Protection(
        datetime.fromisoformat(start),
        datetime.fromisoformat(until),
        datetime.fromisoformat(latest) if latest else None,
        timedelta(seconds=extend) if extend else None,
        tuple(extend_on),
        datetime.fromisoformat(warned) if warned else None,
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _value(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in MOMENTS else value
