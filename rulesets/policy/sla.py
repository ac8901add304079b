"""Clocks and strikes as values (R6.1–R6.9). Shape only; `engine.core.sla` runs them."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from rulesets.conditions.conditions import ALWAYS, Condition
from rulesets.document.wording import says
from rulesets.policy.parts import DottedKey, Duration, Flag, Key, Keyed, Part, Stage, Text, shape_of


class StartsOn(Part):
    """What starts a clock: exactly one of a stage, an event, an assignment."""

    stage: Stage | None = None
    event: DottedKey | None = None
    assigned: Literal["sdr", "sales"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "StartsOn":
        if [self.stage, self.event, self.assigned].count(None) != 2:
            raise ValueError(says("give exactly one of stage, event, assigned"))
        return self


class EventMatch(Part):
    """An event that meets, cancels or breaks a clock."""

    event: DottedKey
    when: Condition | None = None
    unless_justified: Flag = False


EventItem = Annotated[Annotated[DottedKey, Tag("text")] | Annotated[EventMatch, Tag("object")], Discriminator(shape_of)]


class Action(Part):
    """What a clock does (R6.5); the lint checks which of ``to``, ``reason``, ``tag`` it takes."""

    do: Literal["notify", "strike", "reassign", "escalate", "pool", "queue", "recycle", "tag", "disqualify", "credit"]
    to: Text | None = None
    reason: Key | None = None
    tag: Text | None = None


class Chain(Part):
    """Actions that replace ``on_breach`` after several breaches."""

    after_breaches: Annotated[int, Field(strict=True, ge=1)]
    actions: tuple[Action, ...] = ()


class ClockRule(Keyed):
    """One clock (R6.1–R6.9)."""

    role: Literal["sdr", "sales", "manager"]
    kind: Literal["deadline", "hold"] = "deadline"
    starts_on: StartsOn
    when: Condition = ALWAYS
    met_by: tuple[EventItem, ...] = ()
    by: Literal["owner", "role"] = "owner"
    cancelled_by: tuple[EventItem, ...] = ()
    broken_by: tuple[EventItem, ...] = ()
    window: Duration
    clock: Literal["elapsed", "business"] = "elapsed"
    warn_at: tuple[Annotated[int, Field(strict=True, gt=0, lt=100)], ...] = ()
    on_warn: tuple[Action, ...] = ()
    on_breach: tuple[Action, ...] = ()
    on_held: tuple[Action, ...] = ()
    then: Chain | None = None


class StrikeRule(Part):
    """Consecutive misses lead to a suspension (R6.6)."""

    role: Literal["sdr", "sales"]
    sla: Annotated[tuple[Key, ...], Field(min_length=1)]
    consecutive: Annotated[int, Field(strict=True, ge=1)]
    suspend: Duration
