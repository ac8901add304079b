"""Unreachable grades, heats, cells and routes; and points that no lead can get in full."""

from typing import Any

import pytest

from rulesets.lint import lint
from tests.rulesets.documents import meanings, policy
from tests.rulesets.rows import (
    ALWAYS,
    BUDGET,
    LEVEL,
    TITLE,
    asks,
    listening,
    no,
    place,
    rules,
    signal_at,
    size,
    with_groups,
)

GRADES = {"A": 60, "B": 40, "C": 20}


def test_a_grade_that_the_points_do_not_give_is_unreachable() -> None:
    table = rules((size("lt", 10), 20), (size("between", [10, 20]), 40), (size("gt", 20), 50))
    assert meanings(with_groups(table, grades=GRADES)) == [("unreachable-grade", "models[0].fit.grades.A")]
    assert meanings(with_groups(table, rules((asks(BUDGET, "is_true"), 10)), grades=GRADES)) == []
    steps = rules((asks(LEVEL, "eq", "VP"), 60), (asks(LEVEL, "eq", "senior"), 20))
    assert meanings(with_groups(steps, grades=GRADES)) == [("unreachable-grade", "models[0].fit.grades.B")]
    assert meanings(with_groups(table, start=20, grades=GRADES)) == [("unreachable-grade", "models[0].fit.grades")]
    unknown = rules((size("unknown"), 60), (asks(TITLE, "matches", "x"), 40), (no(asks(TITLE, "eq", "y")), 20))
    assert meanings(with_groups(unknown, grades=GRADES)) == []


def test_points_for_knowing_nothing_add_up_with_what_holds_then() -> None:
    silent = rules((no(size("gt", 5)), 30), (size("unknown"), 30))
    assert meanings(with_groups(silent, grades={"A": 60, "B": 30})) == []


def test_points_of_accounts_add_up_over_their_leads() -> None:
    table = rules((asks(LEVEL, "eq", "VP"), 30), (asks(LEVEL, "eq", "senior"), 30))
    raw = with_groups(table, grades={"A": 60, "B": 30})
    assert meanings(raw) == [("unreachable-grade", "models[0].fit.grades.A")]
    raw["models"][0]["scores"] = "account"
    assert meanings(raw) == []
    raw["models"][0]["fit"]["groups"][0] = {**rules((size("lt", 9), 30), (size("gte", 9), 30)), "key": "g0"}
    assert meanings(raw) == [("unreachable-grade", "models[0].fit.grades.A")]


def test_very_many_different_sums_are_judged_by_their_range() -> None:
    fields = [{"key": f"lead.f{n}", "type": "boolean"} for n in range(14)]
    rows = rules(*((asks(f"lead.f{n}", "is_true"), 2**n / 100) for n in range(14)))
    raw = with_groups(rows, grades={"A": 163.84, "B": 163.83}, max=500) | {"fields": fields}
    assert meanings(raw) == [("unreachable-grade", "models[0].fit.grades.A")]


HEATS = {"frenzied": 80, "hot": 50, "warm": 20}


@pytest.mark.parametrize(
    ("signals", "group", "unreached"),
    [
        ([{}], {}, []),
        ([{"max": 60}], {}, ["frenzied"]),
        ([{"repeat": {"per": "event", "times": 3}}], {}, ["frenzied", "hot", "warm"]),
        ([{"repeat": {"per": "day", "times": 3}}], {}, []),
        ([{}], {"max": 50}, ["frenzied"]),
        ([{"points": -5}], {}, ["frenzied", "hot", "warm"]),
        ([{"points": 0}], {}, ["frenzied", "hot", "warm"]),
        ([{"when": size("gt", 10**13)}], {}, ["frenzied", "hot", "warm"]),
    ],
)
def test_a_heat_that_no_behaviour_gives_is_unreachable(signals: Any, group: Any, unreached: list[str]) -> None:
    found = [
        path for code, path in meanings(listening(*signals, group=group, heats=HEATS)) if code == "unreachable-heat"
    ]
    assert found == [f"models[0].engagement.heats.{name}" for name in unreached]


def test_a_cold_that_nobody_is_any_more_is_unreachable() -> None:
    raw = listening({}, heats={"hot": 10, "warm": -1})
    assert meanings(raw) == [("unreachable-heat", "models[0].engagement.heats")]
    (finding,) = lint(raw).findings
    assert finding.message == "no lead has heat cold: engagement goes from 0, up without end"
    assert (
        meanings(listening({"points": -1}, {"points": 5, "event": "content.downloaded"}, heats={"hot": 10, "warm": -1}))
        == []
    )


def test_a_cell_of_a_grade_or_heat_that_is_never_given_is_unreachable() -> None:
    cells = {"A.cold": {"action": "hold"}, "D.hot": {"action": "hold"}, "D.cold": {"action": "hold"}}
    found = meanings(policy(models=[{"key": "m", "matrix": {"cells": cells}}]))
    assert found == [
        ("unreachable-cell", 'models[0].matrix.cells["A.cold"]'),
        ("unreachable-cell", 'models[0].matrix.cells["D.hot"]'),
    ]


def routed(route: dict[str, Any], cells: Any = None, **qualification: Any) -> list[tuple[str, str]]:
    table = rules((size("lt", 10), 20), (size("between", [10, 20]), 40), (size("gt", 20), 60))
    raw = with_groups(table, grades=GRADES)
    raw["models"][0]["matrix"] = {"cells": cells or {}}
    raw |= {
        "qualification": {"mql": [{"key": "r", **route}], **qualification},
        "assignment": [{"key": "s", "role": "sales"}],
    }
    return [one for one in meanings(raw) if one[0] == "unreachable-route"]


