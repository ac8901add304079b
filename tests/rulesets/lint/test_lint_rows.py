"""Rows that duplicate, contradict or shadow each other; gaps and overlaps of bands."""

from typing import Any

import pytest

from rulesets.lint import lint
from tests.rulesets.documents import meanings, policy
from tests.rulesets.rows import (
    ALWAYS,
    BUDGET,
    LEVEL,
    RATIO,
    SIZE,
    TITLE,
    asks,
    every,
    listening,
    no,
    place,
    rules,
    signal_at,
    size,
    some,
    with_groups,
)

TWINS = [
    (size("gt", 5), size("gte", 6)),
    (size("between", [1, 9]), every(size("gte", 1), size("lt", 10))),
    (asks(LEVEL, "neq", "VP"), asks(LEVEL, "in", ["senior", "JUNIOR"])),
    (asks(TITLE, "in", ["CTO", "CEO"]), some(asks(TITLE, "eq", "ceo"), asks(TITLE, "eq", "cto"))),
    (asks(TITLE, "not_in", ["CTO"]), every(asks(TITLE, "known"), no(asks(TITLE, "eq", "cto")))),
    (asks(BUDGET, "is_true"), every(asks(BUDGET, "known"), no(asks(BUDGET, "is_false")))),
    (every(size("gt", 5), asks(TITLE, "matches", "x")), every(asks(TITLE, "matches", "x"), size("gt", 5))),
]


@pytest.mark.parametrize(("one", "two"), TWINS)
def test_rules_of_one_group_that_hold_for_the_same_leads_are_twins(one: Any, two: Any) -> None:
    assert meanings(with_groups(rules((one, 5), (two, 5)))) == [("duplicate-rule", place(1))]
    assert meanings(with_groups(rules((one, 5), (two, -5)))) == [("contradictory-rules", place(1))]
    assert meanings(with_groups(rules((one, 5)), rules((two, 5)))) == []
    assert meanings(with_groups(rules((one, 5)), rules((two, -5)))) == [("contradictory-rules", place(0, 1))]


def test_rules_that_differ_anywhere_are_no_twins() -> None:
    assert meanings(with_groups(rules((asks(TITLE, "eq", "CTO"), 5), (asks(TITLE, "eq", "CEO"), 5)))) == []
    assert meanings(with_groups(rules((size("gt", 5), 5), (size("gt", 6), 5)))) == []
    assert meanings(with_groups(rules((asks(TITLE, "neq", "CTO"), 5), (asks(TITLE, "neq", "CEO"), 5)))) == []
    assert meanings(with_groups(rules((size("gt", 5), 0), (size("gt", 5), 0)))) == []


def test_signals_are_twins_when_they_hear_and_count_the_same() -> None:
    both = ["pricing.viewed", "content.downloaded"]
    assert meanings(listening({}, {"when": ALWAYS})) == [("duplicate-rule", signal_at(1))]
    assert meanings(listening({"event": both}, {"event": both[::-1]})) == [("duplicate-rule", signal_at(1))]
    assert meanings(listening({}, {"points": -5})) == [("contradictory-rules", signal_at(1))]
    assert meanings(listening({}, {"decay": {"curve": "expire", "days": 7}})) == []
    assert meanings(listening({}, {"event": both})) == []


def test_items_and_flags_that_hold_for_the_same_leads_are_twins() -> None:
    twins = [{"key": "a", "when": size("gt", 5)}, {"key": "b", "when": size("gte", 6)}]
    checklist = {"key": "c", "items": twins, "require": {"met": 1}}
    found = meanings(policy(qualification={"checklists": [checklist], "red_flags": twins}))
    assert found == [
        ("duplicate-rule", "qualification.checklists[0].items[1]"),
        ("duplicate-rule", "qualification.red_flags[1]"),
    ]


def test_an_exclusion_that_one_before_it_forestalls_is_never_recorded() -> None:
    def exclusions(*conditions: Any) -> list[tuple[str, str]]:
        rows = [{"key": f"e{n}", "when": when} for n, when in enumerate(conditions)]
        return meanings(policy(qualification={"exclusions": rows}))

    shadowed = [("shadowed-rule", "qualification.exclusions[1]")]
    assert exclusions(size("lt", 10), size("lt", 5)) == shadowed
    assert exclusions(size("lt", 10), every(size("lt", 5), asks(TITLE, "known"))) == shadowed
    assert exclusions(size("lt", 5), size("lt", 10)) == []
    assert exclusions(size("lt", 5), asks(TITLE, "known")) == []


def test_a_route_that_asks_more_than_one_before_it_is_never_recorded() -> None:
    def routes(*rows: dict[str, Any]) -> list[tuple[str, str]]:
        named = [{"key": f"r{n}", **row} for n, row in enumerate(rows)]
        sales = [{"key": "s", "role": "sales"}]
        found = meanings(policy(qualification={"mql": named}, assignment=sales))
        return [one for one in found if one[0] == "shadowed-rule"]

    shadowed = [("shadowed-rule", "qualification.mql[1]")]
    assert routes({}, {"when": size("gt", 5)}) == shadowed
    assert routes({"cells": ["A.hot", "D.cold"]}, {"cells": ["D.cold"], "confirm": "sdr"}) == shadowed
    assert routes({"min_fit": 0}, {"min_fit": 10, "min_engagement": 0}) == shadowed
    assert routes({"min_fit": 10}, {"min_fit": 0}) == []
    assert routes({"cells": ["D.cold"]}, {}) == []
    assert routes({"confirm": "sdr"}, {"when": size("gt", 5)}) == []


