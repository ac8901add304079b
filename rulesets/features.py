"""Turns single tests into comparisons of small integers, collecting what must be read from a lead on the way.

A test becomes *alternatives* of *atoms*: it holds when all atoms of one alternative hold. The negation of a test is
compiled as such, never as the absence of a match, because an unknown value makes a test false and its negation true
(R2.1). What the engine cannot compare safely (text beyond equality, sets, moments that move with time, properties of
events) is a test computed in Python by the reference interpreter.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from rulesets.compiled import UNKNOWN_LOW, Computed, Slot, Source
from rulesets.conditions import CountOf, CountTest, DaysSinceTest, FieldTest, Node, SinceOf
from rulesets.moments import CannotCompile
from rulesets.points import KIND_OF, Kind, Point, points_of, write_point
from rulesets.reading import Field, FieldType
from rulesets.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison of the engine: ``slot`` of source number ``source`` against a point or a plain integer."""

    source: int
    slot: Slot | int  # an integer is the number of a computed test
    op: str  # the engine's name; "" is equality
    point: Point | None = None
    number: int = 0


Alternatives = tuple[tuple[Atom, ...], ...]
NEVER: Alternatives = ()
ALWAYS: Alternatives = ((),)


@dataclass(slots=True)
class Draft:
    """A source while conditions are still being read."""

    kind: Kind
    fact: str | None = None
    count: CountOf | None = None
    days_since: SinceOf | None = None
    points: set[Point] = field(default_factory=set)
    slots: set[Slot] = field(default_factory=set)
    tests: list[Node] = field(default_factory=list)
    denied: set[int] = field(default_factory=set)


# Operator → what must hold of the rank when the test is asked for, and when its negation is. Each inner tuple is one
# alternative of (slot, engine operator, which operand). An unknown value has no ``value``, so comparisons of it fail.
_V, _L, _H = Slot.VALUE, Slot.LOW, Slot.HIGH
Form = tuple[tuple[tuple[Slot, str, int], ...], ...]
COMPARED: dict[str, tuple[Form, Form]] = {
    "eq": ((((_V, "", 0),),), (((_L, "$neq", 0),),)),
    "neq": ((((_V, "$neq", 0),),), (((_V, "", 0),), ((_L, "", -1),))),
    "lt": ((((_V, "$lt", 0),),), (((_H, "$gte", 0),),)),
    "lte": ((((_V, "$lte", 0),),), (((_H, "$gt", 0),),)),
    "gt": ((((_V, "$gt", 0),),), (((_L, "$lte", 0),),)),
    "gte": ((((_V, "$gte", 0),),), (((_L, "$lt", 0),),)),
    "between": ((((_V, "$gte", 0), (_V, "$lte", 1)),), (((_L, "$lt", 0),), ((_H, "$gt", 1),))),
    "known": ((((_L, "$neq", -1),),), (((_L, "", -1),),)),
    "unknown": ((((_L, "", -1),),), (((_L, "$neq", -1),),)),
}
SAME_AS = {
    "before": "lt",
    "after": "gt",
    "on_or_before": "lte",
    "on_or_after": "gte",
    "is_true": "eq",
    "is_false": "eq",
}
RELATIVE = frozenset({"within_last_days", "more_than_days_ago"})


