"""Operands: their types, and the message for one that does not fit."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rulesets.conditions.conditions import OPERATORS, kind_of
from rulesets.conditions.operands import BadOperand, property_type, read_operand
from rulesets.conditions.reading import FieldType as T

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("type_", "op", "value", "operand"),
    [
        (T.TEXT, "eq", " ＣＴＯ ", "cto"),
        (T.TEXT, "in", ["A", "a", "b"], frozenset({"a", "b"})),
        (T.TEXT, "matches", "^A", "^A"),
        (T.INTEGER, "gte", 12.5, Decimal("12.5")),
        (T.INTEGER, "between", [1, 2], (Decimal(1), Decimal(2))),
        (T.DATE, "before", "2026/1/5", date(2026, 1, 5)),
        (T.DATETIME, "after", "2026-01-05", datetime(2026, 1, 4, 16, tzinfo=UTC)),
        (T.DATE, "within_last_days", 0.5, Decimal("0.5")),
        (T.BOOLEAN, "is_true", None, None),
    ],
)
def test_an_operand_is_typed_once(type_: T, op: str, value: Any, operand: Any) -> None:
    assert read_operand(type_, OPERATORS[op], value, SHANGHAI) == operand


@pytest.mark.parametrize(
    ("type_", "op", "value", "message", "suggestion"),
    [
        (T.TEXT, "eq", 5, "in quotes", "5"),
        (T.TEXT, "eq", True, "in quotes", None),
        (T.TEXT, "eq", None, "missing", None),
        (T.TEXT, "in", "a", "list of texts", ["a"]),
        (T.TEXT, "in", 5, "list of texts", None),
        (T.TEXT, "in", [5], "in quotes", "5"),
        (T.TEXT, "matches", "((", "RE2", None),
        (T.TEXT, "matches", r"(?=a)", "RE2", None),
        (T.TEXT, "matches", "\ud800", "RE2", None),
        (T.INTEGER, "eq", None, "missing", None),
        (T.INTEGER, "eq", "1,200", "without quotes", Decimal(1200)),
        (T.INTEGER, "eq", "many", "without quotes", None),
        (T.DECIMAL, "eq", 0.00001, "four decimals", Decimal(0)),
        (T.DECIMAL, "eq", 1e14, "magnitude", None),
        (T.INTEGER, "between", [1], r"\[low, high\]", None),
        (T.INTEGER, "between", 5, r"\[low, high\]", None),
        (T.DATE, "before", "soon", "a day such as", None),
        (T.DATE, "before", None, "a day such as", None),
        (T.DATE, "within_last_days", -1, "not below 0", None),
        (T.BOOLEAN, "is_true", True, "leave it out", None),
    ],
)
def test_an_operand_that_does_not_fit_says_what_would(
    type_: T, op: str, value: Any, message: str, suggestion: Any
) -> None:
    with pytest.raises(BadOperand, match=message) as refused:
        read_operand(type_, OPERATORS[op], value, SHANGHAI)
    assert refused.value.suggestion == suggestion


@pytest.mark.parametrize(
    ("op", "value", "type_"),
    [
        ("eq", "a", T.TEXT),
        ("eq", 5, T.DECIMAL),
        ("in", ["a"], T.TEXT),
        ("contains", "a", T.TEXT),
        ("has_any", ["a"], T.CHOICES),
        ("is_true", None, T.BOOLEAN),
        ("gt", 5, T.DECIMAL),
        ("between", [1, 2], T.DECIMAL),
        ("between", ["2026-01-01", "2026-02-01"], T.DATE),
        ("between", ["2026-01-01T00:00:00Z", "2026-02-01"], T.DATETIME),
        ("between", None, T.DECIMAL),
        ("before", "2026-01-01", T.DATE),
        ("before", "nonsense", T.DATETIME),
        ("before", 5, T.DATE),
        ("within_last_days", 7, T.DATETIME),
    ],
)
def test_a_property_has_the_type_that_operator_and_operand_imply(op: str, value: Any, type_: T) -> None:
    assert property_type(OPERATORS[op], value) is type_


def test_a_condition_is_known_by_its_one_naming_key() -> None:
    assert kind_of({"all": []}) == "all"
    assert kind_of({"event": "properties.x", "op": "known"}) == "event"
    assert kind_of({"field": "lead.x", "segment": "y"}) is None
    assert kind_of(5) is None
