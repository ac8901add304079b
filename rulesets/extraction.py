"""Reads a lead for the matcher: each source of a compiled ruleset becomes a piece of the message the engine is given.

A piece is a ready text such as ``,"f_3":5,"f_4":1``, empty when there is nothing to assert. Sources that depend on one
value alone look the piece up by the value; ranks are found by bisection among the points (`rulesets.compiled`). What
counts and tests mean is `rulesets.interpreter`. Pure: the only state is memory of what a value was rendered to.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import chain
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from rulesets.compiled import UNKNOWN_LOW, Slot, Source
from rulesets.conditions import CountOf, FieldTest, SinceOf
from rulesets.interpreter import View, compare, count, days_since, holds
from rulesets.points import READ_POINT
from rulesets.reading import FieldType, fold
from rulesets.vocabulary import Vocabulary

Reader = Callable[[View], str]
DAY = 86_400_000_000  # microseconds
REMEMBERED = 4096  # values of one field whose pieces are kept
FOREVER = 3_650_000  # days; a longer window covers every datetime there is
_MICROSECOND = timedelta(microseconds=1)
_AT = itemgetter(0)


def reader(source: Source, vocabulary: Vocabulary, zone: ZoneInfo) -> Reader:
    """A function from a view to the piece of this source."""
    if source.field is not None:
        return _field_reader(source.field, source, vocabulary.fields[source.field].type, zone)
    if source.count is not None:
        return _number_reader(source, _counter(source.count))
    if source.days_since is not None:
        return _number_reader(source, _clock(source.days_since), scale=DAY)
    return _test_reader(source)


def ranked_pieces(source: Source) -> tuple[tuple[str, ...], str]:
    """The piece of every rank, and the piece of the unknown value; tests aside."""
    top = 2 * len(source.points)
    ranks = tuple(_piece(source.names, rank, rank, rank) for rank in range(top + 1))
    return ranks, _piece(source.names, None, UNKNOWN_LOW, top + 1)


def _piece(names: Mapping[Slot, str], value: int | None, low: int, high: int) -> str:
    numbers = ((Slot.VALUE, value), (Slot.LOW, low), (Slot.HIGH, high))
    return "".join(f',"{names[slot]}":{number}' for slot, number in numbers if number is not None and slot in names)


def points_in_order(source: Source, scale: int = 1) -> list[Any]:
    """The points as comparable values; whole numbers as integers, which compare fastest."""
    points = map(READ_POINT[source.of], source.points)
    if source.of != "number":
        return list(points)
    return [int(exact) if (exact := Fraction(point) * scale).denominator == 1 else point for point in points]


def _field_reader(key: str, source: Source, type_: FieldType, zone: ZoneInfo) -> Reader:
    rank, (ranks, unknown) = _ranker(source), ranked_pieces(source)
    unknown += "".join(f',"{test.name}":0' for test in source.tests if test.negated)
    tests = [
        (test.condition.op, test.condition.value, f',"{test.name}":1', f',"{test.name}":0' if test.negated else "")
        for test in source.tests
        if isinstance(test.condition, FieldTest)
    ]

    def render(value: Any, now: datetime) -> str:
        truths = (yes if compare(type_, op, operand, value, now, zone) else no for op, operand, yes, no in tests)
        return "".join(chain((ranks[rank(value)],), truths))

    if source.of in {"text", "boolean", "none"}:
        return _remembering(key, render, unknown)

    def read_ranked(view: View) -> str:
        value = view.value(key)
        return unknown if value is None else ranks[rank(value)]

    return read_ranked


def _ranker(source: Source) -> Callable[[Any], int]:
    """The rank of a known value: odd at a point, even between points."""
    points = points_in_order(source)
    if source.of in {"text", "boolean", "none"}:
        codes = {point: 2 * index + 1 for index, point in enumerate(points)}
        return lambda value: codes.get(fold(value) if isinstance(value, str) else value, 0)

    def rank(value: Any) -> int:
        index = bisect_left(points, value)
        return 2 * index + (index < len(points) and points[index] == value)

    return rank


def _remembering(key: str, render: Callable[[Any, datetime], str], unknown: str) -> Reader:
    """Renders each distinct value once; the memory is emptied when it grows beyond `REMEMBERED`."""
    pieces: dict[Any, str] = {None: unknown}

    def read(view: View) -> str:
        value = view.value(key)
        piece = pieces.get(value)
        if piece is None:
            if len(pieces) > REMEMBERED:
                pieces.clear()
                pieces[None] = unknown
            piece = pieces[value] = render(value, view.now)
        return piece

    return read


def _number_reader(source: Source, number: Callable[[View], int | Fraction | None], scale: int = 1) -> Reader:
    points, (ranks, unknown) = points_in_order(source, scale), ranked_pieces(source)
    total = len(points)

    def read(view: View) -> str:
        value = number(view)
        if value is None:
            return unknown
        index = bisect_left(points, value)
        return ranks[2 * index + (index < total and points[index] == value)]

    return read


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
        if span is None:
            return until
        return until - bisect_right(events, _earlier(now, span), 0, until, key=_AT)

    return number


def _earlier(now: datetime, span: timedelta) -> datetime:
    try:
        return now - span
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)


def _clock(what: SinceOf) -> Callable[[View], int | Fraction | None]:
    """Microseconds since an event last happened."""
    if what.where is not None:

        def asked(view: View) -> Fraction | None:
            days = days_since(what, view)
            return None if days is None else days * DAY

        return asked

    def elapsed(view: View) -> int | None:
        events: Sequence[Any] = view.events(what.event)
        last = bisect_right(events, view.now, key=_AT) if events else 0
        return (view.now - events[last - 1][0]) // _MICROSECOND if last else None

    return elapsed


def _test_reader(source: Source) -> Reader:
    """Conditions of the whole view, each asked anew."""
    tests = [
        (test.condition, f',"{test.name}":1', f',"{test.name}":0' if test.negated else "") for test in source.tests
    ]
    return lambda view: "".join(yes if holds(condition, view) else no for condition, yes, no in tests)
