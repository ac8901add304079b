"""Decay: the value of an occurrence over time, exact to the cent (R3.4, step 4)."""

import math
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.scoring.decay import CURVES, DAY, rounded, worth_of
from rulesets.policy.policy import Decay
from tests.engine.core.scored_leads import balances, event, model, policy, scores, signal


def value(points: int, age: float, **decay: Any) -> int:
    return worth_of(points, Decay.model_validate(decay))(int(age * DAY))[0]


@pytest.mark.parametrize(
    ("decay", "age", "expected"),
    [
        ({"curve": "none"}, 9999, 1000),
        ({"curve": "linear", "percent": 50, "period": {"days": 30}}, 15, 750),
        ({"curve": "linear", "percent": 50, "period": {"days": 30}}, 61, 0),
        ({"curve": "linear", "percent": 100, "period": {"hours": 36}}, 0.5, 667),
        ({"curve": "half_life", "days": 30}, 60, 250),
        ({"curve": "step", "steps": [{"after_days": 7, "percent": 50}, {"after_days": 30, "percent": 0}]}, 6.999, 1000),
        ({"curve": "step", "steps": [{"after_days": 30, "percent": 0}, {"after_days": 7, "percent": 50}]}, 7, 500),
        ({"curve": "step", "steps": [{"after_days": 7, "percent": 50}, {"after_days": 30, "percent": 0}]}, 30, 0),
        ({"curve": "step", "steps": []}, 30, 1000),
        ({"curve": "expire", "days": 7}, 6.999, 1000),
        ({"curve": "expire", "days": 7}, 7, 0),
    ],
)
def test_a_curve_gives_the_value_of_an_age(decay: dict[str, Any], age: float, expected: int) -> None:
    assert value(1000, age, **decay) == expected
    assert value(-1000, age, **decay) == -expected


def test_an_age_below_zero_is_zero() -> None:
    assert value(1000, -5, curve="linear", percent=50, period={"days": 30}) == 1000


