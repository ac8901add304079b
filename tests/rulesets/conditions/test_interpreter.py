"""What is true: every operator of every type, counts, days since, segments, and the reasons (R2.1–R2.7)."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesets.conditions.conditions import OPERATORS, FieldTest, Node, Operand, walk
from rulesets.conditions.interpreter import RELATIVE, TESTS, explain, holds
from tests.rulesets.views import condition, seen

TITLE, LEVEL, FLAGS, SIZE = "lead.title_x", "lead.level_x", "lead.flags_x", "company.size_x"
RATIO, BUDGET, DAY, MOMENT = "company.ratio_x", "answers.budget_x", "lead.day_x", "lead.seen_x"

TRUTHS: list[tuple[str, Any, str, Any, bool]] = [
    (TITLE, "Head  of Ops", "eq", "head of ops ", True),
    (TITLE, "ＣＴＯ", "eq", "cto", True),
    (TITLE, "CTO", "neq", "cto", False),
    (TITLE, "CTO", "in", ["CFO", "Cto"], True),
    (TITLE, "CTO", "not_in", ["CFO"], True),
    (TITLE, "采购总监", "contains", "总监", True),
    (TITLE, "采购总监", "not_contains", "总监", False),
    (TITLE, "VP Sales", "starts_with", "vp", True),
    (TITLE, "VP Sales", "ends_with", "SALES", True),
    (TITLE, "VP Sales", "matches", r"^vp\s+S", True),
    (TITLE, "VP Sales", "matches", r"^sales", False),
    (LEVEL, "vp", "eq", "VP", True),
    (LEVEL, "Junior", "neq", "VP", True),
    (LEVEL, "Junior", "in", ["VP", "Senior"], False),
    (LEVEL, "Junior", "not_in", ["VP", "Senior"], True),
    (FLAGS, ["a", "b"], "has_any", ["B", "c"], True),
    (FLAGS, ["a", "b"], "has_any", ["c"], False),
    (FLAGS, ["a", "b"], "has_all", ["a", "b"], True),
    (FLAGS, ["a", "b"], "has_all", ["a", "c"], False),
    (FLAGS, ["a", "b"], "has_none", ["c"], True),
    (FLAGS, ["a", "b"], "has_none", ["a"], False),
    (SIZE, 50, "eq", 50, True),
    (SIZE, 50, "eq", 50.5, False),
    (SIZE, 50, "neq", 51, True),
    (SIZE, 50, "lt", 50, False),
    (SIZE, 50, "lte", 50, True),
    (SIZE, 50, "gt", 49.5, True),
    (SIZE, 50, "gte", 51, False),
    (SIZE, 50, "between", [50, 200], True),
    (SIZE, 200, "between", [50, 200], True),
    (SIZE, 201, "between", [50, 200], False),
    (RATIO, "0.3", "eq", 0.3, True),
    (RATIO, "0.3", "between", [0.1, 0.2], False),
    (BUDGET, True, "is_true", None, True),
    (BUDGET, True, "is_false", None, False),
    (BUDGET, False, "is_false", None, True),
    (DAY, "2026-11-20", "before", "2026-11-21", True),
    (DAY, "2026-11-21", "before", "2026-11-21", False),
    (DAY, "2026-11-22", "after", "2026-11-21", True),
    (DAY, "2026-11-21", "on_or_before", "2026/11/21", True),
    (DAY, "2026-11-21", "on_or_after", "2026-11-22", False),
    (DAY, "2026-11-21", "between", ["2026-11-21", "2026-11-30"], True),
    (MOMENT, "2026-11-21T10:00:00Z", "before", "2026-11-21T10:00:01Z", True),
    (MOMENT, "2026-11-20T16:00:00Z", "on_or_after", "2026-11-21", True),
    (MOMENT, "2026-11-20T15:59:59Z", "on_or_after", "2026-11-21", False),
    # now is 2026-11-21T12:00Z, in the policy zone 20:00 of the 21st
    (DAY, "2026-11-21", "within_last_days", 1, True),
    (DAY, "2026-11-20", "within_last_days", 1, False),
    (DAY, "2026-11-22", "within_last_days", 1, False),
    (DAY, "2026-11-14", "more_than_days_ago", 7, True),
    (DAY, "2026-11-15", "more_than_days_ago", 7, False),
    (MOMENT, "2026-11-20T12:00:00Z", "within_last_days", 1, False),
    (MOMENT, "2026-11-20T12:00:00.000001Z", "within_last_days", 1, True),
    (MOMENT, "2026-11-21T12:00:01Z", "within_last_days", 1, False),
    (MOMENT, "2026-11-21T00:00:00Z", "more_than_days_ago", 0.5, True),
    (MOMENT, "2026-11-21T00:00:00.000001Z", "more_than_days_ago", 0.5, False),
    (TITLE, "x", "known", None, True),
    (TITLE, "x", "unknown", None, False),
]


@pytest.mark.parametrize(("field", "raw", "op", "value", "truth"), TRUTHS)
def test_a_known_value_is_compared_as_the_operator_says(field: str, raw: Any, op: str, value: Any, truth: bool) -> None:
    assert holds(condition({"field": field, "op": op, "value": value}), seen({field: raw})) is truth


@pytest.mark.parametrize(("field", "raw", "op", "value", "truth"), TRUTHS)
def test_an_unknown_value_satisfies_no_test_except_unknown(
    field: str, raw: Any, op: str, value: Any, truth: bool
) -> None:
    test = {"field": field, "op": op, "value": value}
    assert holds(condition(test), seen()) is (op == "unknown")
    assert holds(condition({"none": [test]}), seen()) is (op != "unknown")


def test_every_operator_has_exactly_one_function() -> None:
    assert TESTS.keys() | RELATIVE.keys() | {"known", "unknown"} == OPERATORS.keys()
    assert not TESTS.keys() & RELATIVE.keys()
    assert {key for key, operator in OPERATORS.items() if operator.operand is Operand.DAYS} == RELATIVE.keys()


def test_groups_are_all_any_and_none() -> None:
    big, small = {"field": SIZE, "op": "gt", "value": 100}, {"field": SIZE, "op": "lt", "value": 10}
    view = seen({SIZE: 500})
    assert holds(condition({"all": []}), view)
    assert holds(condition({"any": [small, big]}), view)
    assert not holds(condition({"all": [small, big]}), view)
    assert not holds(condition({"none": [small, big]}), view)
    assert holds(condition({"none": [small]}), view)


HISTORY = [
    (30.0, "content.downloaded", {"asset_id": "old"}),
    (29.9, "content.downloaded", {"asset_id": "a"}),
    (2.5, "content.downloaded", {"asset_id": "b"}),
    (0.0, "content.downloaded", {"asset_id": "a"}),
    (-1.0, "content.downloaded", {"asset_id": "a"}),
    (1.0, "pricing.viewed", {}),
]
ASSET_A = {"event": "properties.asset_id", "op": "eq", "value": "A"}


@pytest.mark.parametrize(
    ("what", "number"),
    [
        ({"event": "content.downloaded"}, 4),
        ({"event": "content.downloaded", "days": 30}, 3),
        ({"event": "content.downloaded", "days": 30.5}, 4),
        ({"event": "content.downloaded", "days": 30, "where": ASSET_A}, 2),
        ({"event": "pricing.viewed", "days": 1}, 0),
        ({"event": "lead.touched"}, 0),
    ],
)
def test_a_count_covers_what_lies_after_the_windows_start_up_to_now(what: Any, number: int) -> None:
    explanation = explain(condition({"count": what, "op": "eq", "value": number}), seen(history=HISTORY))
    assert explanation.actual == number
    assert explanation.holds


def test_days_since_is_exact_and_unknown_if_it_never_happened() -> None:
    view = seen(history=HISTORY)
    viewed: dict[str, Any] = {"days_since": {"event": "pricing.viewed"}}
    assert holds(condition({**viewed, "op": "eq", "value": 1}), view)
    assert holds(condition({**viewed, "op": "between", "value": [0.9, 1]}), view)
    assert not holds(condition({**viewed, "op": "lt", "value": 1}), view)
    assert explain(condition({**viewed, "op": "lte", "value": 1}), view).actual == Fraction(1)
    assert holds(condition({"days_since": {"event": "lead.touched"}, "op": "unknown"}), view)
    assert not holds(condition({"days_since": {"event": "lead.touched"}, "op": "neq", "value": 1}), view)


def test_days_since_looks_for_the_last_fitting_event_not_later_than_now() -> None:
    where = {"event": "properties.asset_id", "op": "eq", "value": "b"}
    what = {"event": "content.downloaded", "where": where}
    explanation = explain(condition({"days_since": what, "op": "known"}), seen(history=HISTORY))
    assert explanation.actual == Fraction(5, 2)


@pytest.mark.parametrize(
    ("properties", "op", "value", "truth"),
    [
        ({"x": "Pricing page"}, "contains", "pricing", True),
        ({"x": 12}, "eq", 12, True),
        ({"x": "1,200"}, "gt", 1000, True),
        ({"x": "n/a"}, "gt", 1000, False),
        ({"x": "yes"}, "is_true", None, True),
        ({"x": ["a", "b"]}, "has_all", ["B"], True),
        ({"x": "2026-11-20"}, "before", "2026-11-21", True),
        ({"x": "2026-11-21T01:00:00Z"}, "between", ["2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"], True),
        ({"x": 5}, "between", [1, 5], True),
        ({"x": "2026-11-21"}, "within_last_days", 1, True),
        ({"x": "2026-11-20T13:00:00Z"}, "within_last_days", 1, True),
        ({"x": 5}, "within_last_days", 1, False),
        ({"x": {"y": 1}}, "known", None, True),
        ({"x": "  "}, "unknown", None, True),
        ({}, "neq", "a", False),
        (None, "unknown", None, True),
    ],
)
def test_a_property_is_read_as_operator_and_operand_imply(properties: Any, op: str, value: Any, truth: bool) -> None:
    test = condition({"event": "properties.x", "op": op, "value": value})
    assert holds(test, seen(properties=properties)) is truth


def test_an_explanation_of_known_shows_what_was_said() -> None:
    test = condition({"event": "properties.x", "op": "known"})
    assert explain(test, seen(properties={"x": " Ad "})).actual == "Ad"
    assert explain(test, seen(properties={"x": {"y": 1}})).actual == "…"


def test_a_property_may_lie_deeper() -> None:
    test = condition({"event": "properties.utm.source", "op": "eq", "value": "ad"})
    assert holds(test, seen(properties={"utm": {"source": "ad"}}))
    assert not holds(test, seen(properties={"utm": "ad"}))


def test_a_segment_stands_for_its_condition_and_sees_the_same_event() -> None:
    segments = [{"key": "from_ad", "when": {"event": "properties.source", "op": "eq", "value": "ad"}}]
    view = seen(segments=segments, properties={"source": "AD"})
    assert holds(condition({"segment": "from_ad"}), view)
    explanation = explain(condition({"segment": "from_ad"}), view)
    assert explanation.holds
    assert explanation.children[0].actual == "AD"


def test_an_explanation_leaves_no_node_out() -> None:
    test = condition({"any": [{"field": SIZE, "op": "gt", "value": 10}, {"none": [{"field": TITLE, "op": "known"}]}]})
    explanation = explain(test, seen({SIZE: 50}))
    assert explanation.holds
    assert [child.holds for child in explanation.children] == [True, True]
    assert explanation.children[0].actual == 50
    assert explanation.children[1].children[0].actual is None


def test_something_that_is_no_condition_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="not a condition"):
        holds(Node(), seen())


@given(st.integers(-100, 100), st.lists(st.integers(-100, 100), min_size=2, max_size=2))
def test_between_is_at_least_the_low_and_at_most_the_high(value: int, ends: list[int]) -> None:
    view = seen({SIZE: value})

    def test(op: str, operand: Any) -> bool:
        return holds(FieldTest(field=SIZE, op=op, value=operand), view)

    assert test("between", ends) is (test("gte", ends[0]) and test("lte", ends[1]))
    assert test("eq", ends[0]) is not test("neq", ends[0])
    assert test("lt", ends[0]) is not test("gte", ends[0])


TESTS_OF_SIZE = st.builds(
    lambda op, value: {"field": SIZE, "op": op, "value": value}, st.sampled_from(["lt", "gte", "eq"]), st.integers(0, 9)
)
GROUPS = st.recursive(
    TESTS_OF_SIZE,
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts},
        st.sampled_from(["all", "any", "none"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(st.lists(GROUPS, min_size=1, max_size=3), st.none() | st.integers(0, 9))
def test_none_is_the_contrary_of_any_for_known_and_unknown_values(parts: list[Any], size: int | None) -> None:
    view = seen({SIZE: size})
    assert holds(condition({"none": parts}), view) is not holds(condition({"any": parts}), view)


@given(GROUPS, st.none() | st.integers(0, 9))
def test_an_explanation_agrees_with_the_truth_at_every_node(raw: Any, size: int | None) -> None:
    view, waiting = seen({SIZE: size}), [explain(condition(raw), seen({SIZE: size}))]
    while waiting:
        explanation = waiting.pop()
        assert explanation.holds is holds(explanation.node, view)
        waiting += explanation.children


def test_a_walk_meets_every_node_once() -> None:
    tree = condition({"all": [{"any": [{"segment": "x"}]}, {"none": [{"segment": "y"}]}]})
    assert [type(node).__name__ for node in walk(tree)] == ["AllOf", "AnyOf", "SegmentTest", "NoneOf", "SegmentTest"]
