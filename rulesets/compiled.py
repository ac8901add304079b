"""What the compiler makes of a policy, as values that are stored with the version (POLICY.md §§2–6, DESIGN.md §4).

The engine of durable_rules only ever sees small integers under generated names. A **source** is one thing read from a
lead: a field, a count, the days since an event, or tests that Python computes. Its value is asserted as

- its **rank** among the **points** the policy compares it with: ``2·i + 1`` for the i-th point itself, ``2·i`` for what
  lies below it, ``2·n`` above the last. A comparison with a point holds exactly when it holds between the ranks, so
  decimals, dates and fractions of days keep their order without being rounded or scaled;
- under ``value`` when known, under ``low`` and ``high`` with a filler below or above every rank when unknown (`none`
  must be true of unknown values, R2.1), and under one name per **test**, 1 or 0.

Shape only; `rulesets.compiler` makes it, `rulesets.extraction` reads leads by it.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rulesets.conditions import Condition, CountOf, SinceOf
from rulesets.points import Kind

UNKNOWN_LOW = -1
ANCHOR = {"k": "L"}
SENTINEL = "z"


class Stored(BaseModel):
    """Base of every compiled part: immutable and complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Slot(StrEnum):
    """Under which of its names a source is asserted."""

    VALUE = "value"
    LOW = "low"
    HIGH = "high"


class Computed(Stored):
    """A condition that Python computes: ``name`` is 1 when true; 0 when false if ``negated``, else absent."""

    condition: Condition
    name: str
    negated: bool


class Source(Stored):
    """One thing read from a lead, and the names it is asserted under.

    At most one of ``field``, ``count``, ``days_since`` is given; without them ``tests`` are of the whole view.
    ``of`` is how ``points`` are written: numbers, days, dates and datetimes as text; options and text folded.
    """

    field: str | None = None
    count: CountOf | None = None
    days_since: SinceOf | None = None
    of: Kind
    points: tuple[str, ...] = ()
    names: dict[Slot, str] = {}
    tests: tuple[Computed, ...] = ()


class Shard(Stored):
    """A ruleset of the engine: ``definition`` as it takes it, ``rules[i]`` the id of the rule it calls ``str(i)``."""

    rules: tuple[str, ...]
    definition: dict[str, Any]
    sources: Annotated[tuple[int, ...], Field(min_length=1)]


class Ruleset(Stored):
    """All rules of one moment: those true of every lead, and the rest in shards."""

    always: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    shards: tuple[Shard, ...] = ()


class Compiled(Stored):
    """A whole compiled policy; ``model_dump(mode="json")`` is what a version stores."""

    format: Literal[1] = 1
    rulesets: dict[str, Ruleset] = {}
