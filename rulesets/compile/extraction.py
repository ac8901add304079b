"""Reads a lead for the matcher: the value of each source becomes a piece of the message the engine is given.

A piece lists what is true, as ready text such as ``,"f_3":1,"f_4":1``, for one shard. Numbers and moments are looked up
by their **rank** among the points the policy compares them with: ``2·i + 1`` for the i-th point itself, ``2·i`` for
what lies below it. A comparison holds between a value and a point exactly when it holds between their ranks, so the
pieces of all ranks are made ahead, whatever the value's precision. Texts, options, sets and booleans are judged once
per value and remembered. What a test means is `rulesets.conditions.interpreter`. Pure but for that memory.
"""

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rulesets.compile.compiled import Assertion, Source
from rulesets.conditions.conditions import (
    NUMERIC,
    OPERATORS,
    TEMPORAL,
    CountOf,
    CountTest,
    DaysSinceTest,
    FieldTest,
    Operand,
    PropertyTest,
    SinceOf,
)
from rulesets.conditions.interpreter import TESTS, View, count, days_since, holds
from rulesets.conditions.operands import property_at, read_operand
from rulesets.conditions.reading import FieldType, fold

Pieces = tuple[str, ...]
"""What each of the shards that read a source is told of it."""
Shares = Sequence[Sequence[int]]
"""For each shard that reads a source, the numbers of the assertions it is told of."""
Entry = TypeVar("Entry")
Finish = Callable[[Pieces], Entry]
"""What the matcher makes of pieces; asked once for equal truths of a source, and remembered."""
Lookup = Callable[[Any], Entry]
"""From a value (None: unknown) to what was made of its pieces."""
Reader = Callable[[View], Entry]
"""From a view to what was made of its pieces."""

DAY = 86_400_000_000  # microseconds
REMEMBERED = 4096  # values of one field whose pieces are kept
FOREVER = 3_650_000  # days; a longer window covers every datetime there is
SHORT = 100  # characters of a property's text that is remembered
PLAIN = frozenset({int, float, bool, type(None)})
DIRECT = {"contains": operator.contains, "eq": operator.eq, "neq": operator.ne}
"""Operators whose `rulesets.conditions.interpreter.TESTS` are a function of C, which saves a call."""
_MICROSECOND = timedelta(microseconds=1)
_AT = operator.itemgetter(0)


def lookup(source: Source, shares: Shares, type_: FieldType, zone: ZoneInfo, finish: Finish[Entry]) -> Lookup[Entry]:
    """How values of a field's source are looked up."""
    if type_ in NUMERIC | TEMPORAL:
        return _ranked(source.assertions, Outcomes(source.assertions, shares, finish), type_, zone)
    return ReadingCache(source.assertions, Outcomes(source.assertions, shares, finish), type_, zone).__getitem__


def reader(source: Source, shares: Shares, zone: ZoneInfo, finish: Finish[Entry]) -> Reader[Entry]:
    """How a source that is no field is read from a view."""
    outcomes = Outcomes(source.assertions, shares, finish)
    if source.count is not None:
        return _composed(_counter(source.count), _ranked(source.assertions, outcomes, FieldType.INTEGER, zone))
    if source.days_since is not None:
        look = _ranked(source.assertions, outcomes, FieldType.DECIMAL, zone, scale=DAY)
        return _composed(_clock(source.days_since), look)
    return _properties(source.assertions, outcomes)


def _properties(assertions: Sequence[Assertion], outcomes: "Outcomes[Entry]") -> Reader[Entry]:
    """What is left are tests of the properties of the event at hand; equal short properties are judged once.

    Not so where a test is relative to now, or a property is long or no plain value.
    """
    asked = [(assertion.condition, assertion.holds) for assertion in assertions]
    paths = sorted({test.event for test, _ in asked if isinstance(test, PropertyTest)})
    remembered: dict[Any, Entry] = {}

    def judged(view: View) -> Entry:
        return outcomes[tuple([holds(condition, view) is wanted for condition, wanted in asked])]

    def read(view: View) -> Entry:
        raws = [property_at(view.properties, path) for path in paths]
        if not all(type(raw) in PLAIN or (type(raw) is str and len(raw) <= SHORT) for raw in raws):
            return judged(view)
        looks = tuple([(type(raw), raw) for raw in raws])
        entry = remembered.get(looks)
        if entry is None:
            if len(remembered) >= REMEMBERED:
                remembered.clear()
            entry = remembered[looks] = judged(view)
        return entry

    timeless = all(isinstance(test, PropertyTest) and not _is_relative(test) for test, _ in asked)
    return read if timeless else judged


def _is_relative(test: PropertyTest) -> bool:
    return OPERATORS[test.op].operand is Operand.DAYS


def _composed(number: Callable[[View], int | Fraction | None], look: Lookup[Entry]) -> Reader[Entry]:
    return lambda view: look(number(view))


class Outcomes(dict[tuple[bool, ...], Entry]):
    """Which assertions of a source are true → the finished pieces; emptied when more than `REMEMBERED` are known."""

    def __init__(self, assertions: Sequence[Assertion], shares: Shares, finish: Finish[Entry]) -> None:
        super().__init__()
        self._shares = [[(number, f',"{assertions[number].name}":1') for number in share] for share in shares]
        self._finish = finish

    def __missing__(self, truths: tuple[bool, ...]) -> Entry:
        if len(self) >= REMEMBERED:
            self.clear()
        pieces = tuple(["".join([text for number, text in share if truths[number]]) for share in self._shares])
        self[truths] = entry = self._finish(pieces)
        return entry


