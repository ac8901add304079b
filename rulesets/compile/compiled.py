"""What the compiler makes of a policy, as values that are stored with the version (docs/contract/design.md §4).

The engine of durable_rules only ever sees which **literals** are true: a literal is one test of the policy, or the
negation of one, under a generated name; it is asserted as 1 when true and is absent otherwise. Numbers, dates and texts
never reach the engine, and with them none of its traps. Literals belong to **sources**: one thing read from a lead,
whose value decides all of them at once. Negation is a literal of its own because an unknown value makes a test false
and its negation true (R2.1).

Shape only; `rulesets.compile.compiler` makes it, `rulesets.compile.extraction` reads leads by it.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rulesets.conditions.conditions import Condition, CountOf, SinceOf

ANCHOR = {"k": "L"}
SENTINEL = "z"


class Stored(BaseModel):
    """Base of every compiled part: immutable and complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Assertion(Stored):
    """``name`` is asserted when ``condition`` is ``holds``."""

    condition: Condition
    holds: bool
    name: str


class Source(Stored):
    """One thing read from a lead: a field, a count, the days since an event, or (none of them) the whole view."""

    field: str | None = None
    count: CountOf | None = None
    days_since: SinceOf | None = None
    assertions: Annotated[tuple[Assertion, ...], Field(min_length=1)]


class Read(Stored):
    """What a shard is told of a source: which of its assertions, by number."""

    source: int
    assertions: Annotated[tuple[int, ...], Field(min_length=1)]


class Shard(Stored):
    """A ruleset of the engine: ``definition`` as it takes it, ``rules[i]`` the id of the rule it calls ``str(i)``."""

    rules: tuple[str, ...]
    definition: dict[str, Any]
    reads: Annotated[tuple[Read, ...], Field(min_length=1)]


class Ruleset(Stored):
    """All rules of one moment: those true of every lead, and the rest in shards."""

    always: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    shards: tuple[Shard, ...] = ()


class Compiled(Stored):
    """A whole compiled policy; ``model_dump(mode="json")`` is what a version stores.

    ``edition`` is that of the rules it was published under (`rulesets.conditions.reading.EDITION`); versions that
    say none are of the first.
    """

    format: Literal[2] = 2
    edition: int = 1
    rulesets: dict[str, Ruleset] = {}
