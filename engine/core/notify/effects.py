"""Effects of a decision beyond the state of the lead: notices, misses, credits, tags (R6.1–R7.3).

Pure values, in order. A live batch stores them in its transaction; a simulation keeps them in memory. Both pass strikes
to `engine.core.sla.discipline`. ``cause`` is stable: a second notice with the same cause is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to people.

    ``to``: owner, manager, team, sdr, or an e-mail. ``person`` is the owner at that moment; manager and team are
    theirs (None: all managers). ``kind`` is a key of `engine.core.notify.notices.KINDS`.
    """

    kind: str
    to: str
    person: str | None
    cause: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A permanent entry in a person's track record: ``kind`` is a member of `RECORD_KINDS`."""

    kind: str
    person: str
    at: datetime
    key: str | None = None
    """A clock, a reason or an assignment policy, depending on the kind."""


RECORD_KINDS = ("accepted", "rejected", "released", "claimed", "met", "missed", "lost", "credit")
"""``missed``: a clock breached; ``met``: met in time; ``lost``: taken by the public pool; ``credit``: R6.5."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A miss that counts towards a suspension (R6.6): person, clock, due time."""

    person: str
    clock: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Reset:
    """A clock met in time: the person's count of consecutive misses returns to 0 (R6.6)."""

    person: str
    clock: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag for the lead (R6.5)."""

    tag: str


@dataclass(frozen=True, slots=True)
class Compensation:
    """A turn that is given back to a person in an assignment policy (R4.7)."""

    policy: str
    person: str


Effect = Notice | Record | Strike | Reset | Tag | Compensation