class Features:
    """Collects the sources of one ruleset and turns tests into atoms over them."""

    def __init__(self, vocabulary: Vocabulary, zone: ZoneInfo) -> None:
        self._vocabulary = vocabulary
        self._zone = zone
        self._drafts: list[Draft] = []
        self._by_subject: dict[str, int] = {}

    def alternatives(self, test: Node, *, holds: bool) -> Alternatives:
        """When ``test`` holds (or, with ``holds=False``, when it does not)."""
        if isinstance(test, FieldTest):
            return self._of_field(test, holds=holds)
        if isinstance(test, CountTest | DaysSinceTest):
            return self._of_history(test, holds=holds)
        return self.computed(test, holds=holds)

    def computed(self, condition: Node, *, holds: bool, of_field: Field | None = None) -> Alternatives:
        """A condition that Python computes: as one test of its field, or else of the whole view."""
        source = self._source("view", Draft("none")) if of_field is None else self._field_source(of_field)
        draft = self._drafts[source]
        if condition not in draft.tests:
            draft.tests.append(condition)
        number = draft.tests.index(condition)
        if not holds:
            draft.denied.add(number)
        return ((Atom(source, number, "", number=int(holds)),),)

    def _of_field(self, test: FieldTest, *, holds: bool) -> Alternatives:
        """Equality and order become atoms; other operators a computed test, of the field alone unless time moves it."""
        definition = self._vocabulary.field(test.field)
        if definition is None:
            raise CannotCompile(f"there is no field {test.field!r}")
        points = points_of(definition.type, test.op, test.value, self._zone)
        if points is None:
            return self.computed(test, holds=holds, of_field=None if test.op in RELATIVE else definition)
        return self._compared(self._field_source(definition), test.op, points, holds=holds)

    def _of_history(self, test: CountTest | DaysSinceTest, *, holds: bool) -> Alternatives:
        points = points_of(FieldType.DECIMAL, test.op, test.value, self._zone) or ()
        if isinstance(test, CountTest):
            source = self._source(f"count {test.count.model_dump_json()}", Draft("number", count=test.count))
        else:
            subject = f"days since {test.days_since.model_dump_json()}"
            source = self._source(subject, Draft("number", days_since=test.days_since))
        return self._compared(source, test.op, points, holds=holds)

    def _field_source(self, definition: Field) -> int:
        return self._source(f"field {definition.key}", Draft(KIND_OF[definition.type], fact=definition.key))

    def _source(self, subject: str, draft: Draft) -> int:
        """The number of the source reading this subject; equal subjects share one source."""
        if subject not in self._by_subject:
            self._by_subject[subject] = len(self._drafts)
            self._drafts.append(draft)
        return self._by_subject[subject]

    def _compared(self, source: int, op: str, points: tuple[Point, ...], *, holds: bool) -> Alternatives:
        draft = self._drafts[source]
        draft.points.update(points)
        form = COMPARED[SAME_AS.get(op, op)][0 if holds else 1]
        draft.slots.update(slot for alternative in form for slot, _, _ in alternative)
        return tuple(
            tuple(
                Atom(source, slot, engine_op, number=UNKNOWN_LOW)
                if operand < 0
                else Atom(source, slot, engine_op, points[operand])
                for slot, engine_op, operand in alternative
            )
            for alternative in form
        )

    def sources(self, name: Callable[[], str]) -> tuple[Source, ...]:
        """The collected sources, every assertion under a fresh name."""
        return tuple(
            Source(
                field=draft.fact,
                count=draft.count,
                days_since=draft.days_since,
                of=draft.kind,
                points=tuple(write_point(point) for point in sorted(draft.points)),
                names={slot: name() for slot in Slot if slot in draft.slots},
                tests=tuple(
                    Computed(condition=test, name=name(), negated=number in draft.denied)
                    for number, test in enumerate(draft.tests)
                ),
            )
            for draft in self._drafts
        )

    def comparison(self, atom: Atom, sources: tuple[Source, ...]) -> dict[str, Any]:
        """The engine's form of an atom: always a single key (a second one would be ignored silently)."""
        source = sources[atom.source]
        name = source.tests[atom.slot].name if isinstance(atom.slot, int) else source.names[atom.slot]
        number = atom.number if atom.point is None else self._rank(atom.source, atom.point)
        return {atom.op: {name: number}} if atom.op else {name: number}

    def _rank(self, source: int, point: Point) -> int:
        return 2 * sorted(self._drafts[source].points).index(point) + 1
