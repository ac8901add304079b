"""How a lead is read for the matcher, in cases that the parity tests do not cover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesets.compile.compiled import Assertion, Source
from rulesets.compile.extraction import REMEMBERED, ReadingCache, lookup, reader
from rulesets.conditions.conditions import Condition, CountOf, CountTest, FieldTest, PropertyTest
from rulesets.conditions.interpreter import compare, holds
from rulesets.conditions.reading import FieldType
from rulesets.policy.vocabulary import EMPTY, Vocabulary

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class View:
    """A lead with a history of one kind of event."""

    history: Sequence[tuple[datetime, Mapping[str, Any]]] = ()
    now: datetime = NOW
    zone: ZoneInfo = UTC_ZONE
    vocabulary: Vocabulary = EMPTY
    properties: Mapping[str, Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        return self.values.get(key)

    def events(self, _key: str) -> Sequence[tuple[datetime, Mapping[str, Any]]]:
        return self.history

    def segment(self, key: str) -> Condition:
        raise KeyError(key)


def source_of(*tests: Any, **subject: Any) -> Source:
    assertions = tuple(
        Assertion(condition=test, holds=holds, name=f"f_{number}{'' if holds else 'n'}")
        for number, test in enumerate(tests)
        for holds in (True, False)
    )
    return Source(assertions=assertions, **subject)


def joined(pieces: tuple[str, ...]) -> str:
    return "".join(pieces)


class Asked(list[tuple[str, ...]]):
    """Notes the pieces it is asked to finish."""

    def __call__(self, pieces: tuple[str, ...]) -> tuple[str, ...]:
        self.append(pieces)
        return pieces


def number_test(op: str, value: Any) -> FieldTest:
    return FieldTest(field="answers.x", op=op, value=value)


exact = st.decimals(min_value=-1000, max_value=1000, places=4)


@given(exact, st.lists(exact, min_size=2, max_size=4))
def test_a_comparison_holds_between_values_exactly_when_it_holds_between_ranks(
    value: Decimal, edges: list[Decimal]
) -> None:
    operands = [float(edge) for edge in edges]
    tests = [number_test(op, edge) for op in ("eq", "neq", "lt", "lte", "gt", "gte") for edge in operands]
    tests.append(number_test("between", sorted(operands)[:2]))
    source = source_of(*tests, field="answers.x")
    piece = lookup(source, [range(len(source.assertions))], FieldType.DECIMAL, UTC_ZONE, joined)(value)
    for assertion, test in zip(source.assertions[::2], tests, strict=True):
        truth = compare(FieldType.DECIMAL, test.op, test.value, value, NOW, UTC_ZONE)
        assert (f'"{assertion.name}":1' in piece) is truth
        assert (f'"{assertion.name}n":1' in piece) is not truth


def test_a_shard_is_told_only_of_its_own_assertions() -> None:
    source = source_of(number_test("gte", 1), number_test("gte", 2), field="answers.x")
    look = lookup(source, [(0,), (0, 2), ()], FieldType.INTEGER, UTC_ZONE, tuple)
    assert look(5) == (',"f_0":1', ',"f_0":1,"f_1":1', "")


def test_an_unknown_value_satisfies_only_unknown_and_negations() -> None:
    source = source_of(
        number_test("gte", 1), number_test("unknown", None), number_test("known", None), field="answers.x"
    )
    look = lookup(source, [range(6)], FieldType.INTEGER, UTC_ZONE, joined)
    assert look(None) == ',"f_0n":1,"f_1":1,"f_2n":1'
    assert look(1) == ',"f_0":1,"f_1n":1,"f_2":1'


def test_what_values_were_rendered_to_is_forgotten_before_it_grows_without_end() -> None:
    asked = Asked()
    source = source_of(number_test("contains", "x"), number_test("starts_with", "y"), field="answers.x")
    look = lookup(source, [range(4)], FieldType.TEXT, UTC_ZONE, asked)
    memory = getattr(look, "__self__", None)
    assert isinstance(memory, ReadingCache)
    for number in range(REMEMBERED + 10):
        look(str(number))
    assert len(memory) == 10
    assert len(asked) == 1, "values of which the same is true are finished once"


def test_outcomes_are_forgotten_before_they_grow_without_end() -> None:
    bits = 13
    tests = [number_test("contains", chr(ord("a") + bit)) for bit in range(bits)]
    source, asked = source_of(*tests, field="answers.x"), Asked()
    look = lookup(source, [range(2 * bits)], FieldType.TEXT, UTC_ZONE, asked)
    for number in range(2**bits):
        look("".join(chr(ord("a") + bit) for bit in range(bits) if number >> bit & 1) or "-")
    look("a")
    assert len(asked) == 2**bits + 1, "the first outcomes were forgotten and made again"


@pytest.mark.parametrize("days", [None, 3_650_001, 1_000_000, Decimal("0.00001")])
def test_windows_of_any_length_can_be_counted(days: Any) -> None:
    history: list[tuple[datetime, dict[str, Any]]] = [(NOW - timedelta(days=ago), {}) for ago in (5000, 2, 0, -1)]
    what = CountOf(event="page.viewed", days=days)
    test = CountTest(count=what, op="eq", value=1 if days is not None and days < 1 else 3)
    read = reader(source_of(test, count=what), [(0, 1)], UTC_ZONE, joined)
    assert read(View(history)) == ',"f_0":1'


def test_a_property_cannot_be_judged_as_a_value_of_a_field() -> None:
    source = source_of(PropertyTest(event="properties.a", op="known"), field="answers.x")
    with pytest.raises(TypeError, match="not a test of one value"):
        lookup(source, [(0,)], FieldType.TEXT, UTC_ZONE, joined)


PLAN = PropertyTest(event="properties.plan", op="eq", value="pro")
SEATS = PropertyTest(event="properties.seats", op="gte", value=10)
SOON = PropertyTest(event="properties.until", op="within_last_days", value=3)
RAW = st.sampled_from([None, True, False, 1, 1.0, 10, 10.0, "10", "pro", " PRO ", "x" * 200, ["pro"], {"pro": 1}])


def as_read(view: View, tests: Sequence[Any]) -> str:
    return "".join(f',"f_{number}{"" if holds(test, view) else "n"}":1' for number, test in enumerate(tests))


@given(st.lists(st.tuples(RAW, RAW), max_size=30))
def test_what_is_remembered_of_properties_is_what_the_interpreter_says_of_them(raws: list[tuple[Any, Any]]) -> None:
    tests = [PLAN, SEATS]
    read = reader(source_of(*tests), [range(4)], UTC_ZONE, joined)
    for plan, seats in raws:
        view = View(properties={"plan": plan, "seats": seats})
        assert read(view) == as_read(view, tests)


def test_a_property_is_judged_anew_as_now_moves() -> None:
    read = reader(source_of(SOON), [range(2)], UTC_ZONE, joined)
    said = {"until": "2026-11-20T00:00:00Z"}
    assert read(View(properties=said)) == ',"f_0":1'
    assert read(View(properties=said, now=NOW + timedelta(days=9))) == ',"f_0n":1'


def test_properties_are_forgotten_before_they_grow_without_end() -> None:
    read = reader(source_of(SEATS), [range(2)], UTC_ZONE, joined)
    for seats in range(REMEMBERED + 10):
        assert read(View(properties={"seats": seats})) == (',"f_0":1' if seats >= 10 else ',"f_0n":1')
