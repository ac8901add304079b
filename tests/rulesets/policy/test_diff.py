"""The difference of two policies: the old one plus the changes is the new one, and each change is minimal."""

import copy
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulesets import starters
from rulesets.document import document
from rulesets.policy.diff import POLICY, ChangeKind, PolicyChange, RowStep, apply, diff
from tests.rulesets.documents import policy, with_rule, with_signal
from tests.rulesets.strategies import POLICIES

ALWAYS: dict[str, Any] = {"all": []}


def plain(raw: Any) -> dict[str, Any]:
    """The plain document of a policy that is structurally sound."""
    result = document.parse(raw)
    assert result.policy is not None, result.findings
    return document.plain(result.policy)


def changed(old: Any, new: Any) -> list[tuple[str, str, Any, Any]]:
    """The changes as tuples, after applying them was seen to give the new document."""
    old, new = plain(old), plain(new)
    changes = diff(old, new)
    assert apply(changes, old) == new
    return [(change.path, change.kind.value, change.old, change.new) for change in changes]


def rows(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key, "when": ALWAYS} for key in keys]


@given(POLICIES, POLICIES)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_the_changes_applied_to_the_old_policy_give_the_new_one(old: Any, new: Any) -> None:
    changed(old, new)


@given(POLICIES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_a_policy_differs_in_nothing_from_itself(one: Any) -> None:
    assert changed(one, copy.deepcopy(one)) == []


KEYS = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(KEYS, KEYS)
def test_rows_in_any_order_are_put_into_any_other(old: list[str], new: list[str]) -> None:
    changes = changed(policy(segments=rows(*old)), policy(segments=rows(*new)))
    moved = sum(kind == "moved" for _, kind, _, _ in changes)
    assert moved <= max(0, len(set(old) & set(new)) - 1)


@given(st.data())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_a_starter_shaken_at_random_is_reached_by_its_changes(data: st.DataObject) -> None:
    old = plain(starters.load("growth_smb"))
    new = copy.deepcopy(old)
    shake(new, random.Random(data.draw(st.integers(0, 10**6))), POLICY)
    assert apply(diff(old, new), old) == new


def shake(value: Any, chance: random.Random, shape: Any) -> None:
    """Drop, double, shuffle and alter parts of a document, whatever they mean."""
    if isinstance(value, list):
        if chance.random() < 0.3:
            chance.shuffle(value)
        if len(value) > 1 and chance.random() < 0.3:
            del value[chance.randrange(len(value))]
        for member in value:
            shake(member, chance, shape)
    elif isinstance(value, dict):
        for name in [name for name in value if name != "key"]:
            if isinstance(value[name], dict | list):
                shake(value[name], chance, shape)
                if not value[name]:
                    value.pop(name)
            elif chance.random() < 0.05:
                value[name] = chance.randrange(100)


def test_a_weight_an_edge_and_a_condition_change_where_they_stand() -> None:
    old, new = with_rule(ALWAYS), with_rule({"field": "lead.title_x", "op": "known"})
    new["models"][0]["fit"]["groups"][0]["rules"][0]["points"] = 2
    new["models"][0]["fit"]["grades"] = {"A": 60}
    rule = "models[m].fit.groups[g].rules[r]"
    assert changed(old, new) == [
        (f"{rule}.when", "changed", ALWAYS, {"field": "lead.title_x", "op": "known"}),
        (f"{rule}.points", "changed", 1, 2),
        ("models[m].fit.grades.A", "added", None, 60),
    ]


def test_a_window_changes_whole() -> None:
    old = with_signal({"repeat": {"per": "day", "times": 1, "window": {"days": 7}}})
    new = with_signal({"repeat": {"per": "day", "times": 1, "window": {"hours": 7}}})
    (change,) = changed(old, new)
    assert change[:2] == ("models[m].engagement.groups[g].signals[s].repeat", "changed")


def test_one_row_that_jumps_to_the_front_is_the_only_one_that_moved() -> None:
    old, new = policy(segments=rows("a", "b", "c")), policy(segments=rows("c", "a", "b"))
    assert changed(old, new) == [("segments[c]", "moved", 2, 0)]


def test_rows_come_go_and_change_at_once() -> None:
    old = policy(segments=rows("a", "b"))
    new = policy(segments=[{"key": "n", "when": ALWAYS}, {"key": "b", "when": ALWAYS, "label": "B"}])
    assert changed(old, new) == [
        ("segments[a]", "removed", {"key": "a", "when": ALWAYS}, None),
        ("segments[n]", "added", None, {"key": "n", "when": ALWAYS}),
        ("segments[b].label", "added", None, "B"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({}, {"pool": {}}, ("pool", "added")),
        ({"pool": {}}, {}, ("pool", "removed")),
        ({"pool": {}}, {"pool": {"claim": {"per_day": 3}}}, ("pool.claim.per_day", "added")),
        ({"pool": {"claim": {"per_day": 3}}}, {"pool": {}}, ("pool.claim.per_day", "removed")),
        ({"calendar": {"country": "CN"}}, {"calendar": {"country": "DE"}}, ("calendar.country", "changed")),
        ({"feedback": {"on_reject": "pool"}}, {}, ("feedback.on_reject", "removed")),
        ({}, {"reasons": {"lost": [{"key": "price"}]}}, ("reasons.lost[price]", "added")),
        ({"reasons": {"lost": [{"key": "price"}]}}, {}, ("reasons.lost[price]", "removed")),
        ({"name": "a"}, {"name": "b"}, ("name", "changed")),
    ],
)
def test_parts_that_may_be_absent_come_and_go(old: Any, new: Any, told: tuple[str, str]) -> None:
    (change,) = changed(policy(**old), policy(**new))
    assert change[:2] == told


def test_cells_are_told_apart_by_their_place_in_the_matrix() -> None:
    def with_matrix(matrix: Any) -> Any:
        return policy(models=[{"key": "m", "matrix": matrix}])

    old = with_matrix({"cells": {"A.hot": {"action": "sdr"}, "B.hot": {"action": "hold"}}})
    new = with_matrix(
        {"default": {"action": "hold"}, "cells": {"A.hot": {"action": "sales"}, "C.hot": {"action": "sdr"}}}
    )
    assert {change[:2] for change in changed(old, new)} == {
        ("models[m].matrix.cells.A.hot.action", "changed"),
        ("models[m].matrix.cells.B.hot", "removed"),
        ("models[m].matrix.cells.C.hot", "added"),
        ("models[m].matrix.default", "added"),
    }


def test_a_null_that_was_written_is_not_the_same_as_nothing() -> None:
    def with_case(expect: Any) -> Any:
        return policy(tests=[{"key": "t", "expect": expect}])

    assert changed(with_case({}), with_case({"route": None})) == [("tests[t].expect.route", "added", None, None)]
    assert changed(with_case({"route": None}), with_case({})) == [("tests[t].expect.route", "removed", None, None)]


def test_rows_with_one_key_twice_change_as_a_whole() -> None:
    old, new = {"segments": rows("a", "a")}, {"segments": rows("a")}
    (change,) = diff(old, new)
    assert (change.path, change.kind) == ("segments", ChangeKind.CHANGED)
    assert apply([change], old) == new
    (gone,) = diff(old, {})
    assert (gone.kind, apply([gone], old)) == (ChangeKind.REMOVED, {})
    (come,) = diff({}, old)
    assert (come.kind, apply([come], {})) == (ChangeKind.ADDED, old)


def test_a_change_is_shown_with_its_place_in_the_list() -> None:
    change = PolicyChange(("segments", RowStep("a")), ChangeKind.MOVED, 2, 0, 0)
    assert change.as_json() == {"path": "segments[a]", "kind": "moved", "old": 2, "new": 0, "at": 0}
    assert PolicyChange(("name",), ChangeKind.CHANGED, "a", "b").as_json() == {
        "path": "name", "kind": "changed", "old": "a", "new": "b",
    }  # fmt: skip
