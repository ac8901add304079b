"""The compiled policy as values; they are stored with the version (docs/contract/design.md §4).

durable_rules only gets the **literals** that are true. A literal is one test of the policy, or its negation, under a
generated name; it is asserted as 1 when true and absent otherwise. Numbers, dates and texts never reach the library, so
its defects with them cannot occur. A **source** is one thing read from a lead, such as a field; its value decides all
literals of the source. A negation is a literal of its own, because an unknown value makes a test false and its negation
true (R2.1).

Shape only; `rulesets.compile.compiler` writes it, `rulesets.compile.extraction` reads leads with it.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rulesets.conditions.conditions import Condition, CountOf, SinceOf

# Every message has it: a rule needs a comparison that is always present (an empty $and hangs the library).
ANCHOR = {"k": "L"}
# A rule that fires last for every message; if it does not, the shard has failed (docs/matching.md).
SENTINEL = "z"


class Stored(BaseModel):
    """Base of every compiled part: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Assertion(Stored):
    """``name`` is asserted when the truth of ``condition`` equals ``holds``."""

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
    """Which assertions of a source a shard gets, by number."""

    source: int
    assertions: Annotated[tuple[int, ...], Field(min_length=1)]


class Shard(Stored):
    """A ruleset of durable_rules: its ``definition``; ``rules[i]`` is the id of the rule named ``str(i)`` there."""

    rules: tuple[str, ...]
    definition: dict[str, Any]
    reads: Annotated[tuple[Read, ...], Field(min_length=1)]


class Ruleset(Stored):
    """All rules of one moment: ``always`` are true for every lead, the others are in shards."""

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
