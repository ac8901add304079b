"""Reads a lead for the matcher: the value of each source becomes a piece of the message the engine is given.

A piece lists the literals that are true, as ready text such as ``,"f_3":1,"f_4":1``. Numbers and moments are looked up
by their **rank** among the points the policy compares them with: ``2·i + 1`` for the i-th point itself, ``2·i`` for
what lies below it. A comparison holds between a value and a point exactly when it holds between their ranks, so the pieces
of all ranks are made ahead, whatever the value's precision. Texts, options, sets and booleans are judged once per value
and remembered. What a test means is `rulesets.interpreter`. Pure but for that memory.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from rulesets.compiled import Assertion, Source
from rulesets.conditions import NUMERIC, OPERATORS, TEMPORAL, CountOf, CountTest, DaysSinceTest, FieldTest, SinceOf
from rulesets.interpreter import TESTS, View, count, days_since, holds
from rulesets.operands import read_operand
from rulesets.reading import FieldType, fold

Lookup = Callable[[Any], str]
"""From a value (None: unknown) to its piece."""
Reader = Callable[[View], str]
"""From a view to a piece."""

DAY = 86_400_000_000  # microseconds
REMEMBERED = 4096  # values of one field whose pieces are kept
FOREVER = 3_650_000  # days; a longer window covers every datetime there is
KNOWN = {"known": True, "unknown": False}
_MICROSECOND = timedelta(microseconds=1)
_AT = itemgetter(0)


def lookup(source: Source, type_: FieldType, zone: ZoneInfo) -> Lookup:
    """How values of a field's source become pieces."""
    if type_ in NUMERIC | TEMPORAL:
        return _ranked(source.assertions, type_, zone)
    return Remembered(source.assertions, type_, zone).__getitem__


def reader(source: Source, zone: ZoneInfo) -> Reader:
    """How a source that is no field is read from a view."""
    if source.count is not None:
        return _composed(_counter(source.count), _ranked(source.assertions, FieldType.INTEGER, zone))
    if source.days_since is not None:
        return _composed(_clock(source.days_since), _ranked(source.assertions, FieldType.DECIMAL, zone, scale=DAY))
    asked = [(assertion.condition, assertion.holds, _piece(assertion)) for assertion in source.assertions]
    return lambda view: "".join(piece for condition, wanted, piece in asked if holds(condition, view) is wanted)


def _composed(number: Callable[[View], int | Fraction | None], ranked: Lookup) -> Reader:
    return lambda view: ranked(number(view))


def _piece(assertion: Assertion) -> str:
    return f',"{assertion.name}":1'


def _unknown_piece(assertions: Iterable[Assertion]) -> str:
    """An unknown value satisfies ``unknown`` and every negation of another test (R2.1)."""
    return "".join(_piece(a) for a in assertions if (_test(a).op == "unknown") is a.holds)


def _test(assertion: Assertion) -> FieldTest | CountTest | DaysSinceTest:
    """The condition as a test of one value, which is all that sources other than the whole view have."""
    if not isinstance(assertion.condition, FieldTest | CountTest | DaysSinceTest):
        raise TypeError(f"not a test of a value: {assertion.condition!r}")
    return assertion.condition


def _ranked(assertions: tuple[Assertion, ...], type_: FieldType, zone: ZoneInfo, scale: int = 1) -> Lookup:
    """Pieces by rank. ``scale`` turns operands into the unit of the values."""
    tests = [(a, read_operand(type_, OPERATORS[_test(a).op], _test(a).value, zone)) for a in assertions]
    scaled = [(a, _points(operand, scale)) for a, operand in tests]
    points = sorted({point for _, found in scaled for point in found})
    judged = [(a, _operand_rank(points, found)) for a, found in scaled]
    pieces = tuple(
        "".join(_piece(a) for a, operand in judged if _truth(_test(a).op, rank, operand) is a.holds)
        for rank in range(2 * len(points) + 1)
    )
    unknown = _unknown_piece(assertions)

    def look(value: Any) -> str:
        return unknown if value is None else pieces[bisect_left(points, value) + bisect_right(points, value)]

    return look


def _points(operand: Any, scale: int) -> tuple[Any, ...]:
    """Operands as comparable points: whole numbers as integers, which compare fastest."""
    if operand is None:
        return ()
    parts = operand if isinstance(operand, tuple) else (operand,)
    return tuple(part if isinstance(part, datetime) or hasattr(part, "year") else _exact(part, scale) for part in parts)


def _exact(number: Any, scale: int) -> int | Fraction:
    exact = Fraction(number) * scale
    return exact.numerator if exact.denominator == 1 else number


def _operand_rank(points: list[Any], found: tuple[Any, ...]) -> Any:
    ranks = tuple(2 * points.index(point) + 1 for point in found)
    return ranks[0] if len(ranks) == 1 else ranks


def _truth(op: str, actual: Any, operand: Any) -> bool:
    return KNOWN[op] if op in KNOWN else TESTS[op](actual, operand)


class Remembered(dict[Any, str]):
    """Value → piece, each value judged once; emptied when more than `REMEMBERED` are known."""

    def __init__(self, assertions: tuple[Assertion, ...], type_: FieldType, zone: ZoneInfo) -> None:
        super().__init__()
        self._unknown = _unknown_piece(assertions)
        self._tests = [
            (_test(a).op, read_operand(type_, OPERATORS[_test(a).op], _test(a).value, zone), a.holds, _piece(a))
            for a in assertions
        ]

    def __missing__(self, value: Any) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        self[value] = piece = self._unknown if value is None else self._judge(value)
        return piece

    def _judge(self, value: Any) -> str:
        actual = fold(value) if isinstance(value, str) else value
        return "".join(piece for op, operand, wanted, piece in self._tests if _truth(op, actual, operand) is wanted)


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