class _Judge:
    """The tests of one value as functions of the value and a typed operand."""

    def __init__(self, assertions: Iterable[Assertion], type_: FieldType, zone: ZoneInfo) -> None:
        self.operands: list[Any] = []
        self._functions: list[tuple[Callable[[Any, Any], bool], bool]] = []
        unknown: list[bool] = []
        for assertion in assertions:
            test = assertion.condition
            if not isinstance(test, FieldTest | CountTest | DaysSinceTest):
                raise TypeError(f"not a test of one value: {test!r}")
            self.operands.append(read_operand(type_, OPERATORS[test.op], test.value, zone))
            self._functions.append((_function(test.op), assertion.holds))
            unknown.append((test.op == "unknown") is assertion.holds)
        self.unknown = tuple(unknown)
        """What is true of an unknown value (R2.1)."""

    def with_operands(self, operands: Iterable[Any]) -> Callable[[Any], tuple[bool, ...]]:
        """From a comparable value to what is true of it, given comparable operands."""
        tests = [
            (function, operand, wanted) for (function, wanted), operand in zip(self._functions, operands, strict=True)
        ]
        return lambda value: tuple([function(value, operand) is wanted for function, operand, wanted in tests])


def _function(op: str) -> Callable[[Any, Any], bool]:
    if op in {"known", "unknown"}:
        return lambda _actual, _operand: op == "known"
    return DIRECT.get(op) or TESTS[op]


def _ranked(
    assertions: Sequence[Assertion], outcomes: Outcomes[Entry], type_: FieldType, zone: ZoneInfo, scale: int = 1
) -> Lookup[Entry]:
    """What is true is known ahead for every rank. ``scale`` turns numeric operands into the unit of the values."""
    judge = _Judge(assertions, type_, zone)
    scaled = [_points(operand, scale) for operand in judge.operands]
    points = sorted({point for found in scaled for point in found})
    truths_of = judge.with_operands(_operand_rank(points, found) for found in scaled)
    truths = [*map(truths_of, range(2 * len(points) + 1)), judge.unknown]
    entries: list[Entry | None] = [None] * len(truths)

    def look(value: Any) -> Entry:
        rank = -1 if value is None else bisect_left(points, value) + bisect_right(points, value)
        entry = entries[rank]
        if entry is None:
            entry = entries[rank] = outcomes[truths[rank]]
        return entry

    return look


def _points(operand: Any, scale: int) -> tuple[Any, ...]:
    """An operand's parts, in the unit of the values."""
    if operand is None:
        return ()
    parts = operand if isinstance(operand, tuple) else (operand,)
    return tuple(_exact(part, scale) if isinstance(part, Decimal) else part for part in parts)


def _exact(number: Decimal, scale: int) -> int | Decimal:
    """Whole numbers as integers, which compare fastest; operands in days are whole microseconds (four decimals)."""
    exact = Fraction(number) * scale
    return exact.numerator if exact.denominator == 1 else number


def _operand_rank(points: Sequence[Any], found: tuple[Any, ...]) -> Any:
    ranks = tuple(2 * points.index(point) + 1 for point in found)
    return ranks[0] if len(ranks) == 1 else ranks


class ReadingCache(dict[Any, Entry]):
    """Value → entry, each value judged once; emptied when more than `REMEMBERED` are known."""

    def __init__(
        self, assertions: Sequence[Assertion], outcomes: Outcomes[Entry], type_: FieldType, zone: ZoneInfo
    ) -> None:
        super().__init__()
        judge = _Judge(assertions, type_, zone)
        self._unknown, self._truths, self._outcomes = judge.unknown, judge.with_operands(judge.operands), outcomes

    def __missing__(self, value: Any) -> Entry:
        if len(self) >= REMEMBERED:
            self.clear()
        actual = _folded(value) if isinstance(value, str) else value
        self[value] = entry = self._outcomes[self._unknown if value is None else self._truths(actual)]
        return entry


def _folded(text: str) -> str:
    """`fold`, which for plain ASCII is only this."""
    return " ".join(text.lower().split()) if text.isascii() else fold(text)


def _counter(what: CountOf) -> Callable[[View], int]:
    """How often an event happened: by bisection unless each has to be looked at."""
    if what.where is not None:
        return lambda view: count(what, view)
    window = None if what.days is None or what.days > FOREVER else -(-what.days * DAY // 1)
    span = None if window is None else timedelta(microseconds=int(window))

    def number(view: View) -> int:
        events = view.events(what.event)
        if not events:
            return 0
        now = view.now
        until = bisect_right(events, now, key=_AT)
        return until if span is None else until - bisect_right(events, _earlier(now, span), 0, until, key=_AT)

    return number


def _earlier(now: datetime, span: timedelta) -> datetime:
    try:
        return now - span
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)


def _clock(what: SinceOf) -> Callable[[View], int | Fraction | None]:
    """Microseconds since an event last happened."""
    if what.where is not None:
        return lambda view: None if (days := days_since(what, view)) is None else days * DAY

    def elapsed(view: View) -> int | None:
        events = view.events(what.event)
        last = bisect_right(events, view.now, key=_AT) if events else 0
        return (view.now - events[last - 1][0]) // _MICROSECOND if last else None

    return elapsed
