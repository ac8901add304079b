"""Points as whole cents: exact, and fast to add. Points have at most two decimals (R0.4)."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits in cents; None is no limit (R3.2)."""

    low: int | None = None
    high: int | None = None

    def clamp(self, amount: int) -> int:
        """The nearest amount within the limits; if they contradict each other, ``low`` wins."""
        if self.high is not None and amount > self.high:
            amount = self.high
        if self.low is not None and amount < self.low:
            amount = self.low
        return amount


def cents(points_: Decimal) -> int:
    """Points as whole cents; exact for points with two decimals."""
    return int(points_ * 100)


@lru_cache(maxsize=16_384)
def points(amount: int) -> Decimal:
    """Cents as points with two decimals."""
    return Decimal(amount).scaleb(-2)
