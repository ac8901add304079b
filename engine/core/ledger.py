"""The arithmetic of the ledger: which occurrence contributes how much once limits have cut (POLICY.md R3.5).

Whole cents throughout. At each level (signal, group, total) an excess over a limit is taken from the occurrences whose
sign is the excess's, latest first, each at most down to 0; the first level that cuts an occurrence is named beside it.
What no occurrence can give, and whatever a ``min`` adds, is an adjustment. So contributions and adjustments always add
up to the total. Which occurrences count, and what each is worth, is decided before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from engine.core.history import Past


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits in cents; None is no limit."""

    low: int | None = None
    high: int | None = None

    def clamp(self, cents: int) -> int:
        """The nearest value inside."""
        if self.high is not None and cents > self.high:
            cents = self.high
        if self.low is not None and cents < self.low:
            cents = self.low
        return cents


@dataclass(slots=True)
class Tally:
    """Counted occurrences as columns, in order of history and, at one event, of the document.

    ``signals`` and ``groups`` are places in the document; ``cuts`` name the level that cut an occurrence first.
    """

    signals: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    events: list[Past] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    contributions: list[int] = field(default_factory=list)
    cuts: dict[int, str] = field(default_factory=dict)
    adjustments: list[tuple[str, str, int]] = field(default_factory=list)

    def add(self, signal: int, group: int, past: Past, value: int, factor: float) -> None:
        """One more counted occurrence."""
        self.signals.append(signal)
        self.groups.append(group)
        self.events.append(past)
        self.values.append(value)
        self.factors.append(factor)
        self.contributions.append(value)

    def limit_signal(self, signal: int, limit: int) -> None:
        """Keeps the total of one signal within ±limit."""
        places = [place for place, other in enumerate(self.signals) if other == signal]
        total = sum(self.contributions[place] for place in places)
        self._take(places, total - Bounds(-limit, limit).clamp(total), "signal")

    def limit_group(self, group: int, key: str, bounds: Bounds) -> int:
        """Keeps the total of one group inside its bounds; returns the total."""
        places = [place for place, other in enumerate(self.groups) if other == group]
        total = sum(self.contributions[place] for place in places)
        return self._bound(places, total, bounds, ("group", key))

    def limit_total(self, total: int, bounds: Bounds) -> int:
        """Keeps the sum of all groups inside the bounds; returns the engagement."""
        return self._bound(range(len(self.contributions)), total, bounds, ("total", "total"))

    def _bound(self, places: Iterable[int], total: int, bounds: Bounds, level: tuple[str, str]) -> int:
        bounded = bounds.clamp(total)
        left = total - bounded
        if left > 0:
            left = self._take(places, left, level[0])
        if left:
            self.adjustments.append((*level, -left))
        return bounded

    def _take(self, places: Iterable[int], excess: int, level: str) -> int:
        """Takes an excess from occurrences of its sign, latest first; returns what none of them could give."""
        sign = -1 if excess < 0 else 1
        left = abs(excess)
        for place in reversed(list(places)) if left else ():
            cut = min(left, self.contributions[place] * sign)
            if cut > 0:
                self.contributions[place] -= sign * cut
                self.cuts.setdefault(place, level)
                left -= cut
        return sign * left


def cents(points: Decimal) -> int:
    """Points as whole cents; points have at most two decimals (R0.4)."""
    return int(points * 100)


@lru_cache(maxsize=4096)
def points(whole_cents: int) -> Decimal:
    """Cents as points with two decimals."""
    return Decimal(whole_cents).scaleb(-2)
