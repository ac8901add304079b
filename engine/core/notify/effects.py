"""What a decision does beyond the lead itself: people told, misses counted, credit given, tags (R6.1–R7.3).

Pure values, in the order in which they happen. A live batch writes them down in its transaction, a simulation keeps
them in memory; both feed strikes to `engine.core.sla.discipline`. ``cause`` is stable: the same cause has an effect
once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told something.

    ``to``: owner, manager, team, sdr, or an e-mail; ``person`` is whom it is about: the owner of that moment, whose
    manager and team are meant (None: all managers). ``kind`` is a key of `engine.core.notify.notices.KINDS`.
    """

    kind: str
    to: str
    person: str | None
    cause: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """What somebody did, missed or was credited with, for good: ``kind`` is a member of `RECORD_KINDS`."""

    kind: str
    person: str
    at: datetime
    key: str | None = None
    """Clock, reason or assignment policy, as the kind has it."""


RECORD_KINDS = ("accepted", "rejected", "released", "claimed", "met", "missed", "lost", "credit")
"""``missed``: a clock breached; ``met``: met in time; ``lost``: taken by the public pool; ``credit``: R6.5."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A miss that counts towards a suspension (R6.6): who, of which clock, due when."""

    person: str
    clock: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Reset:
    """A clock met in time: its person's consecutive misses of it begin anew (R6.6)."""

    person: str
    clock: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag for the lead (R6.5)."""

    tag: str


@dataclass(frozen=True, slots=True)
class Compensation:
    """The turn a person gets back in an assignment policy (R4.7)."""

    policy: str
    person: str


Effect = Notice | Record | Strike | Reset | Tag | Compensation
