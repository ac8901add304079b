"""The possible sums of rules and bounds, in cents: each sum if there are few, otherwise their range.

A sum outside is impossible. A sum inside may be impossible too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

MOST = 1024
"""Most sums that are stored one by one."""
BEYOND = 10**16
"""Larger than any sum of points; stands for “no limit”."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Sums from ``low`` to ``high``; ``exact``: exactly these sums, None if any between is possible."""

    low: int
    high: int
    exact: frozenset[int] | None = None

    @classmethod
    def of(cls, values: Iterable[int]) -> "Amounts":
        """Exactly these sums; at least one."""
        exact = frozenset(values)
        return cls(min(exact), max(exact), exact if len(exact) <= MOST else None)

    def plus(self, other: "Amounts") -> "Amounts":
        """The sums of one amount of each."""
        # Up to 8 × MOST pairs are tried, because many pairs give the same sum.
        if self.exact is None or other.exact is None or len(self.exact) * len(other.exact) > MOST * 8:
            return Amounts(max(self.low + other.low, -BEYOND), min(self.high + other.high, BEYOND))
        return Amounts.of(a + b for a in self.exact for b in other.exact)

    def clamped(self, low: Decimal | None, high: Decimal | None) -> "Amounts":
        """The sums clamped to bounds, which are in points."""
        if self.exact is not None:
            return Amounts.of(_clamp(value, low, high) for value in self.exact)
        return Amounts(_clamp(self.low, low, high), _clamp(self.high, low, high))

    def reaches(self, low: int, below: int) -> bool:
        """Whether some sum is at least ``low`` and less than ``below``."""
        if self.exact is not None:
            return any(low <= value < below for value in self.exact)
        return self.low < below and self.high >= low


ZERO = Amounts.of([0])


def total(parts: Iterable[Amounts]) -> Amounts:
    """The sums of one amount of every part."""
    return reduce(Amounts.plus, parts, ZERO)


def cents(points: Decimal) -> int:
    """Points as whole cents; exact, because points have at most two decimals (R0.4)."""
    return int(points * 100)


def _clamp(value: int, low: Decimal | None, high: Decimal | None) -> int:
    value = value if high is None else min(value, cents(high))
    return value if low is None else max(value, cents(low))