def test_a_step_or_an_end_within_a_day_takes_effect_at_that_very_microsecond() -> None:
    worth = worth_of(1000, Decay.model_validate({"curve": "expire", "days": 0.5}))
    assert [worth(DAY // 2 + shift)[0] for shift in (-1, 0)] == [1000, 0]


@pytest.mark.parametrize(("points", "floor", "expected"), [(1000, 2, 200), (-1000, 2, -200), (100, 2, 100), (0, 2, 0)])
def test_the_magnitude_never_falls_below_the_floor_nor_above_the_points(points: int, floor: int, expected: int) -> None:
    assert value(points, 999, curve="expire", days=7, floor=floor) == expected


def test_the_factor_shown_is_the_one_that_gives_the_value() -> None:
    half = worth_of(1000, Decay.model_validate({"curve": "half_life", "days": 30, "floor": 4}))
    assert half(30 * DAY) == (500, 0.5)
    assert half(60 * DAY) == (400, 0.4)


def test_halves_are_rounded_away_from_zero() -> None:
    assert [rounded(part, 2) for part in (0, 1, 2, 3)] == [0, 1, 1, 2]
    assert value(35, 30, curve="half_life", days=30) == 18
    assert value(-35, 30, curve="half_life", days=30) == -18
    assert value(35, 30, curve="linear", percent=50, period={"days": 30}) == 18


@pytest.mark.parametrize("curve", ["linear", "half_life", "expire"])
def test_a_curve_without_its_parts_is_refused_with_what_it_needs(curve: str) -> None:
    with pytest.raises(ValueError, match=f"a {curve} decay needs"):
        worth_of(1000, Decay.model_validate({"curve": curve}))


def test_every_curve_of_the_policy_is_known() -> None:
    assert set(CURVES) == {"none", "linear", "half_life", "step", "expire"}


def near_half(points: int, days: int, cents: int) -> int:
    """An age in microseconds at which a half-life is as near as possible to a rounding edge."""
    return round(days * DAY * math.log2(points / (cents + 0.5)))


@given(st.integers(1, 10**11), st.integers(1, 400), st.integers(0, 4000 * DAY))
def test_half_life_is_the_exact_power_rounded(points: int, days: int, age: int) -> None:
    check_half_life(points, days, age)


@given(st.integers(2, 10**11), st.integers(1, 400), st.data())
def test_half_life_is_exact_beside_a_rounding_edge_too(points: int, days: int, data: st.DataObject) -> None:
    cents = data.draw(st.integers(0, points - 1))
    check_half_life(points, days, near_half(points, days, cents) + data.draw(st.integers(-2, 2)))


def check_half_life(points: int, days: int, age: int) -> None:
    with localcontext() as context:
        context.prec = 60
        power = Decimal("0.5") ** (Decimal(max(0, age)) / (days * DAY)) * points
        expected = rounded(*power.as_integer_ratio())
    assert worth_of(points, Decay.model_validate({"curve": "half_life", "days": days}))(age)[0] == expected


@given(
    st.integers(1, 10**11),
    st.decimals("0.01", 100, places=2),
    st.integers(1, 400),
    st.integers(0, 900 * DAY),
)
def test_linear_is_the_exact_ratio_rounded(points: int, percent: Decimal, days: int, age: int) -> None:
    left = max(Fraction(0), 1 - Fraction(percent) / 100 * age / (days * DAY))
    decay = Decay.model_validate({"curve": "linear", "percent": percent, "period": {"days": days}})
    assert worth_of(points, decay)(age)[0] == rounded(*(points * left).as_integer_ratio())


DECAYS = st.one_of(
    st.fixed_dictionaries({"curve": st.just("half_life"), "days": st.integers(1, 90)}),
    st.fixed_dictionaries({"curve": st.just("expire"), "days": st.integers(1, 90)}),
    st.fixed_dictionaries(
        {
            "curve": st.just("linear"),
            "percent": st.integers(1, 100),
            "period": st.fixed_dictionaries({"days": st.integers(1, 90)}),
        }
    ),
)


@given(st.integers(-(10**6), 10**6), DECAYS, st.integers(0, 2000), st.lists(st.integers(0, 200 * DAY), min_size=2))
def test_decay_never_rises_nor_crosses_its_floor_nor_changes_sign(
    points: int, decay: dict[str, Any], floor: int, ages: list[int]
) -> None:
    worth = worth_of(points, Decay.model_validate({**decay, "floor": floor / 100}))
    values = [worth(age)[0] for age in sorted(ages)]
    magnitudes = [abs(one) for one in values]
    assert magnitudes == sorted(magnitudes, reverse=True)
    assert all(min(abs(points), floor) <= one <= abs(points) for one in magnitudes)
    assert all(one * points >= 0 for one in values)


def test_a_ledger_line_says_raw_factor_value_and_contribution() -> None:
    rules = policy(model([{}, signal(points=0.35, decay={"curve": "half_life", "days": 30})]))
    found = scores(rules, None, event(days_ago=30))
    line = found.ledger[0]
    assert (line.raw, line.factor, line.value, line.contribution) == (
        Decimal("0.35"), 0.5, Decimal("0.18"), Decimal("0.18"),
    )  # fmt: skip
    assert found.engagement == Decimal("0.18")
    assert balances(found)


def test_a_faded_occurrence_still_counts_and_keeps_its_line() -> None:
    rules = policy(model([{}, signal(decay={"curve": "expire", "days": 7})]))
    found = scores(rules, None, event(days_ago=8), event(days_ago=6))
    assert [(float(line.value), line.factor) for line in found.ledger] == [(0, 0.0), (10, 1.0)]


def test_age_is_measured_to_the_microsecond() -> None:
    rules = policy(model([{}, signal(decay={"curve": "expire", "days": 7})]))
    one = event(days_ago=7)
    assert scores(rules, None, one).engagement == 0
    assert scores(rules, None, one, now=one.occurred_at + timedelta(days=7, microseconds=-1)).engagement == 10
