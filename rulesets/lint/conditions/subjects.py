"""The subject of a test, and a division of the subject's values into cells that some tests cannot tell apart.

A subject is a field, a property of the current event read with one type, a count, or the days since an event. `cells`
divides all values of a subject, unknown included, into cells on which every given test is constant. Example: the tests
``gte 10`` and ``lt 50`` divide a number into the cells below 10, 10, 10 to 50, 50 and above 50. The truth on a cell is
the interpreter's answer for one value of it. Cells may include impossible values and cover all possible ones: what
holds on no cell holds for no lead. Relations between subjects are ignored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rulesets.conditions.conditions import OPERATORS, TEMPORAL, CountTest, DaysSinceTest, FieldTest, PropertyTest
from rulesets.conditions.interpreter import RELATIVE, compare
from rulesets.conditions.numbers import LARGEST_NUMBER
from rulesets.conditions.operands import property_type, read_operand
from rulesets.conditions.reading import Field, FieldType
from rulesets.lint.conditions.texts import set_cells, text_cells
from rulesets.policy.vocabulary import Vocabulary

Test = FieldTest | PropertyTest | CountTest | DaysSinceTest
Span = tuple[int, int]
"""Whole steps of a number's grid, both ends included."""
# Cells of moments are pairs (moment, age): their number is the product of both divisions.
MOST_CELLS = 512
DAY = 86_400_000_000
"""A day in microseconds."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = {
    FieldType.DATE: (date(1000, 1, 1).toordinal(), date(9998, 12, 31).toordinal()),
    FieldType.DATETIME: (-((EPOCH - datetime(999, 12, 30, tzinfo=UTC)) // timedelta(microseconds=1)), 8028 * 366 * DAY),
}
"""Days as ordinals, instants in microseconds since 1970; wider than the readable years 1000 to 9998."""
LONGEST_AGE = 10**22


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers as whole steps: ``scale`` steps make 1; ``low`` and ``high`` bound the steps."""

    scale: int
    low: int
    high: int

    @classmethod
    def of(cls, scale: int, low: int = -LARGEST_NUMBER, high: int = LARGEST_NUMBER) -> "Grid":
        """A grid between two whole numbers."""
        return cls(scale, low * scale, high * scale)


GRIDS = {FieldType.INTEGER: Grid.of(1), FieldType.DECIMAL: Grid.of(10_000)}
COUNTS, DAYS = Grid.of(1, low=0), Grid.of(DAY, low=0)


@dataclass(frozen=True, slots=True)
class TestSubject:
    """``key`` identifies the subject; ``label`` is its text for people; ``field`` is None for other subjects."""

    key: tuple[str, ...]
    type: FieldType
    label: str
    field: Field | None = None
    grid: Grid | None = None
    always_known: bool = False
    whole: bool = False
    """Its tests are only ``known`` and ``unknown``."""


class EquivalenceClass(NamedTuple):
    """Values on which every test is constant. ``what``: None (unknown), a span of steps, a folded text, or OTHER …"""

    what: Any
    truths: tuple[bool, ...]


def subject_of(test: Test, vocabulary: Vocabulary) -> TestSubject:
    """The subject of a test without errors."""
    match test:
        case FieldTest():
            field = vocabulary.fields[test.field]
            return TestSubject(("field", field.key), field.type, field.key, field, _grid_of(field))
        case PropertyTest():
            operator = OPERATORS[test.op]
            type_ = property_type(operator, test.value)
            whole = operator.types == frozenset(FieldType)
            return TestSubject(
                ("property", test.event, "any" if whole else type_),
                type_,
                test.event,
                grid=GRIDS.get(type_),
                whole=whole,
            )
        case CountTest():
            key = ("count", test.count.model_dump_json())
            return TestSubject(key, FieldType.INTEGER, f"count of {test.count.event}", grid=COUNTS, always_known=True)
        case _:
            key = ("days_since", test.days_since.model_dump_json())
            return TestSubject(key, FieldType.DECIMAL, f"days since {test.days_since.event}", grid=DAYS)


def _grid_of(field: Field) -> Grid | None:
    """The grid of a numeric field. Integers that the engine sets are never negative; scores are decimals and can be."""
    grid = GRIDS.get(field.type)
    kept = field.read_only and field.type is FieldType.INTEGER
    return COUNTS if grid and kept else grid


