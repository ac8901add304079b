"""The values that decisions read and write: events, facts, scores, verdicts.

Only data, no business rules. Moments are aware UTC datetimes; points are exact decimals with two decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

JsonObject = Mapping[str, Any]
EMPTY: JsonObject = {}


class Stage(StrEnum):
    """The stage of a lead (R4.5)."""

    RAW = "raw"
    NURTURE = "nurture"
    READY = "ready"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    WON = "won"
    LOST = "lost"
    DISQUALIFIED = "disqualified"


OPEN_STAGES = frozenset({Stage.RAW, Stage.NURTURE, Stage.READY, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY})
BEFORE_MQL = frozenset({Stage.RAW, Stage.NURTURE, Stage.READY})


@dataclass(frozen=True, slots=True)
class LeadEvent:
    """One event of a lead as in the envelope (docs/contract/design.md §2); ``seq``: its number in the inbox, or 0."""

    source: str
    id: str
    type: str
    occurred_at: datetime
    identities: Mapping[str, str] = field(default_factory=dict)
    traits: JsonObject = field(default_factory=dict)
    company: JsonObject = field(default_factory=dict)
    answers: JsonObject = field(default_factory=dict)
    properties: JsonObject = field(default_factory=dict)
    actor: str | None = None
    imported: bool = False
    trusted: bool = True
    seq: int = 0
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Kind → text of identifiers that name nobody: each is a note."""
    visitor: bool = False
    """Nothing but a value that several people share names the lead."""

    @property
    def order(self) -> tuple[datetime, str, str]:
        """The order of history: (occurred_at, source, id) (R1.4, R3.4)."""
        return (self.occurred_at, self.source, self.id)


@dataclass(frozen=True, slots=True)
class FactClaim:
    """The latest readable statement about a fact: its ``raw`` JSON value (None if cleared) and its event."""

    raw: Any
    occurred_at: datetime
    source: str
    event_id: str

    @property
    def order(self) -> tuple[datetime, str, str]:
        """The order of statements: the latest one counts."""
        return (self.occurred_at, self.source, self.event_id)


@dataclass(frozen=True, slots=True)
class Note:
    """A data-quality note: a value that could not be read; ``code`` says why."""

    field: str
    code: str
    raw: str
    source: str
    event_id: str
    occurred_at: datetime


class FitLine(NamedTuple):
    """A true fit rule and its points."""

    group: str
    rule: str
    points: Decimal


class LedgerLine(NamedTuple):
    """One counted occurrence: raw × factor = value → contribution (R3.5)."""

    group: str
    signal: str
    source: str
    event_id: str
    occurred_at: datetime
    raw: Decimal
    factor: float
    value: Decimal
    contribution: Decimal
    cut_by: str | None = None


class Adjustment(NamedTuple):
    """What a bound added to a sum (R3.5); ``level`` is group or total."""

    level: str
    key: str
    amount: Decimal


class SignalTotal(NamedTuple):
    """Sums of one signal: how often it counted, its value before limits, its contribution after them."""

    group: str
    signal: str
    counted: int
    value: Decimal
    contribution: Decimal


@dataclass(frozen=True, slots=True)
class Scores:
    """Both scores at a moment, with their arithmetic.

    ``fit_groups`` has (key, sum of rules, sum within the group's bounds). ``ledger`` builds its lines on access,
    because a lead may have 10,000. ``signals`` has the sums by signal, in document order.
    """

    model: str
    fit: Decimal
    engagement: Decimal
    grade: str
    heat: str
    cell: str
    fit_start: Decimal
    fit_lines: tuple[FitLine, ...]
    fit_groups: tuple[tuple[str, Decimal, Decimal], ...]
    ledger: Sequence[LedgerLine]
    adjustments: tuple[Adjustment, ...]
    truncated: bool = False
    signals: tuple[SignalTotal, ...] = ()


@dataclass(frozen=True, slots=True)
class ChecklistResult:
    """The result of a checklist; ``items`` has the keys of the items that are met."""

    met: int
    of: int
    required: int
    passed: bool
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A requirement of a route that is not met: ``code`` is item, points, flag, confirm, cell or condition (R4.4)."""

    code: str
    detail: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of qualification at a moment, without stages and people (R4.1–R4.7)."""

    excluded: str | None
    flagged: tuple[str, ...]
    checklists: Mapping[str, ChecklistResult]
    route: str | None
    missing: tuple[Missing, ...]
    missing_route: str | None = None
