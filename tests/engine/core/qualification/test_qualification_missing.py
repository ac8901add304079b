"""What is missing on the nearest route (R4.4)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.model import Missing, Verdict
from engine.core.qualification.qualification import CLOSED_ACTIONS
from tests.engine.core.qualification.test_qualification import NEVER, budget, item, rules
from tests.engine.core.scored_leads import verdict

CHECKLIST = {
    "key": "ck",
    "items": [item("a"), item("b", NEVER), item("c", NEVER), item("d", NEVER)],
    "require": {"met": 3},
}


def lacks(fit: float = 0, facts: Any = None, **qualification: Any) -> tuple[str | None, list[Missing]]:
    found = verdict(rules(fit, **qualification), facts)
    return found.missing_route, list(found.missing)


def test_nothing_is_missing_on_a_passed_route() -> None:
    assert lacks(mql=[{"key": "far", "min_fit": 9}, {"key": "q"}]) == (None, [])


def test_missing_points_say_which_how_many_there_are_and_how_many_it_takes() -> None:
    assert lacks(12.5, mql=[{"key": "q", "min_fit": 60, "min_engagement": 30}]) == (
        "q",
        [
            Missing("points", {"score": "fit", "have": 12.5, "need": 60.0}),
            Missing("points", {"score": "engagement", "have": 0.0, "need": 30.0}),
        ],
    )


def test_a_missing_cell_says_where_the_lead_is_and_which_cells_would_do() -> None:
    assert lacks(mql=[{"key": "q", "cells": ["A.hot"]}]) == (
        "q",
        [Missing("cell", {"cell": "D.cold", "action": "sdr", "cells": ["A.hot"]})],
    )


def test_a_cell_that_lets_nothing_pass_is_missing_once_even_if_it_is_named() -> None:
    assert lacks(40, mql=[{"key": "q", "cells": ["B.cold"]}]) == (
        "q",
        [Missing("cell", {"cell": "B.cold", "action": "hold", "cells": ["B.cold"]})],
    )


def test_a_checklist_misses_as_many_items_as_it_still_needs() -> None:
    open_items = ["b", "c", "d"]
    assert lacks(checklists=[CHECKLIST], mql=[{"key": "q", "checklist": "ck"}]) == (
        "q",
        [Missing("item", {"checklist": "ck", "item": key, "any_of": open_items}) for key in ("b", "c")],
    )


def test_a_checklist_that_needs_more_items_than_it_has_misses_one_that_does_not_exist() -> None:
    impossible = {"key": "ck", "items": [item("a", NEVER)], "require": {"met": 2}}
    _, missing = lacks(checklists=[impossible], mql=[{"key": "q", "checklist": "ck"}])
    assert [entry.detail["item"] for entry in missing] == ["a", None]


def test_flags_conditions_and_confirmations_are_missing_by_name() -> None:
    found = lacks(
        facts={"answers.budget": False},
        red_flags=[item("f", budget("known")), item("g", NEVER)],
        mql=[{"key": "q", "when": budget(), "confirm": "sdr"}],
    )
    assert found == (
        "q",
        [Missing("condition", {"route": "q"}), Missing("confirm", {"by": "sdr"}), Missing("flag", {"flag": "f"})],
    )


def test_an_ignored_confirmation_is_still_missing() -> None:
    found = verdict(rules(mql=[{"key": "q", "confirm": "sdr"}]), ignore_confirmation=True)
    assert (found.route, found.missing_route, found.missing) == ("q", "q", (Missing("confirm", {"by": "sdr"}),))


def test_the_nearest_route_lacks_the_fewest_and_of_equals_the_first() -> None:
    routes = [
        {"key": "two", "min_fit": 5, "min_engagement": 5},
        {"key": "one", "min_fit": 5},
        {"key": "other", "min_engagement": 5},
    ]
    assert lacks(mql=routes)[0] == "one"


def test_a_sales_cell_under_a_red_flag_is_the_nearest_route() -> None:
    found = lacks(60, red_flags=[item("f")], mql=[{"key": "q", "min_engagement": 5}])
    assert found == ("cell", [Missing("flag", {"flag": "f"})])


def test_without_routes_the_sales_cells_are_what_a_lead_may_reach() -> None:
    assert lacks() == ("cell", [Missing("cell", {"cell": "D.cold", "action": "sdr", "cells": ["A.cold"]})])


def test_without_routes_and_sales_cells_nothing_can_be_missing() -> None:
    assert lacks(matrix={}) == (None, [])


ROUTES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "min_fit": st.integers(0, 70),
            "checklist": st.just("ck"),
            "cells": st.lists(st.sampled_from(["A.cold", "B.cold", "D.cold"]), min_size=1, max_size=2),
            "when": st.just(budget()),
            "confirm": st.just("sdr"),
        },
    ),
    max_size=4,
)


@given(ROUTES, st.integers(0, 70), st.booleans(), st.booleans(), st.booleans())
def test_a_route_passes_when_nothing_but_a_cell_that_holds_it_is_missing(
    routes: list[dict[str, Any]], fit: int, flag: bool, budget_: bool, confirmed: bool
) -> None:
    keyed = [{"key": f"q{n}", **parts} for n, parts in enumerate(routes)]
    policy = rules(fit, checklists=[CHECKLIST], mql=keyed, red_flags=[item("f")] if flag else [])
    found: Verdict = verdict(policy, {"answers.budget": budget_}, confirmed=confirmed)
    lacks = [entry for entry in found.missing if entry.detail.get("action") not in CLOSED_ACTIONS]
    assert (found.route is not None) >= (found.missing == ())
    assert (found.route is None) >= bool(lacks)
    assert (found.missing_route is None) == (found.missing == ())
    assert not (flag and found.route)