def cells(subject: TestSubject, tests: Sequence[Test], zone: ZoneInfo) -> tuple[EquivalenceClass, ...] | None:
    """The cells of a subject under these tests; None if there would be too many."""
    if subject.whole or subject.type is FieldType.BOOLEAN:
        values: tuple[Any, ...] = ("…",) if subject.whole else (True, False)
        found: Iterable[EquivalenceClass] | None = (_cell(value, subject, tests, zone) for value in values)
    elif subject.grid is not None:
        found = _number_cells(subject, subject.grid, tests, zone)
    elif subject.type in TEMPORAL:
        found = _moment_cells(subject, tests, zone)
    else:
        read = set_cells if subject.type is FieldType.CHOICES else text_cells
        named = read(subject.field, tests, lambda test, value: _holds(test, subject, value, zone))
        found = None if named is None else (EquivalenceClass(what, truths) for what, truths in named)
    if found is None:
        return None
    unknown = () if subject.always_known else (_cell(None, subject, tests, zone),)
    return (*unknown, *found)


def _holds(test: Test, subject: TestSubject, value: Any, zone: ZoneInfo) -> bool:
    return compare(subject.type, test.op, test.value, value, EPOCH, zone)


def _cell(value: Any, subject: TestSubject, tests: Sequence[Test], zone: ZoneInfo) -> EquivalenceClass:
    return EquivalenceClass(value, tuple(_holds(test, subject, value, zone) for test in tests))


def numbers(test: Test, type_: FieldType, zone: ZoneInfo) -> tuple[Any, ...]:
    """The operands of a test, one by one."""
    operand = read_operand(type_, OPERATORS[test.op], test.value, zone)
    return operand if isinstance(operand, tuple) else () if operand is None else (operand,)


def spans(cuts: Iterable[Fraction], low: int, high: int) -> list[Span]:
    """The whole numbers from low to high, divided so that each cut is a part of its own or lies between two parts."""
    starts = {low}
    for cut in cuts:
        # Ceiling and floor + 1: they differ exactly if the cut is a whole step, which then is a span of its own.
        starts |= {-(-cut.numerator // cut.denominator), cut.numerator // cut.denominator + 1}
    inside = [*sorted(start for start in starts if low <= start <= high), high + 1]
    return [(start, after - 1) for start, after in pairwise(inside)]


def _number_cells(
    subject: TestSubject, grid: Grid, tests: Sequence[Test], zone: ZoneInfo
) -> Iterator[EquivalenceClass]:
    cuts = {Fraction(n) * grid.scale for test in tests for n in numbers(test, subject.type, zone)}
    for span in spans(cuts, grid.low, grid.high):
        value = number_at(subject, grid, span[0])
        yield EquivalenceClass(span, tuple(_holds(test, subject, value, zone) for test in tests))


def number_at(subject: TestSubject, grid: Grid, step: int) -> Any:
    """The number at a step of the grid, of the type that the interpreter gets."""
    if subject.type is FieldType.INTEGER:
        return step
    return Fraction(step, DAY) if grid.scale == DAY else Decimal(step) / grid.scale


def _moment_cells(subject: TestSubject, tests: Sequence[Test], zone: ZoneInfo) -> Iterator[EquivalenceClass] | None:
    """Cells of moment and age. Both are treated as independent, because now can be any moment."""
    unit = 1 if subject.type is FieldType.DATE else DAY
    ages = [
        Fraction(days) * unit for test in tests if test.op in RELATIVE for days in numbers(test, subject.type, zone)
    ]
    moments = [_step(at) for test in tests if test.op not in RELATIVE for at in numbers(test, subject.type, zone)]
    at_moments = spans(map(Fraction, moments), *MOMENTS[subject.type])
    at_ages = spans([Fraction(0), *ages] if ages else [], -LONGEST_AGE, LONGEST_AGE)
    if len(at_moments) * len(at_ages) > MOST_CELLS:
        return None
    return (
        EquivalenceClass(
            (moment, age), tuple(_holds_at(test, subject, moment[0], Fraction(age[0], unit), zone) for test in tests)
        )
        for moment, age in product(at_moments, at_ages)
    )


def _step(at: date | datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1) if isinstance(at, datetime) else at.toordinal()


def _holds_at(test: Test, subject: TestSubject, step: int, age: Fraction, zone: ZoneInfo) -> bool:
    if test.op in RELATIVE:
        (days,) = numbers(test, subject.type, zone)
        return RELATIVE[test.op](age, days)
    is_day = subject.type is FieldType.DATE
    return _holds(test, subject, date.fromordinal(step) if is_day else EPOCH + timedelta(microseconds=step), zone)