ITEMS = [{"key": "a", "when": size("gt", 5)}, {"key": "b", "when": no(ALWAYS)}]
CHECKLIST = {"key": "c", "items": ITEMS}


@pytest.mark.parametrize(
    ("route", "cells", "checklists", "reached"),
    [
        ({}, {}, [], True),
        ({"cells": ["A.cold"]}, {}, [], True),
        ({"cells": ["A.hot"]}, {}, [], False),
        ({"cells": ["A.cold"]}, {"A.cold": {"action": "hold"}}, [], False),
        ({"cells": ["A.cold", "B.cold"]}, {"A.cold": {"action": "hold"}}, [], True),
        ({"min_fit": 60}, {}, [], True),
        ({"min_fit": 61}, {}, [], False),
        ({"cells": ["B.cold"], "min_fit": 41}, {}, [], False),
        ({"min_engagement": 1}, {}, [], False),
        ({"when": no(ALWAYS)}, {}, [], False),
        ({"checklist": "c"}, {}, [{**CHECKLIST, "require": {"met": 1}}], True),
        ({"checklist": "c"}, {}, [{**CHECKLIST, "require": {"met": 2}}], False),
    ],
)
def test_a_route_is_unreachable_when_cells_points_checklist_or_condition_keep_everybody_out(
    route: Any,
    cells: Any,
    checklists: Any,
    reached: bool,
) -> None:
    assert routed(route, cells, checklists=checklists) == (
        [] if reached else [("unreachable-route", "qualification.mql[0]")]
    )


KNOWN_TITLE = asks(TITLE, "known")


@pytest.mark.parametrize(
    ("group", "fit", "wasted"),
    [
        (rules((size("gt", 5), 30), max=20), {}, [0]),
        (rules((size("gt", 5), 20), max=20), {}, []),
        (rules((size("gt", 5), 30), (KNOWN_TITLE, -10), max=20), {}, []),
        (rules((size("gt", 5), 30), (size("lt", 5), -10), max=20), {}, [0]),
        (rules((no(size("gt", 5)), 30), (no(size("lt", 5)), -10), max=20), {}, []),
        (rules((size("gt", 5), -30), min=-20), {}, [0]),
        (rules((size("gt", 5), -30), (KNOWN_TITLE, 10), min=-20), {}, []),
        (rules((size("gt", 5), 30)), {"max": 20}, [0]),
        (rules((size("gt", 5), 30)), {"start": -10, "max": 20}, []),
        (rules((size("gt", 5), 30)), {"start": 20, "max": 20}, [0]),
        (rules((size("gt", 5), -30)), {"min": 0}, [0]),
        (rules((size("gt", 5), -30)), {"start": 30, "min": 0}, []),
        (rules((size("gt", 5), 30), (no(ALWAYS), 90), max=30), {}, []),
    ],
)
def test_fit_points_that_a_limit_always_cuts_are_wasted(group: Any, fit: Any, wasted: list[int]) -> None:
    found = [one for one in meanings(with_groups(group, **fit)) if one[0] == "wasted-points"]
    assert found == [("wasted-points", f"{place(number)}.points") for number in wasted]


def test_what_is_wasted_and_what_is_left_is_told() -> None:
    finding = next(f for f in lint(with_groups(rules((size("gt", 5), -30.5), min=-20))).findings)
    assert finding.message == "-10.5 of -30.5 points are always cut away by the group g0"
    assert finding.suggestion == "write -20, or move the bound"


def test_in_a_group_of_very_many_rules_all_are_taken_to_go_together() -> None:
    rows = [(size("eq", n), 1) for n in range(90)]
    assert [c for c, _ in meanings(with_groups(rules((size("eq", 99), 30), *rows, max=20)))].count("wasted-points") == 1
    assert meanings(with_groups(rules((size("eq", 99), 30), *((w, -1) for w, _ in rows), max=20))) == []


@pytest.mark.parametrize(
    ("signals", "group", "engagement", "wasted"),
    [
        ([{"points": 30, "max": 20}], {}, {}, [0]),
        ([{"points": 30, "max": 20, "decay": {"curve": "expire", "days": 7}}], {}, {}, []),
        ([{"points": 30, "max": 20, "decay": {"curve": "half_life", "days": 7, "floor": 25}}], {}, {}, [0]),
        ([{"points": 30, "max": 20, "decay": {"curve": "none"}}], {}, {}, [0]),
        ([{"points": 30}], {"max": 20}, {}, [0]),
        ([{"points": 30}, {"points": -1, "event": "content.downloaded"}], {"max": 20}, {}, []),
        ([{"points": 30}], {}, {"max": 20}, [0]),
        ([{"points": -30}], {"min": -20}, {}, [0]),
        ([{"points": -30}], {}, {"min": 0}, [0]),
        ([{"points": -30}, {"points": 1, "event": "content.downloaded"}], {}, {"min": 0}, []),
        ([{"points": 0}], {}, {"max": 0}, []),
    ],
)
def test_points_of_signals_that_a_limit_always_cuts_are_wasted(
    signals: Any, group: Any, engagement: Any, wasted: list[int]
) -> None:
    found = [one for one in meanings(listening(*signals, group=group, **engagement)) if one[0] == "wasted-points"]
    assert found == [("wasted-points", f"{signal_at(number)}.points") for number in wasted]
