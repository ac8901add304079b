"""Typed operands of conditions, and event properties read with the type that a test implies (R2.5, R2.6).

The lint, the compiler and the interpreter read operands only here. An operand that does not fit raises `BadOperand`;
its message says what to write instead. A policy without lint errors never raises it.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import re2

from rulesets.conditions.conditions import NUMERIC, TEMPORAL, Operand, Operator
from rulesets.conditions.numbers import decimals, read_number
from rulesets.conditions.reading import EDITION, Field, FieldType, Value, fold, is_empty, parse_moment, read
from rulesets.document.wording import Sentence, Word, reason_of, says

OperandValue = None | str | Decimal | date | datetime | frozenset[str] | tuple[Any, Any]
"""Typed: folded text, exact number, day or UTC instant; a set of folded texts; (low, high); a pattern as written."""


class BadOperand(ValueError):
    """A ``value`` that does not fit its operator and type; ``suggestion`` is a value that fits, or None."""

    def __init__(self, message: Sentence, suggestion: object = None) -> None:
        super().__init__(message)
        self.says, self.suggestion = message, suggestion


def read_operand(type_: FieldType, operator: Operator, value: Any, zone: ZoneInfo) -> OperandValue:
    """The typed operand of a test on a value of this type; raises BadOperand."""
    return _SHAPES[operator.operand](type_, value, zone)


def _one(type_: FieldType, value: Any, zone: ZoneInfo) -> OperandValue:
    if type_ in NUMERIC:
        return _number(value)
    if type_ in TEMPORAL:
        return _moment(type_, value, zone)
    return fold(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise BadOperand(says("a value is missing"))
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    raise BadOperand(says("give a text, in quotes"), text)


def _number(value: Any) -> Decimal:
    if value is None:
        raise BadOperand(says("a value is missing"))
    try:
        number = read_number(value)
    except ValueError as error:
        reading = read(Field("operand", FieldType.DECIMAL), value, ZoneInfo("UTC")).value
        raise BadOperand(reason_of(error), reading) from error
    if decimals(number) > 4:
        raise BadOperand(says("give at most four decimals"), round(number, 4))
    return number


def _moment(type_: FieldType, value: Any, zone: ZoneInfo) -> date | datetime:
    reading = read(Field("operand", type_), value, zone)
    # A datetime passes this check too: it is a subclass of date.
    if not isinstance(reading.value, date):
        raise BadOperand(says("give a day such as 2026-11-21, or a time such as 2026-11-21T10:00:00+08:00"))
    return reading.value


def _many(_type: FieldType, value: Any, _zone: ZoneInfo) -> OperandValue:
    if not isinstance(value, list | tuple):
        raise BadOperand(says("give a list of texts"), [value] if isinstance(value, str) else None)
    return frozenset(fold(_text(member)) for member in value)


def _range(type_: FieldType, value: Any, zone: ZoneInfo) -> OperandValue:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise BadOperand(says("give a list of two: [low, high]; both ends are included"))
    return _one(type_, value[0], zone), _one(type_, value[1], zone)


def _days(_type: FieldType, value: Any, _zone: ZoneInfo) -> OperandValue:
    days = _number(value)
    if days < 0:
        raise BadOperand(says("give a number of days, not below 0"))
    return days


def _pattern(_type: FieldType, value: Any, _zone: ZoneInfo) -> OperandValue:
    pattern = _text(value)
    try:
        compiled(pattern)
    except (re2.error, UnicodeEncodeError) as error:
        why = Word("pattern", _reason(error))
        raise BadOperand(says("not a pattern RE2 understands: %(why)s", why=why)) from error
    return pattern


def _reason(error: Exception) -> str:
    first = error.args[0]
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


def _none(_type: FieldType, value: Any, _zone: ZoneInfo) -> OperandValue:
    if value is not None:
        raise BadOperand(says("this operator takes no value: leave it out"))
    return None


_SHAPES: dict[Operand, Callable[[FieldType, Any, ZoneInfo], OperandValue]] = {
    Operand.NONE: _none,
    Operand.ONE: _one,
    Operand.MANY: _many,
    Operand.RANGE: _range,
    Operand.PATTERN: _pattern,
    Operand.DAYS: _days,
}


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The RE2 pattern as written, case-insensitive, to search folded text (R2.4). Raises re2.error."""
    options = re2.Options()
    options.case_sensitive = False
    # RE2 would print the error to stderr; the lint reports it instead.
    options.log_errors = False
    return re2.compile(pattern, options)


def property_type(operator: Operator, value: Any) -> FieldType:
    """The type with which an event property is read: operator and operand imply it (R2.5).

    ``between`` and the temporal operators follow the operand: numbers, days (``2026-11-21``) or datetimes.
    """
    if operator.operand is Operand.DAYS:
        return FieldType.DATETIME
    first = value[0] if isinstance(value, list | tuple) and value else value
    if isinstance(first, str) and operator.types & TEMPORAL:
        return _moment_type(first)
    if operator.types & TEMPORAL and not operator.types & NUMERIC:
        return FieldType.DATE
    # bool is a subclass of int, but true is no number here.
    is_number = isinstance(first, int | float) and not isinstance(first, bool)
    if operator.types == NUMERIC or (operator.types & NUMERIC and (is_number or operator.types & TEMPORAL)):
        return FieldType.DECIMAL
    return next((type_ for type_ in (FieldType.TEXT, FieldType.CHOICES) if type_ in operator.types), FieldType.BOOLEAN)


def _moment_type(text: str, edition: int = EDITION) -> FieldType:
    try:
        return FieldType.DATETIME if isinstance(parse_moment(text, edition), datetime) else FieldType.DATE
    except ValueError:
        return FieldType.DATETIME


def read_property(raw: object, operator: Operator, value: Any, zone: ZoneInfo, edition: int = EDITION) -> Value | None:
    """An event property, read with the type that the test implies; None if it is not readable (R2.5).

    ``known`` and ``unknown`` test only whether a value was sent. Operators relative to now take the type from the
    property itself: ``2026-11-21`` is a day, ``2026-11-21T10:00:00Z`` an instant.
    """
    if operator.types == frozenset(FieldType):
        # A value that cannot be read as text, such as a list, is still known: any text stands for it.
        return None if is_empty(raw) else read(Field("property", FieldType.TEXT), raw, zone).value or "…"
    type_ = property_type(operator, value)
    if operator.operand is Operand.DAYS:
        type_ = _moment_type(raw, edition) if isinstance(raw, str) else type_
    return read(Field("property", type_, edition=edition), raw, zone).value


def property_at(properties: Mapping[str, Any] | None, path: str) -> object:
    """The raw value at a path such as ``properties.utm.source``; None if there is none."""
    found: object = properties
    for step in path.split(".")[1:]:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
