"""Reads a lead for the matcher: the value of each source becomes a piece of the message to durable_rules.

A piece lists the true literals for one shard, as JSON text such as ``,"f_3":1,"f_4":1``. Numbers and moments are looked
up by their **rank** among the points with which the policy compares them: ``2·i + 1`` at the i-th point, ``2·i`` below
it. With the points 10 and 50, the value 7 has rank 0, 10 has rank 1, 30 rank 2, 50 rank 3 and 99 rank 4. A comparison
holds between a value and a point exactly when it holds between their ranks. So one piece per rank is enough, at any
precision of the value. Texts, options, sets and booleans are evaluated once per value and cached.
`rulesets.conditions.interpreter` defines the tests. Pure except for the caches.
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
"""For each shard that reads a source, the part of the message that the source contributes."""
Shares = Sequence[Sequence[int]]
"""For each shard that reads a source, the numbers of the assertions that it gets."""
Entry = TypeVar("Entry")
Finish = Callable[[Pieces], Entry]
"""Turns pieces into the matcher's own form; called once per combination of truths, and the result is cached."""
Lookup = Callable[[Any], Entry]
"""From a value (None: unknown) to its finished pieces."""
Reader = Callable[[View], Entry]
"""From a view to its finished pieces."""

DAY = 86_400_000_000  # microseconds
REMEMBERED = 4096  # most cached values per field; the cache is emptied when full
FOREVER = 3_650_000  # days; a longer window contains every datetime
SHORT = 100  # characters; the result for a longer text is not cached
PLAIN = frozenset({int, float, bool, type(None)})
DIRECT = {"contains": operator.contains, "eq": operator.eq, "neq": operator.ne}
"""Operators with a C function that does the same as `rulesets.conditions.interpreter.TESTS`, one call faster."""
_MICROSECOND = timedelta(microseconds=1)
_AT = operator.itemgetter(0)


def lookup(source: Source, shares: Shares, type_: FieldType, zone: ZoneInfo, finish: Finish[Entry]) -> Lookup[Entry]:
    """The look-up of the values of a field."""
    if type_ in NUMERIC | TEMPORAL:
        return _ranked(source.assertions, Outcomes(source.assertions, shares, finish), type_, zone)
    return ReadingCache(source.assertions, Outcomes(source.assertions, shares, finish), type_, zone).__getitem__


def reader(source: Source, shares: Shares, zone: ZoneInfo, finish: Finish[Entry]) -> Reader[Entry]:
    """The reader of a source that is not a field."""
    outcomes = Outcomes(source.assertions, shares, finish)
    if source.count is not None:
        return _composed(_counter(source.count), _ranked(source.assertions, outcomes, FieldType.INTEGER, zone))
    if source.days_since is not None:
        look = _ranked(source.assertions, outcomes, FieldType.DECIMAL, zone, scale=DAY)
        return _composed(_clock(source.days_since), look)
    return _properties(source.assertions, outcomes)


def _properties(assertions: Sequence[Assertion], outcomes: "Outcomes[Entry]") -> Reader[Entry]:
    """The reader of a source that is the whole view, such as tests of the current event's properties.

    Equal short properties are evaluated once and cached. There is no caching if a test is relative to now or is not a
    property test, or if a property is long or not a plain value.
    """
    asked = [(assertion.condition, assertion.holds) for assertion in assertions]
    paths = sorted({test.event for test, _ in asked if isinstance(test, PropertyTest)})
    remembered: dict[Any, Entry] = {}

    def judged(view: View) -> Entry:
        return outcomes[tuple([holds(condition, view) is wanted for condition, wanted in asked])]

    def read(view: View) -> Entry:
        raws = [property_at(view.properties, path) for path in paths]
        # Long texts would fill the memory, and lists and objects are not hashable.
        if not all(type(raw) in PLAIN or (type(raw) is str and len(raw) <= SHORT) for raw in raws):
            return judged(view)
        # With the type: 1, 1.0 and True are equal as keys but read differently.
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
    """Which assertions of a source are true → the finished pieces; emptied when it has `REMEMBERED` entries."""

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
        """The truths for an unknown value (R2.1)."""

    def with_operands(self, operands: Iterable[Any]) -> Callable[[Any], tuple[bool, ...]]:
        """A function from a comparable value to its truths, for these comparable operands."""
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
    """A look-up by rank. ``scale`` converts numeric operands into the unit of the values."""
    judge = _Judge(assertions, type_, zone)
    scaled = [_points(operand, scale) for operand in judge.operands]
    points = sorted({point for found in scaled for point in found})
    truths_of = judge.with_operands(_operand_rank(points, found) for found in scaled)
    truths = [*map(truths_of, range(2 * len(points) + 1)), judge.unknown]
    entries: list[Entry | None] = [None] * len(truths)

    def look(value: Any) -> Entry:
        # Left and right differ by one exactly at a point, which makes the rank there odd. -1 is the entry of unknown.
        rank = -1 if value is None else bisect_left(points, value) + bisect_right(points, value)
        entry = entries[rank]
        if entry is None:
            entry = entries[rank] = outcomes[truths[rank]]
        return entry

    return look


def _points(operand: Any, scale: int) -> tuple[Any, ...]:
    """The parts of an operand (two for a range), in the unit of the values."""
    if operand is None:
        return ()
    parts = operand if isinstance(operand, tuple) else (operand,)
    return tuple(_exact(part, scale) if isinstance(part, Decimal) else part for part in parts)


def _exact(number: Decimal, scale: int) -> int | Decimal:
    """A whole number as int, which compares fastest. Operands in days have four decimals: whole microseconds."""
    exact = Fraction(number) * scale
    return exact.numerator if exact.denominator == 1 else number


def _operand_rank(points: Sequence[Any], found: tuple[Any, ...]) -> Any:
    ranks = tuple(2 * points.index(point) + 1 for point in found)
    return ranks[0] if len(ranks) == 1 else ranks


class ReadingCache(dict[Any, Entry]):
    """Value → entry, each value evaluated once; emptied when it has `REMEMBERED` entries."""

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
    """The same as `fold`, faster for ASCII text."""
    return " ".join(text.lower().split()) if text.isascii() else fold(text)


def _counter(what: CountOf) -> Callable[[View], int]:
    """How often an event happened: by bisection, or one by one if there is a ``where``."""
    if what.where is not None:
        return lambda view: count(what, view)
    # Rounded up: ages are whole microseconds, so age < window and age < ceil(window) are the same.
    window = None if what.days is None or what.days > FOREVER else -(-what.days * DAY // 1)
    span = None if window is None else timedelta(microseconds=int(window))

    def number(view: View) -> int:
        events = view.events(what.event)
        if not events:
            return 0
        now = view.now
        # Right of now, as an event at now counts; right of now - span, as one exactly that old does not.
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
