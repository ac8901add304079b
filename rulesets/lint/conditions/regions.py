"""Where a condition on one subject holds: spans of a number, or values of a choice.

Two conditions on one number or choice hold for the same leads exactly if their regions are equal.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rulesets.conditions.reading import FieldType
from rulesets.lint.conditions.subjects import Span, TestSubject
from rulesets.lint.conditions.texts import OTHER


@dataclass(frozen=True, slots=True)
class Region:
    """``spans``: spans of a number, ordered and disjoint. ``values``: other values; with ``others``, all except these.

    ``unknown``: whether the condition holds for an unknown value.
    """

    subject: tuple[str, ...]
    unknown: bool
    spans: tuple[Span, ...] = ()
    values: frozenset[Any] = frozenset()
    others: bool = False

    def meets(self, other: "Region") -> bool:
        """Whether some value, or the unknown value, is in both regions."""
        if self.unknown and other.unknown:
            return True
        if self.spans or other.spans:
            return any(a[0] <= b[1] and b[0] <= a[1] for a in self.spans for b in other.spans)
        # Two regions that each exclude finitely many texts always share some text.
        if self.others and other.others:
            return True
        if self.others or other.others:
            named, rest = (other, self) if self.others else (self, other)
            return bool(named.values - rest.values)
        return bool(self.values & other.values)


def region_of(subject: TestSubject, cells: Iterable[tuple[Any, bool | None]]) -> Region | None:
    """The region of a condition from its truth on every cell; None for moments, sets and patterns of text."""
    found = list(cells)
    unknown = any(what is None and holds for what, holds in found)
    known = [(what, holds) for what, holds in found if what is not None]
    if subject.grid is not None:
        return Region(subject.key, unknown, spans=tuple(_joined(what for what, holds in known if holds)))
    if subject.type is FieldType.CHOICES or not all(isinstance(w, str | bool) or w == OTHER for w, _ in known):
        return None
    others = any(what == OTHER and holds for what, holds in known)
    values = frozenset(what for what, holds in known if what != OTHER and holds is not others)
    return Region(subject.key, unknown, values=values, others=others)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in order, with adjacent spans joined."""
    last: Span | None = None
    for span in spans:
        if last is not None and last[1] + 1 == span[0]:
            last = (last[0], span[1])
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last
