"""Which sums rules and bounds can give, in cents: every one while they are few, else the range they lie in.

What is left out cannot happen; what is in need not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

MOST = 1024
"""Most sums kept one by one."""
BEYOND = 10**16
"""More than any sum of points: what nothing bounds."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Sums from ``low`` to ``high``; ``exact``: just these, None when any between may be."""

    low: int
    high: int
    exact: frozenset[int] | None = None

    @classmethod
    def of(cls, values: Iterable[int]) -> "Amounts":
        """Just these; at least one."""
        exact = frozenset(values)
        return cls(min(exact), max(exact), exact if len(exact) <= MOST else None)

    def plus(self, other: "Amounts") -> "Amounts":
        """Any of these with any of those."""
        if self.exact is None or other.exact is None or len(self.exact) * len(other.exact) > MOST * 8:
            return Amounts(max(self.low + other.low, -BEYOND), min(self.high + other.high, BEYOND))
        return Amounts.of(a + b for a in self.exact for b in other.exact)

    def clamped(self, low: Decimal | None, high: Decimal | None) -> "Amounts":
        """These within bounds in points."""
        if self.exact is not None:
            return Amounts.of(_clamp(value, low, high) for value in self.exact)
        return Amounts(_clamp(self.low, low, high), _clamp(self.high, low, high))

    def reaches(self, low: int, below: int) -> bool:
        """Whether one of them lies at or above ``low`` and under ``below``."""
        if self.exact is not None:
            return any(low <= value < below for value in self.exact)
        return self.low < below and self.high >= low


ZERO = Amounts.of([0])


def total(parts: Iterable[Amounts]) -> Amounts:
    """Any of each, added up."""
    return reduce(Amounts.plus, parts, ZERO)


def cents(points: Decimal) -> int:
    """Points as whole cents."""
    return int(points * 100)


def _clamp(value: int, low: Decimal | None, high: Decimal | None) -> int:
    value = value if high is None else min(value, cents(high))
    return value if low is None else max(value, cents(low))
