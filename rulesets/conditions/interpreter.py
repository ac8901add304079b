"""The reference evaluator of conditions (R2.1–R2.7): whether a condition is true, and why.

The compiled rules must agree with `holds` on every lead. `holds` also answers when the matcher fails. `explain` gives
the truth of every part. A lead is read through a `View` only. Truth is two-valued: an unknown value satisfies no test
except ``unknown`` (R2.1).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from rulesets.conditions.conditions import (
    OPERATORS,
    AllOf,
    AnyOf,
    Condition,
    CountOf,
    CountTest,
    DaysSinceTest,
    FieldTest,
    Node,
    NoneOf,
    PropertyTest,
    SegmentTest,
    SinceOf,
)
from rulesets.conditions.operands import OperandValue, compiled, property_at, property_type, read_operand, read_property
from rulesets.conditions.reading import FieldType, Value, fold
from rulesets.policy.vocabulary import Vocabulary

Properties = Mapping[str, Any]
Occurrence = tuple[datetime, Properties]
Actual = Value | Fraction | None


class View(Protocol):
    """What a condition may read: one lead at one moment.

    ``now`` is an aware datetime, ``zone`` the policy zone, ``properties`` those of the current event (None outside
    signals). ``value`` gives the typed value of a field, None when unknown. ``events`` gives (occurred_at, properties)
    of the listed event, newest last. Events later than ``now`` are not yet history and are ignored (R1.9).
    """

    @property
    def now(self) -> datetime: ...
    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def vocabulary(self) -> Vocabulary: ...
    @property
    def properties(self) -> Properties | None: ...
    def value(self, field: str) -> Value | None: ...
    def events(self, key: str) -> Sequence[Occurrence]: ...
    def segment(self, key: str) -> Condition: ...


@dataclass(frozen=True, slots=True)
class Explanation:
    """One node with its truth; ``actual`` is the value that a test read (None: unknown, or a group)."""

    node: Node
    holds: bool
    actual: Actual = None
    children: tuple["Explanation", ...] = ()


def holds(condition: Node, view: View) -> bool:
    """Whether a condition of a policy without lint errors is true. See `View` for what it reads."""
    return _holds(condition, view, view.properties)


def explain(condition: Node, view: View) -> Explanation:
    """The condition with the truth and the actual value of every node, true or false."""
    return _explain(condition, view, view.properties)


def _holds(node: Node, view: View, properties: Properties | None) -> bool:
    match node:
        case AllOf():
            return all(_holds(child, view, properties) for child in node.all)
        case AnyOf():
            return any(_holds(child, view, properties) for child in node.any)
        case NoneOf():
            return not any(_holds(child, view, properties) for child in node.none)
        case SegmentTest():
            return _holds(view.segment(node.segment), view, properties)
        case _:
            return _test(node, view, properties)[0]


def _explain(node: Node, view: View, properties: Properties | None) -> Explanation:
    match node:
        case AllOf(all=parts) | AnyOf(any=parts) | NoneOf(none=parts):
            children = tuple(_explain(part, view, properties) for part in parts)
        case SegmentTest():
            children = (_explain(view.segment(node.segment), view, properties),)
        case _:
            return Explanation(node, *_test(node, view, properties))
    return Explanation(node, _holds(node, view, properties), None, children)


def _test(node: Node, view: View, properties: Properties | None) -> tuple[bool, Actual]:
    """Truth of a test and the value that it read."""
    match node:
        case FieldTest():
            actual: Actual = view.value(node.field)
            type_ = view.vocabulary.fields[node.field].type
        case PropertyTest():
            operator = OPERATORS[node.op]
            raw, edition = property_at(properties, node.event), view.vocabulary.edition
            actual = read_property(raw, operator, node.value, view.zone, edition)
            type_ = property_type(operator, node.value)
        case CountTest():
            actual, type_ = count(node.count, view), FieldType.INTEGER
        case DaysSinceTest():
            actual, type_ = days_since(node.days_since, view), FieldType.DECIMAL
        case _:
            raise TypeError(f"not a condition: {node!r}")
    return compare(type_, node.op, node.value, actual, view.now, view.zone), actual


def count(what: CountOf, view: View) -> int:
    """How many matching events lie in (now − days × 24 h, now] (R2.3)."""
    # Exact microseconds: with float days an event could fall on the wrong side of the edge of the window.
    window = None if what.days is None else what.days * 86_400_000_000
    return sum(
        1
        for at, properties in view.events(what.event)
        if (age := (view.now - at) // _MICROSECOND) >= 0
        # An event exactly ``days`` old is outside: the window is open at its old end.
        and (window is None or age < window)
        and (what.where is None or _holds(what.where, view, properties))
    )


def days_since(what: SinceOf, view: View) -> Fraction | None:
    """Exact days since the last matching event; None if there is none (R2.3)."""
    for at, properties in reversed(view.events(what.event)):
        if at <= view.now and (what.where is None or _holds(what.where, view, properties)):
            return Fraction((view.now - at) // _MICROSECOND, 86_400_000_000)
    return None


def compare(type_: FieldType, op: str, value: Any, actual: Actual, now: datetime, zone: ZoneInfo) -> bool:
    """One test: the typed actual value against the operand as written in the policy."""
    # Before the operand is read: an unknown value fails every other test, negative ones (`neq`, `not_in`) included.
    if actual is None or op in {"known", "unknown"}:
        return (op == "unknown") is (actual is None) and op in {"known", "unknown"}
    # The cache needs a hashable key, and lists are not hashable.
    operand = _operand(type_, op, tuple(value) if isinstance(value, list) else value, zone)
    if op in RELATIVE:
        return RELATIVE[op](_age(actual, now, zone), operand)
    if isinstance(actual, Fraction):
        operand = _exact(operand)
    return TESTS[op](fold(actual) if isinstance(actual, str) else actual, operand)


# typed: 1, 1.0 and True are equal as cache keys, but are different operands.
@lru_cache(maxsize=65_536, typed=True)
def _operand(type_: FieldType, op: str, value: Any, zone: ZoneInfo) -> OperandValue:
    return read_operand(type_, OPERATORS[op], value, zone)


def _exact(operand: Any) -> Any:
    """Decimals as fractions, to compare them exactly with a Fraction."""
    return tuple(map(Fraction, operand)) if isinstance(operand, tuple) else Fraction(operand)


_MICROSECOND = timedelta(microseconds=1)


def _age(value: Any, now: datetime, zone: ZoneInfo) -> Fraction:
    """Days from a value to now: calendar days in the policy zone for a date, 24 h for a datetime (R2.6)."""
    if isinstance(value, datetime):
        return Fraction((now - value) // _MICROSECOND, 86_400_000_000)
    return Fraction((now.astimezone(zone).date() - value).days)


def _members(value: tuple[str, ...]) -> set[str]:
    return {fold(member) for member in value}


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda actual, operand: bool(actual == operand),
    "neq": lambda actual, operand: bool(actual != operand),
    "in": lambda actual, operand: actual in operand,
    "not_in": lambda actual, operand: actual not in operand,
    "contains": lambda actual, operand: operand in actual,
    "not_contains": lambda actual, operand: operand not in actual,
    "starts_with": lambda actual, operand: bool(actual.startswith(operand)),
    "ends_with": lambda actual, operand: bool(actual.endswith(operand)),
    "matches": lambda actual, operand: compiled(operand).search(actual) is not None,
    "has_any": lambda actual, operand: not operand.isdisjoint(_members(actual)),
    "has_all": lambda actual, operand: operand <= _members(actual),
    "has_none": lambda actual, operand: operand.isdisjoint(_members(actual)),
    "lt": lambda actual, operand: bool(actual < operand),
    "lte": lambda actual, operand: bool(actual <= operand),
    "gt": lambda actual, operand: bool(actual > operand),
    "gte": lambda actual, operand: bool(actual >= operand),
    "between": lambda actual, operand: bool(operand[0] <= actual <= operand[1]),
    "is_true": lambda actual, _operand: actual is True,
    "is_false": lambda actual, _operand: actual is False,
    "before": lambda actual, operand: bool(actual < operand),
    "after": lambda actual, operand: bool(actual > operand),
    "on_or_before": lambda actual, operand: bool(actual <= operand),
    "on_or_after": lambda actual, operand: bool(actual >= operand),
}
"""Operator → truth of (comparable actual value, comparable operand)."""

RELATIVE: dict[str, Callable[[Fraction, Any], bool]] = {
    # A value in the future has a negative age: it is neither within the last days nor days ago (R2.6).
    "within_last_days": lambda age, days: 0 <= age < Fraction(days),
    "more_than_days_ago": lambda age, days: age >= Fraction(days),
}
"""Operator → truth of (age of the value in days, days)."""
