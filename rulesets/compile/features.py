"""Turns single tests into literals, and collects the sources that must be read from a lead.

Equal tests share a literal; tests of one subject share a source. Every operand is read here once, so that a policy that
compiles cannot fail on an unreadable operand later.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from rulesets.compile.compiled import Assertion, Source
from rulesets.conditions.conditions import OPERATORS, CountTest, DaysSinceTest, FieldTest, Node, PropertyTest
from rulesets.conditions.interpreter import RELATIVE
from rulesets.conditions.moments import CannotCompile
from rulesets.conditions.operands import BadOperand, property_type, read_operand
from rulesets.conditions.reading import FieldType
from rulesets.document.wording import Word, says
from rulesets.policy.vocabulary import Vocabulary


class Atom(NamedTuple):
    """A literal by its numbers: the source, and the literal in the source."""

    source: int
    literal: int


Alternatives = tuple[tuple[Atom, ...], ...]
"""A condition holds when all atoms of one alternative hold: () never does, ((),) always."""
ALWAYS: Alternatives = ((),)


@dataclass(slots=True)
class SourceDraft:
    """A source under construction: its description, and its literals by (condition as JSON, wanted truth)."""

    subject: dict[str, Any]
    literals: dict[tuple[str, bool], tuple[int, Node]] = field(default_factory=dict)


class Features:
    """Collects the sources of one ruleset and turns tests into atoms over them."""

    def __init__(self, vocabulary: Vocabulary, zone: ZoneInfo) -> None:
        self._vocabulary = vocabulary
        self._zone = zone
        self._drafts: dict[str, tuple[int, SourceDraft]] = {}

    def test(self, test: Node, *, holds: bool) -> Alternatives:
        """A single test, or its negation (``holds=False``).

        Raises CannotCompile for an unknown field, operator or operand.
        """
        match test:
            case FieldTest():
                self._check(self._type_of(test.field), test.op, test.value)
                # Relative tests depend on now as well as on the field, so their source is the whole view.
                return self._literal({} if test.op in RELATIVE else {"field": test.field}, test, holds=holds)
            case CountTest():
                self._check(FieldType.INTEGER, test.op, test.value)
                return self._literal({"count": test.count}, test, holds=holds)
            case DaysSinceTest():
                self._check(FieldType.DECIMAL, test.op, test.value)
                return self._literal({"days_since": test.days_since}, test, holds=holds)
            case _:
                asked = cast("PropertyTest", test)
                operator = OPERATORS.get(asked.op)
                self._check(property_type(operator, asked.value) if operator else None, asked.op, asked.value)
                return self.whole(test, holds=holds)

    def whole(self, condition: Node, *, holds: bool) -> Alternatives:
        """A condition of any size as one literal; the interpreter evaluates it on the whole view."""
        return self._literal({}, condition, holds=holds)

    def _literal(self, subject: dict[str, Any], condition: Node, *, holds: bool) -> Alternatives:
        source, draft = self._drafts.setdefault(repr(subject), (len(self._drafts), SourceDraft(subject)))
        saying = (condition.model_dump_json(), holds)
        literal, _ = draft.literals.setdefault(saying, (len(draft.literals), condition))
        return ((Atom(source, literal),),)

    def _type_of(self, key: str) -> FieldType:
        definition = self._vocabulary.field(key)
        if definition is None:
            raise CannotCompile(says("there is no field %(key)s", key=repr(key)))
        return definition.type

    def _check(self, type_: FieldType | None, op: str, value: Any) -> None:
        operator = OPERATORS.get(op)
        if operator is None or type_ not in operator.types:
            what = Word("type", type_.value) if type_ else says("this test")
            raise CannotCompile(says("there is no operator %(operator)s for %(what)s", operator=repr(op), what=what))
        try:
            read_operand(type_, operator, value, self._zone)
        except BadOperand as bad:
            raise CannotCompile(says("%(test)s: %(why)s", test=f"{op} {value!r}", why=bad.says)) from bad

    def sources(self, used: Collection[Atom], name: Callable[[], str]) -> tuple[tuple[Source, ...], dict[Atom, Atom]]:
        """The sources of these atoms, every literal with a fresh name; and the new numbers of the atoms."""
        sources: list[Source] = []
        moved: dict[Atom, Atom] = {}
        for number, draft in self._drafts.values():
            assertions: list[Assertion] = []
            for (_, holds), (literal, condition) in draft.literals.items():
                if (atom := Atom(number, literal)) in used:
                    moved[atom] = Atom(len(sources), len(assertions))
                    assertions.append(Assertion(condition=condition, holds=holds, name=name()))
            if assertions:
                sources.append(Source(**draft.subject, assertions=tuple(assertions)))
        return tuple(sources), moved


def fresh_names(reserved: Iterable[str] = ("sid", "id", "k", "$s")) -> Callable[[], str]:
    """Generates names ``f_1``, ``f_2`` …; skips names whose hash in durable_rules is taken."""
    # The library compares hashes only: two names with one hash would be one property.
    taken = {engine_hash(name) for name in reserved}
    numbers = count(1)

    def fresh() -> str:
        name = next(name for name in map("f_{}".format, numbers) if engine_hash(name) not in taken)
        taken.add(engine_hash(name))
        return name

    return fresh


def engine_hash(name: str) -> int:
    """The 32-bit FNV-1a hash with which durable_rules finds properties."""
    digest = 2166136261
    for byte in name.encode():
        digest = (digest ^ byte) * 16777619 & 0xFFFFFFFF
    return digest
