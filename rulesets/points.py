"""The values a policy compares a lead with, as the compiler orders, stores and looks them up.

Points of one source are of one kind and hence comparable: exact numbers, days, instants, folded text, booleans. What an
operand means is `rulesets.operands`; operators that do not compare with points are left to the interpreter.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rulesets.conditions import OPERATORS
from rulesets.moments import CannotCompile
from rulesets.operands import BadOperand, OperandValue, read_operand
from rulesets.reading import FieldType

Kind = Literal["number", "date", "datetime", "text", "boolean", "none"]
Point = Decimal | date | datetime | str | bool

KIND_OF: Mapping[FieldType, Kind] = {
    FieldType.TEXT: "text",
    FieldType.CHOICE: "text",
    FieldType.CHOICES: "none",
    FieldType.INTEGER: "number",
    FieldType.DECIMAL: "number",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
}

COMPARES = frozenset({
    "eq", "neq", "lt", "lte", "gt", "gte", "between", "before", "after", "on_or_before", "on_or_after",
})  # fmt: skip
"""Operators whose operands are points; those without an operand need none."""

READ_POINT: Mapping[Kind, Callable[[str], Any]] = {
    "number": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "text": str,
    "boolean": lambda text: text == "true",
    "none": str,
}


def write_point(point: Point) -> str:
    """A point as it is stored; `READ_POINT` of its kind reads it back."""
    if isinstance(point, bool):
        return "true" if point else "false"
    return point.isoformat() if isinstance(point, date) else str(point)


def points_of(type_: FieldType, op: str, value: Any, zone: ZoneInfo) -> tuple[Point, ...] | None:
    """The points a test on a value of this type compares with; None when it is not such a comparison.

    Raises CannotCompile when the operator does not apply to the type or its operand cannot be read.
    """
    operand = _operand(type_, op, value, zone)
    if op in {"is_true", "is_false"}:
        return (op == "is_true",)
    if op in {"known", "unknown"}:
        return ()
    if op not in COMPARES:
        return None
    return operand if isinstance(operand, tuple) else (operand,)  # type: ignore[return-value]  # the shape of COMPARES


def _operand(type_: FieldType, op: str, value: Any, zone: ZoneInfo) -> OperandValue:
    operator = OPERATORS.get(op)
    if operator is None or type_ not in operator.types:
        raise CannotCompile(f"the operator {op!r} does not apply to {type_.value}")
    try:
        return read_operand(type_, operator, value, zone)
    except BadOperand as bad:
        raise CannotCompile(f"{op} {value!r}: {bad}") from bad
