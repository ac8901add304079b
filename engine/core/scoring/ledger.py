"""The arithmetic of the ledger: the contribution of each occurrence after limits (R3.5).

All amounts are whole cents. At each level (signal, group, total), an excess over a limit is taken from the occurrences
of the same sign, latest first, each down to 0 at most. An occurrence stores the first level that cut it. The part that
no occurrence can give, and the part that a ``min`` adds, is an adjustment. So contributions and adjustments always add
up to the engagement. Example: three downloads of 10 points in a group with max 25 contribute 10, 10 and 5. The caller
decides which occurrences count and what each is worth.
"""

from collections.abc import Iterator, Sequence
from typing import overload

from engine.core.lead.history import Past
from engine.core.lead.model import Adjustment, LedgerLine, SignalTotal
from engine.core.scoring.amounts import Bounds, points
from engine.core.scoring.plan import ModelPlan, SignalPlan

Counted = tuple[SignalPlan, Past, int, float]
"""A counted occurrence: signal, event, value in cents, factor."""


class Ledger:
    """Counted occurrences with their contributions, in order of history and, at one event, of the document."""

    __slots__ = ("_adjustments", "_contributions", "_counted", "_cuts", "_model", "engagement")

    def __init__(self, model: ModelPlan, counted: Sequence[Counted]) -> None:
        self._model = model
        self._counted = counted
        self._contributions = [value for _, _, value, _ in counted]
        self._cuts: dict[int, str] = {}
        self._adjustments: list[tuple[str, str, int]] = []
        self.engagement = self._settle()

    def lines(self) -> "Lines":
        """One line per counted occurrence."""
        return Lines(self)

    def line(self, place: int) -> LedgerLine:
        """The line of one occurrence; 0 is the first in history."""
        signal, past, value, factor = self._counted[place]
        occurred_at, source, event_id, _, _ = past
        contribution = self._contributions[place]
        worth = signal.points if value == signal.cents else points(value)
        left = worth if contribution == value else points(contribution)
        cut_by = self._cuts.get(place)
        return LedgerLine(
            signal.group_key, signal.key, source, event_id, occurred_at, signal.points, factor, worth, left, cut_by
        )

    def __len__(self) -> int:
        return len(self._counted)

    def signals(self) -> tuple[SignalTotal, ...]:
        """Count, value and contribution of every signal that counted, in document order."""
        sums: dict[int, list[int]] = {}
        for (signal, _, value, _), contribution in zip(self._counted, self._contributions, strict=True):
            total = sums.setdefault(signal.place, [0, 0, 0])
            total[0] += 1
            total[1] += value
            total[2] += contribution
        return tuple(
            SignalTotal(signal.group_key, signal.key, counted, points(value), points(contribution))
            for place in sorted(sums)
            for signal in (self._model.signals[place],)
            for counted, value, contribution in (sums[place],)
        )

    def adjustments(self) -> tuple[Adjustment, ...]:
        """What bounds added or removed beyond the occurrences."""
        return tuple(Adjustment(level, key, points(amount)) for level, key, amount in self._adjustments)

    def _settle(self) -> int:
        """Applies the limits of signals, groups and the total; returns the engagement in cents."""
        of_signal: dict[int, list[int]] = {}
        of_group: list[list[int]] = [[] for _ in self._model.groups]
        totals = [0] * len(of_group)
        for place, (signal, _, value, _) in enumerate(self._counted):
            of_group[signal.group].append(place)
            totals[signal.group] += value
            if signal.limit is not None:
                of_signal.setdefault(signal.place, []).append(place)
        # Signals before groups, groups before the total: each level limits what the level below leaves.
        for number, places in of_signal.items():
            signal = self._model.signals[number]
            totals[signal.group] -= self._limit(signal, places)
        total = sum(map(self._bound, range(len(totals)), totals, of_group))
        return self._fit_in(total, self._model.total, ("total", "total"), range(len(self._counted)))

    def _limit(self, signal: SignalPlan, places: Sequence[int]) -> int:
        """Cuts the total of one signal to ±limit; returns the cut amount. All its occurrences have the same sign."""
        total = sum(self._contributions[place] for place in places)
        excess = total - Bounds(-signal.limit, signal.limit).clamp(total) if signal.limit is not None else 0
        self._take(places, excess, "signal")
        return excess

    def _bound(self, group: int, total: int, places: Sequence[int]) -> int:
        """The total of one group, within its bounds."""
        key, bounds = self._model.groups[group]
        return self._fit_in(total, bounds, ("group", key), places)

    def _fit_in(self, total: int, bounds: Bounds, level: tuple[str, str], places: Sequence[int]) -> int:
        """The total within the bounds; an excess is taken from occurrences, the remainder becomes an adjustment."""
        bounded = bounds.clamp(total)
        left = total - bounded
        if left > 0:
            left = self._take(places, left, level[0])
        if left:
            self._adjustments.append((*level, -left))
        return bounded

    def _take(self, places: Sequence[int], excess: int, level: str) -> int:
        """Takes an excess from occurrences of its sign, latest first; returns the remainder that none could give."""
        contributions, cuts = self._contributions, self._cuts
        sign = -1 if excess < 0 else 1
        left = abs(excess)
        for place in reversed(places):
            if not left:
                break
            there = contributions[place] * sign
            if there > 0:
                cut = min(left, there)
                contributions[place] -= sign * cut
                cuts.setdefault(place, level)
                left -= cut
        return sign * left


class Lines(Sequence[LedgerLine]):
    """The lines of a ledger, each built on access; equal to any sequence of equal lines."""

    __slots__ = ("_ledger",)

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __len__(self) -> int:
        return len(self._ledger)

    @overload
    def __getitem__(self, place: int) -> LedgerLine: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[LedgerLine, ...]: ...
    def __getitem__(self, place: int | slice) -> LedgerLine | tuple[LedgerLine, ...]:
        places = range(len(self))[place]
        return self._ledger.line(places) if isinstance(places, int) else tuple(map(self._ledger.line, places))

    def __iter__(self) -> Iterator[LedgerLine]:
        return map(self._ledger.line, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
