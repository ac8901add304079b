"""Conditions: the tree a policy writes, and the one table of operators (R2.1–R2.7).

Truth is two-valued. An unknown value satisfies no test except ``unknown`` (R2.1); ``none`` is true when every child is
false. The form, the lint, the compiler, the interpreter and the docs read `OPERATORS`; nothing else lists operators.
This module only describes conditions; `rulesets.conditions.interpreter` evaluates them and `rulesets.compile.compiler`
translates them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

from rulesets.conditions.numbers import Number
from rulesets.conditions.reading import FieldType
from rulesets.policy.parts import PropertyPath


class Operand(StrEnum):
    """The form of ``value`` that an operator takes."""

    NONE = "none"
    ONE = "one"
    MANY = "many"
    RANGE = "range"
    PATTERN = "pattern"
    DAYS = "days"


NUMERIC = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
TEMPORAL = frozenset({FieldType.DATE, FieldType.DATETIME})
TEXTUAL = frozenset({FieldType.TEXT})
SINGLE = frozenset({FieldType.TEXT, FieldType.CHOICE})
SETS = frozenset({FieldType.CHOICES})
EVERY = frozenset(FieldType)


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its ``key``, the field ``types`` it applies to and the ``operand`` it takes."""

    key: str
    types: frozenset[FieldType]
    operand: Operand


OPERATORS: dict[str, Operator] = {
    o.key: o
    for o in (
        Operator("known", EVERY, Operand.NONE),
        Operator("unknown", EVERY, Operand.NONE),
        Operator("eq", SINGLE | NUMERIC, Operand.ONE),
        Operator("neq", SINGLE | NUMERIC, Operand.ONE),
        Operator("in", SINGLE, Operand.MANY),
        Operator("not_in", SINGLE, Operand.MANY),
        Operator("contains", TEXTUAL, Operand.ONE),
        Operator("not_contains", TEXTUAL, Operand.ONE),
        Operator("starts_with", TEXTUAL, Operand.ONE),
        Operator("ends_with", TEXTUAL, Operand.ONE),
        Operator("matches", TEXTUAL, Operand.PATTERN),
        Operator("has_any", SETS, Operand.MANY),
        Operator("has_all", SETS, Operand.MANY),
        Operator("has_none", SETS, Operand.MANY),
        Operator("lt", NUMERIC, Operand.ONE),
        Operator("lte", NUMERIC, Operand.ONE),
        Operator("gt", NUMERIC, Operand.ONE),
        Operator("gte", NUMERIC, Operand.ONE),
        Operator("between", NUMERIC | TEMPORAL, Operand.RANGE),
        Operator("is_true", frozenset({FieldType.BOOLEAN}), Operand.NONE),
        Operator("is_false", frozenset({FieldType.BOOLEAN}), Operand.NONE),
        Operator("before", TEMPORAL, Operand.ONE),
        Operator("after", TEMPORAL, Operand.ONE),
        Operator("on_or_before", TEMPORAL, Operand.ONE),
        Operator("on_or_after", TEMPORAL, Operand.ONE),
        Operator("within_last_days", TEMPORAL, Operand.DAYS),
        Operator("more_than_days_ago", TEMPORAL, Operand.DAYS),
    )
}


class Node(BaseModel):
    """Base of every condition: immutable, and an unknown key is an error (R0.3)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AllOf(Node):
    """True when every child is true; ``all: []`` is true (R2.2)."""

    all: tuple["Condition", ...]


class AnyOf(Node):
    """True when at least one child is true; an empty list is an error."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1)]


class NoneOf(Node):
    """True when every child is false; an empty list is an error."""

    none: Annotated[tuple["Condition", ...], Field(min_length=1)]


class FieldTest(Node):
    """Tests a fact of the lead, its company or its answers, or a value the engine keeps."""

    field: str
    op: str
    value: JsonValue = None


class PropertyTest(Node):
    """Tests a property of the current event (``properties.…``); allowed only in conditions of signals and counts."""

    event: PropertyPath
    op: str
    value: JsonValue = None


class CountOf(Node):
    """How often an event happened in (now − days × 24 h, now]; without ``days``, in the whole history."""

    event: str
    days: Annotated[Number, Field(gt=0)] | None = None
    where: "Condition | None" = None


class CountTest(Node):
    """Compares a count (R2.3)."""

    count: CountOf
    op: str
    value: JsonValue = None


class SinceOf(Node):
    """The last occurrence of an event."""

    event: str
    where: "Condition | None" = None


class DaysSinceTest(Node):
    """Compares the days since the last occurrence: a real number, unknown if it never happened (R2.3)."""

    days_since: SinceOf
    op: str
    value: JsonValue = None


class SegmentTest(Node):
    """A named condition of the policy's ``segments``."""

    segment: str


KINDS: dict[str, type[Node]] = {
    "all": AllOf,
    "any": AnyOf,
    "none": NoneOf,
    "field": FieldTest,
    "event": PropertyTest,
    "count": CountTest,
    "days_since": DaysSinceTest,
    "segment": SegmentTest,
}


def kind_of(value: Any) -> str | None:
    """The kind of a raw or parsed condition, by the key that names it; None if no key or several keys do."""
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    named = [kind for kind in KINDS if kind in keys]
    return named[0] if len(named) == 1 else None


Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NoneOf, Tag("none")]
    | Annotated[FieldTest, Tag("field")]
    | Annotated[PropertyTest, Tag("event")]
    | Annotated[CountTest, Tag("count")]
    | Annotated[DaysSinceTest, Tag("days_since")]
    | Annotated[SegmentTest, Tag("segment")],
    Discriminator(kind_of),
]
Group = Literal["all", "any", "none"]
ALWAYS = AllOf(all=())


def children(condition: Node) -> tuple[Node, ...]:
    """Direct children of a group, else none. A ``where`` is no child: it is evaluated for each event on its own."""
    match condition:
        case AllOf():
            return condition.all
        case AnyOf():
            return condition.any
        case NoneOf():
            return condition.none
        case _:
            return ()


def walk(condition: Node) -> Iterator[Node]:
    """The condition and all nodes below it, parents first; does not follow segments or ``where``."""
    yield condition
    for child in children(condition):
        yield from walk(child)