def test_an_assignment_policy_is_forestalled_only_by_one_for_the_same_people() -> None:
    def assignment(*rows: dict[str, Any]) -> list[tuple[str, str]]:
        return meanings(policy(assignment=[{"key": f"p{n}", "role": "sdr", **row} for n, row in enumerate(rows)]))

    shadowed = [("shadowed-rule", "assignment[1]")]
    assert assignment({}, {"when": size("gt", 5)}) == shadowed
    assert assignment({"priority": 9, "when": size("gt", 6)}, {"priority": 5, "when": size("gt", 5)}) == [
        ("shadowed-rule", "assignment[0]")
    ]
    assert assignment({"teams": ["east"]}, {}) == []
    assert assignment({}, {"role": "sales"}) == []
    assert assignment({"otherwise": {"policy": "p1"}}, {}) == []


def test_very_many_rows_are_compared_only_so_far() -> None:
    rows = [{"key": f"e{n}", "when": size("gt", n)} for n in range(1, 130)][::-1]
    assert meanings(policy(qualification={"exclusions": rows})) == []


def bands(
    *spans: tuple[Any, Any], field: str = SIZE, more: tuple[tuple[Any, float], ...] = ()
) -> list[tuple[str, str]]:
    return meanings(with_groups(rules(*((asks(field, *span), 5 + n) for n, span in enumerate(spans)), *more)))


GAP, OVERLAP = [("band-gap", f"{place(1)}.when")], [("band-overlap", f"{place(1)}.when")]


def test_values_between_two_bands_are_a_gap() -> None:
    assert bands(("between", [1, 9]), ("between", [20, 50])) == GAP
    assert bands(("lt", 5), ("gt", 10)) == GAP
    assert bands(("between", [1, 9]), ("between", [9.0001, 50]), field=RATIO) == []
    assert bands(("between", [1, 9]), ("between", [9.01, 50]), field=RATIO) == GAP
    assert bands(("between", [1, 9]), ("between", [10, 50])) == []
    assert bands(("gte", 1), ("gte", 10)) == []
    assert bands(("gte", 1), ("eq", 10)) == []
    assert bands(("eq", -5), ("between", [1, 9]), ("eq", 20)) == []
    assert bands(("between", [1, 9]), ("between", [20, 50]), ("eq", 15)) == GAP * 2
    assert bands(("between", [1, 9]), ("gt", 9)) == []


def test_a_gap_that_another_rule_fills_is_none() -> None:
    filled = (every(size("known"), no(size("between", [1, 9]), size("between", [20, 50]))), 1.0)
    assert bands(("between", [1, 9]), ("between", [20, 50]), more=(filled,)) == []
    mixed = (every(size("between", [10, 19]), asks(TITLE, "known")), 1.0)
    assert bands(("between", [1, 9]), ("between", [20, 50]), more=(mixed,)) == []
    unknown = (size("unknown"), 1.0)
    assert bands(("between", [1, 9]), ("between", [20, 50]), more=(unknown,)) == GAP


def test_values_in_two_bands_are_an_overlap() -> None:
    assert bands(("between", [1, 10]), ("between", [10, 50])) == OVERLAP
    assert bands(("between", [1, 50]), ("between", [10, 20])) == OVERLAP
    assert bands(("between", [1, 50]), ("between", [1, 20])) == [("band-overlap", f"{place(0)}.when")]
    assert bands(("lte", 10), ("gte", 10)) == OVERLAP
    assert bands(("between", [1, 10]), ("gt", 9)) == OVERLAP
    assert bands(("gte", 1), ("between", [10, 20])) == []
    assert bands(("lt", 5), ("lt", 10)) == []


@pytest.mark.parametrize(
    ("spans", "suggestion"),
    [
        (
            [("between", [1, 9]), ("between", [20, 50])],
            "add {key: before_r1, when: {field: company.size_x, op: between, value: [10, 19]}, points: 5}",
        ),
        (
            [("between", [1, 10]), ("between", [10, 50])],
            "narrow r0: {key: r0, when: {field: company.size_x, op: between, value: [1, 9]}, points: 5}",
        ),
        (
            [("lte", 10), ("gte", 10)],
            "narrow r0: {key: r0, when: {field: company.size_x, op: lte, value: 9}, points: 5}",
        ),
        (
            [("between", [1, 50]), ("between", [1, 20])],
            "narrow r0: {key: r0, when: {field: company.size_x, op: between, value: [21, 50]}, points: 5}",
        ),
        ([("between", [1, 10]), ("gte", 1)], None),
        (
            [("lte", 10), ("between", [1, 50])],
            "narrow r0: {key: r0, when: {field: company.size_x, op: lte, value: 0}, points: 5}",
        ),
    ],
)
def test_gaps_and_overlaps_come_with_a_row_to_put_in(spans: Any, suggestion: str | None) -> None:
    raw = with_groups(rules(*((size(*span), 5) for span in spans)))
    assert [f.suggestion for f in lint(raw).findings if f.code.startswith("band")] == (
        [suggestion] if suggestion else []
    )


def test_an_upper_band_open_above_is_narrowed_from_below() -> None:
    raw = with_groups(rules((size("between", [1, 50]), 5), (size("gte", 50), 5)))
    assert [f.suggestion for f in lint(raw).findings] == [
        "narrow r0: {key: r0, when: {field: company.size_x, op: between, value: [1, 49]}, points: 5}"
    ]


def test_bands_of_very_many_rows_are_compared_only_so_far() -> None:
    rows = [(size("between", [n, 9000 + n]), 1) for n in range(300)]
    found = meanings(with_groups(rules(*rows)))
    assert len([one for one in found if one[0] == "band-overlap"]) == 1000
