"""Exclusions, red flags, checklists and routes (R4.1–R4.3)."""

from typing import Any

import pytest

from engine.core.lead.model import ChecklistResult, Stage, Verdict
from engine.core.lead.state import LeadState
from engine.core.qualification.stages import advance
from rulesets.policy.policy import Policy
from tests.engine.core.scored_leads import ALWAYS, model, policy, verdict

MATRIX = {
    "default": {"action": "sdr"},
    "cells": {"A.cold": {"action": "sales"}, "B.cold": {"action": "hold"}, "C.cold": {"action": "disqualify"}},
}


def budget(op: str = "is_true") -> dict[str, Any]:
    return {"field": "answers.budget", "op": op}


def met(key: str, at_least: int) -> dict[str, Any]:
    return {"field": f"checklist.{key}.met", "op": "gte", "value": at_least}


def item(key: str, when: Any = None) -> dict[str, Any]:
    return {"key": key, "when": ALWAYS if when is None else when}


def rules(fit: float = 0, matrix: Any = None, **qualification: Any) -> Policy:
    return policy(
        model(fit={"start": fit}, matrix=MATRIX if matrix is None else matrix),
        fields=[{"key": "answers.budget", "type": "boolean"}],
        qualification=qualification,
    )


NEVER = {"none": [ALWAYS]}


def test_the_first_exclusion_that_holds_is_named_and_stops_every_route() -> None:
    found = verdict(
        rules(
            exclusions=[item("never", NEVER), item("first"), item("second")],
            red_flags=[item("flag")],
            mql=[{"key": "all"}],
        )
    )
    assert (found.excluded, found.flagged, found.route) == ("first", ("flag",), None)


def test_every_red_flag_that_holds_is_named_and_stops_routes_and_sales_cells() -> None:
    flags = [item("yes", budget()), item("never", NEVER), item("also", budget("known"))]
    with_route = rules(red_flags=flags, mql=[{"key": "all"}])
    selling = rules(fit=60, red_flags=flags)
    for policy_ in (with_route, selling):
        assert verdict(policy_, {"answers.budget": True}).flagged == ("yes", "also")
        assert verdict(policy_, {"answers.budget": True}).route is None
    assert verdict(with_route).route == "all"
    assert verdict(selling).route == "cell"


def test_an_unknown_value_raises_no_flag() -> None:
    flag = {"field": "answers.budget", "op": "is_false"}
    assert verdict(rules(red_flags=[item("f", flag)], mql=[{"key": "q"}])).route == "q"


@pytest.mark.parametrize(
    ("require", "required"), [({"met": 2}, 2), ({"met": 0}, 0), ({"fraction": "2/3"}, 2), ({"fraction": "1/2"}, 2)]
)
def test_a_checklist_is_n_of_m_or_a_fraction_rounded_up(require: dict[str, Any], required: int) -> None:
    items = [item("a"), item("b", NEVER), item("c")]
    found = verdict(rules(checklists=[{"key": "ck", "items": items, "require": require}]))
    assert found.checklists == {"ck": ChecklistResult(2, 3, required, passed=True, items=("a", "c"))}


def test_checklists_are_seen_by_what_comes_after_them() -> None:
    first = {"key": "first", "items": [item("a"), item("b", NEVER)], "require": {"met": 1}}
    second = {"key": "second", "items": [item("c", met("first", 1)), item("d", met("first", 2))], "require": {"met": 1}}
    third = {"key": "third", "items": [item("e", met("second", 1)), item("f")], "require": {"met": 2}}
    found = verdict(
        rules(
            checklists=[third, second, first],
            exclusions=[item("no", met("third", 3))],
            red_flags=[item("yes", met("third", 2))],
        )
    )
    assert {key: result.items for key, result in found.checklists.items()} == {
        "third": ("e", "f"),
        "second": ("c",),
        "first": ("a",),
    }
    assert (found.excluded, found.flagged) == (None, ("yes",))


def test_verdicts_may_read_scores() -> None:
    strong = {"field": "score.cell", "op": "eq", "value": "A.cold"}
    assert verdict(rules(fit=60, red_flags=[item("strong", strong)])).flagged == ("strong",)


def route(fit: float = 0, facts: dict[str, Any] | None = None, **parts: Any) -> Verdict:
    checklist = {"key": "ck", "items": [item("a", budget())], "require": {"met": 1}}
    return verdict(rules(fit, checklists=[checklist], mql=[{"key": "q", **parts}]), facts)


def test_a_route_passes_when_all_it_names_hold() -> None:
    everything = {"cells": ["D.cold"], "checklist": "ck", "min_fit": 10, "min_engagement": 0, "when": budget("known")}
    assert route(10, {"answers.budget": True}, **everything).route == "q"
    assert route(9.99, {"answers.budget": True}, **everything).route is None
    assert route(10, {"answers.budget": False}, **everything).route is None
    assert route(10, {"answers.budget": True}, **{**everything, "cells": ["A.cold"]}).route is None
    assert route(10, {"answers.budget": True}, **{**everything, "min_engagement": 0.01}).route is None
    assert route(10, {"answers.budget": True}, **{**everything, "when": budget("unknown")}).route is None


def test_the_first_route_in_order_is_recorded() -> None:
    routes = [{"key": "far", "min_fit": 99}, {"key": "one"}, {"key": "two"}]
    assert verdict(rules(mql=routes)).route == "one"


def test_a_sales_cell_is_a_route_of_its_own_after_those_of_the_policy() -> None:
    assert verdict(rules(fit=60, mql=[{"key": "far", "min_fit": 99}])).route == "cell"
    assert verdict(rules(fit=60, mql=[{"key": "near", "min_fit": 1}])).route == "near"


@pytest.mark.parametrize("fit", [40, 20])
def test_a_route_passes_in_cells_that_hold_or_disqualify_but_makes_no_mql(fit: float) -> None:
    policy = rules(fit=fit, mql=[{"key": "q"}])
    found = verdict(policy)
    assert (found.route, found.missing_route) == ("q", "q")
    cell = policy.models[0].matrix.cell("B" if fit == 40 else "C", "cold")
    assert advance(LeadState(stage=Stage.RAW), found, cell, acts=True).stage is not Stage.MQL


def test_a_route_may_wait_for_a_person() -> None:
    waiting = rules(mql=[{"key": "q", "confirm": "sdr"}])
    assert verdict(waiting).route is None
    assert verdict(waiting, confirmed=True).route == "q"
    assert verdict(waiting, ignore_confirmation=True).route == "q"


def test_ignoring_confirmation_ignores_nothing_else() -> None:
    flagged = rules(mql=[{"key": "q", "confirm": "sdr"}], red_flags=[item("f")])
    assert verdict(flagged, ignore_confirmation=True).route is None


def test_a_policy_without_qualification_has_nothing_to_say() -> None:
    assert verdict(rules(matrix={})) == Verdict(None, (), {}, None, ())
