"""Scoring models as values: fit, engagement, matrix (R3.1–R3.9). Shape only; `engine.core.scoring` calculates."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from rulesets.conditions.conditions import ALWAYS, Condition
from rulesets.conditions.numbers import Number, Points
from rulesets.policy.parts import CellKey, DottedKey, Duration, Flag, Key, Keyed, Part, shape_of

GRADES = ("A", "B", "C", "D")
HEATS = ("frenzied", "hot", "warm", "cold")

EventKeys = Annotated[
    Annotated[DottedKey, Tag("text")] | Annotated[tuple[DottedKey, ...], Field(min_length=1), Tag("list")],
    Discriminator(shape_of),
]
"""One event key, or a list of them."""


class FitRule(Keyed):
    """Points for who the lead is."""

    when: Condition
    points: Points
    enabled: Flag = True


class FitGroup(Keyed):
    """Fit rules whose sum is clamped."""

    min: Points | None = None
    max: Points | None = None
    rules: tuple[FitRule, ...] = ()


class Fit(Part):
    """The static score (R3.3)."""

    start: Points = Decimal(0)
    groups: tuple[FitGroup, ...] = ()
    min: Points | None = None
    max: Points | None = None
    grades: dict[Literal["A", "B", "C"], Points] = {}  # noqa: RUF012 - pydantic copies defaults


class Repeat(Part):
    """How often a signal may count (R3.4, step 3)."""

    per: Literal["event", "asset", "day"]
    times: Annotated[int, Field(strict=True, gt=0)] | None = None
    window: Duration | None = None


class DecayStep(Part):
    """One step of a step decay."""

    after_days: Annotated[Number, Field(ge=0)]
    percent: Annotated[Number, Field(ge=0, le=100)]


class Decay(Part):
    """How the points of a signal decay with age (R3.4, step 4)."""

    curve: Literal["none", "linear", "half_life", "step", "expire"]
    percent: Annotated[Number, Field(gt=0, le=100)] | None = None
    period: Duration | None = None
    days: Annotated[Number, Field(gt=0)] | None = None
    steps: tuple[DecayStep, ...] = ()
    floor: Annotated[Points, Field(ge=0)] | None = None


class Signal(Keyed):
    """Points for what the lead does."""

    event: EventKeys
    when: Condition = ALWAYS
    points: Points
    max: Annotated[Points, Field(ge=0)] | None = None
    repeat: Repeat | None = None
    decay: Decay | None = None
    enabled: Flag = True

    @property
    def events(self) -> tuple[str, ...]:
        """The event keys that this signal counts."""
        return (self.event,) if isinstance(self.event, str) else self.event


class SignalGroup(Keyed):
    """Signals whose total is clamped."""

    min: Points | None = None
    max: Points | None = None
    signals: tuple[Signal, ...] = ()


class Engagement(Part):
    """The dynamic score (R3.4)."""

    groups: tuple[SignalGroup, ...] = ()
    min: Points | None = None
    max: Points | None = None
    heats: dict[Literal["frenzied", "hot", "warm"], Points] = {}  # noqa: RUF012 - pydantic copies defaults


class Cell(Part):
    """What happens to a lead of one grade and heat (R3.8)."""

    action: Literal["sales", "sdr", "nurture", "hold", "disqualify"]
    priority: Annotated[int, Field(strict=True, ge=1, le=5)] = 3
    assignment: Key | None = None
    sla: tuple[Key, ...] | None = None


class Matrix(Part):
    """The sixteen cells; those not listed take ``default``."""

    default: Cell = Cell(action="nurture")
    cells: dict[CellKey, Cell] = {}  # noqa: RUF012 - pydantic copies defaults

    def cell(self, grade: str, heat: str) -> Cell:
        """The cell of a grade and heat."""
        return self.cells.get(f"{grade}.{heat}", self.default)


class Model(Keyed):
    """One scoring model (R3.1–R3.9)."""

    priority: Annotated[int, Field(strict=True)] = 100
    when: Condition = ALWAYS
    scores: Literal["lead", "account"] = "lead"
    fit: Fit = Fit()
    engagement: Engagement = Engagement()
    matrix: Matrix = Matrix()
