"""Exact numbers of a policy document: points with two decimals, plain numbers, and how both are written (R0.4).

A number is a ``Decimal`` in Python and a number in JSON. This module does not know what a number means.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from rulesets.document.wording import says

LARGEST_NUMBER = 10**13
LARGEST_POINTS = 10**9


def read_number(value: Any) -> Decimal:
    """A JSON number as an exact decimal; raises ValueError for text, booleans, NaN, Infinity and |n| > 10¹³."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(says("give a number, without quotes"))  # noqa: TRY004 - pydantic collects ValueErrors only
    # Written with `not`, so that NaN, which compares false with everything, is refused too.
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise ValueError(says("give a finite number, at most 10,000,000,000,000 in magnitude"))
    # str is the shortest text of a float: 0.1 becomes 0.1, while Decimal(0.1) has 55 decimals.
    return Decimal(value) if isinstance(value, int) else Decimal(str(value))


def decimals(number: Decimal) -> int:
    """How many decimals a number of at most 28 digits needs: 0 for 12 and 12.0, 2 for 0.25."""
    return max(0, -int(number.normalize().as_tuple().exponent))


def read_points(value: Any) -> Decimal:
    """A number with at most two decimals and a magnitude up to 10⁹ (R0.4); raises ValueError."""
    number = read_number(value)
    if decimals(number) > 2 or abs(number) > LARGEST_POINTS:
        raise ValueError(says("give a number with at most two decimals, at most 1,000,000,000 in magnitude"))
    return number


def write_number(number: Decimal) -> int | float:
    """The JSON number of a decimal: an integer if it is whole, so that 7 stays 7 and does not become 7.0."""
    return int(number) if number == number.to_integral_value() else float(number)


Points = Annotated[Decimal, BeforeValidator(read_points), PlainSerializer(write_number)]
Number = Annotated[Decimal, BeforeValidator(read_number), PlainSerializer(write_number)]
