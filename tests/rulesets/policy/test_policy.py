"""What the classes of the policy compute: durations, checklists, cells, exact numbers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rulesets.conditions.numbers import decimals, read_number, write_number
from rulesets.policy.parts import Duration
from rulesets.policy.policy import Checklist, Require
from rulesets.policy.scoring import Matrix, Signal

ITEM = {"key": "i", "when": {"all": []}}


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ({"seconds": 2}, timedelta(seconds=2)),
        ({"minutes": 30}, timedelta(minutes=30)),
        ({"hours": 1.5}, timedelta(hours=1, minutes=30)),
        ({"days": 14}, timedelta(days=14)),
    ],
)
def test_a_duration_has_an_exact_length(written: dict[str, Any], length: timedelta) -> None:
    assert Duration.model_validate(written).timedelta == length


@pytest.mark.parametrize("written", [{}, {"hours": None}, {"hours": 1, "days": 1}, {"seconds": 1e-9}, {"days": 40_000}])
def test_a_duration_has_exactly_one_unit_and_some_length(written: dict[str, Any]) -> None:
    """R0.4."""
    with pytest.raises(ValueError, match="exactly one of"):
        Duration.model_validate(written)


@pytest.mark.parametrize(
    ("require", "items", "needed"),
    [({"met": 4}, 6, 4), ({"met": 0}, 6, 0), ({"fraction": "2/3"}, 15, 10), ({"fraction": "2/3"}, 4, 3)],
)
def test_a_checklist_needs_a_number_or_a_fraction_rounded_up(require: dict[str, Any], items: int, needed: int) -> None:
    rows = [ITEM | {"key": f"i{n}"} for n in range(items)]
    checklist = Checklist.model_validate({"key": "c", "items": rows, "require": Require.model_validate(require)})
    assert checklist.required == needed


def test_an_unlisted_cell_takes_the_default() -> None:
    matrix = Matrix.model_validate({"default": {"action": "hold"}, "cells": {"A.hot": {"action": "sales"}}})
    assert matrix.cell("A", "hot").action == "sales"
    assert matrix.cell("D", "cold").action == "hold"


def test_a_signal_listens_to_one_event_or_to_several() -> None:
    assert Signal.model_validate({"key": "s", "event": "a.b", "points": 1}).events == ("a.b",)
    assert Signal.model_validate({"key": "s", "event": ["a.b", "c.d"], "points": 1}).events == ("a.b", "c.d")


def test_numbers_are_exact_inside_and_plain_outside() -> None:
    assert read_number(0.1) == Decimal("0.1")
    assert [write_number(Decimal(text)) for text in ("7", "7.0", "7.25")] == [7, 7, 7.25]
    assert [decimals(Decimal(text)) for text in ("100", "7.0", "0.25", "-1.005")] == [0, 0, 2, 3]
