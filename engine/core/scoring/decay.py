"""The value of an occurrence at an age: the curves of R3.4, step 4, exact to the cent.

Points are whole cents; ages are whole microseconds. Linear and step use integers. Half-life uses binary floats; if the
result is near a half cent, where a float could round the wrong way, it uses decimals of 34 digits. Halves are rounded
away from zero. This module does not know events or signals.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import TypeVar

from rulesets.policy.policy import Decay

MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
"""A day in microseconds."""

Worth = Callable[[int], tuple[int, float]]
"""Age in microseconds → (value in cents, factor)."""

_EXACT = Context(prec=34)
_T = TypeVar("_T")


def worth_of(points: int, decay: Decay) -> Worth:
    """The decay of ``points`` cents along a curve, with floor and sign.

    Example: 1000 cents, half-life of 30 days and a floor of 2 points give 500 after 30 days, 250 after 60 and 200 after
    90. Raises ValueError if a parameter of the curve is missing.
    """
    faded = CURVES[decay.curve](abs(points), decay)
    # A floor above the points must not raise them.
    floor = 0 if decay.floor is None else min(abs(points), int(decay.floor * 100))
    # Curves work on magnitudes, so that halves of negative points are rounded away from zero too.
    sign = -1 if points < 0 else 1

    def worth(age: int) -> tuple[int, float]:
        value, factor = faded(max(0, age))
        if value < floor:
            value, factor = floor, floor / abs(points)
        return sign * value, factor

    return worth


def _none(points: int, _decay: Decay) -> Worth:
    return lambda _age: (points, 1.0)


def _linear(points: int, decay: Decay) -> Worth:
    """max(0, 1 − percent/100 × age ÷ period)."""
    period = _given(decay.period, decay, "period").timedelta // MICROSECOND
    lost = Fraction(_given(decay.percent, decay, "percent")) / 100
    whole = lost.denominator * period

    def faded(age: int) -> tuple[int, float]:
        left = max(0, whole - lost.numerator * age)
        return rounded(points * left, whole), left / whole

    return faded


def _half_life(points: int, decay: Decay) -> Worth:
    """0.5 ^ (age ÷ days)."""
    half = _given(decay.days, decay, "days") * DAY
    half_as_float = float(half)

    def faded(age: int) -> tuple[int, float]:
        factor = 0.5 ** (age / half_as_float)
        near = points * factor
        # The float error is far below 1e-12 of the value, so outside this margin it cannot cross a half.
        if abs(near % 1 - 0.5) > near * 1e-12 + 1e-9:
            return round(near), factor
        exact = _EXACT.power(Decimal("0.5"), _EXACT.divide(Decimal(age), half))
        return rounded(*_EXACT.multiply(exact, points).as_integer_ratio()), factor

    return faded


def _step(points: int, decay: Decay) -> Worth:
    """The percent of the largest ``after_days`` that the age has reached; before the first step all points."""
    steps = sorted((_days(step.after_days), Fraction(step.percent) / 100) for step in decay.steps)
    levels = [(start, rounded(points * part.numerator, part.denominator), float(part)) for start, part in steps]
    levels.reverse()

    def faded(age: int) -> tuple[int, float]:
        for start, value, factor in levels:
            if age >= start:
                return value, factor
        return points, 1.0

    return faded


def _expire(points: int, decay: Decay) -> Worth:
    """All points while age < days, then 0."""
    end = _days(_given(decay.days, decay, "days"))
    return lambda age: (points, 1.0) if age < end else (0, 0.0)


CURVES: dict[str, Callable[[int, Decay], Worth]] = {
    "none": _none,
    "linear": _linear,
    "half_life": _half_life,
    "step": _step,
    "expire": _expire,
}
"""Curve → decay of a magnitude."""


def rounded(numerator: int, denominator: int) -> int:
    """A ratio ≥ 0 as the nearest whole number, halves up (for magnitudes: away from zero)."""
    return (2 * numerator + denominator) // (2 * denominator)


def _days(days: Decimal) -> int:
    """Days as whole microseconds, rounded up."""
    return -(-Fraction(days) * DAY // 1)


def _given(part: _T | None, decay: Decay, name: str) -> _T:
    if part is None:
        raise ValueError(f"a {decay.curve} decay needs {name!r}")
    return part
