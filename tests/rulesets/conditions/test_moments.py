"""Which conditions a policy names, and when each can be evaluated."""

from typing import Any

import pytest

from rulesets.conditions.moments import CannotCompile, knows_ruleset, named_conditions, verdict_levels
from tests.rulesets.compile.rule_cases import employees, field, policy_of, with_signal

MET: dict[str, dict[str, Any]] = {key: field(f"checklist.{key}.met", "gte", 1) for key in ("one", "two", "three")}


def checklist(key: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    items = [{"key": f"i{number}", "when": when} for number, when in enumerate(conditions)]
    return {"key": key, "items": items, "require": {"met": 1}}


def names(**qualification: Any) -> dict[str, list[str]]:
    found = named_conditions(policy_of(qualification=qualification))
    return {ruleset: sorted(rules) for ruleset, rules in found.items() if ruleset != "profile"}


def test_rules_are_named_by_the_path_of_their_keys() -> None:
    assert list(named_conditions(policy_of(employees("known")))["profile"]) == ["model.m", "fit.m.g.r0"]


def test_disabled_rules_and_signals_are_left_out() -> None:
    rule = {"key": "r", "when": employees("known"), "points": 1, "enabled": False}
    signal = {"key": "s", "event": "lead.touched", "points": 1, "enabled": False}
    model = {"key": "m", "fit": {"groups": [{"key": "g", "rules": [rule]}]},
             "engagement": {"groups": [{"key": "e", "signals": [signal]}]}}  # fmt: skip
    assert list(named_conditions(policy_of(models=[model]))["profile"]) == ["model.m"]


def test_a_signal_that_tests_properties_belongs_to_each_of_its_events() -> None:
    page = {"event": "properties.page", "op": "eq", "value": "x"}
    assert "signal.m.g.s" in named_conditions(with_signal({"any": [page]}))["occurrence.page.viewed"]
    assert "signal.m.g.s" in named_conditions(with_signal(employees("known")))["profile"]


def test_properties_tested_in_a_segment_count_too() -> None:
    segments = [{"key": "page", "when": {"event": "properties.page", "op": "eq", "value": "x"}}]
    assert "occurrence.page.viewed" in named_conditions(with_signal({"segment": "page"}, segments=segments))


def test_properties_tested_in_a_where_are_no_business_of_the_event_at_hand() -> None:
    where = {"event": "properties.page", "op": "eq", "value": "x"}
    counted = {"count": {"event": "page.viewed", "where": where}, "op": "gte", "value": 1}
    assert "signal.m.g.s" in named_conditions(with_signal(counted))["profile"]


def test_what_reads_a_checklist_comes_a_level_after_every_item_of_it() -> None:
    found = names(
        exclusions=[{"key": "x", "when": MET["two"]}],
        red_flags=[{"key": "f", "when": employees("known")}],
        checklists=[checklist("two", employees("known"), MET["one"]), checklist("one", employees("known"))],
        mql=[{"key": "r", "when": MET["two"]}, {"key": "s", "min_fit": 3}],
    )
    assert found == {
        "verdict": ["flag.f", "item.one.i0", "item.two.i0"],
        "verdict_1": ["item.two.i1"],
        "verdict_2": ["exclusion.x"],
        "route": ["route.r"],
    }


def test_levels_are_listed_in_the_order_of_evaluation() -> None:
    deep = [checklist("one", employees("known")), checklist("two", MET["one"]), checklist("three", MET["two"])]
    assert verdict_levels(policy_of(qualification={"checklists": deep})) == ("verdict", "verdict_1", "verdict_2")


def test_a_field_that_only_looks_like_a_checklist_is_no_checklist() -> None:
    assert list(names(red_flags=[{"key": "f", "when": field("checklist.met", "known")}])) == ["verdict"]


def test_assignment_policies_and_clocks_are_asked_when_something_is_to_be_done() -> None:
    clock = {"key": "c", "role": "sdr", "starts_on": {"stage": "ready"}, "window": {"hours": 1}}
    found = named_conditions(policy_of(assignment=[{"key": "a", "role": "sdr"}], sla=[clock]))
    assert list(found["action"]) == ["assignment.a", "sla.c"]


@pytest.mark.parametrize("name", ["profile", "verdict", "verdict_3", "route", "action", "occurrence.page.viewed"])
def test_names_of_rulesets_are_known(name: str) -> None:
    assert knows_ruleset(name)


@pytest.mark.parametrize("name", ["", "occurrence", "verdict_", "verdict_x", "fit"])
def test_other_names_are_not(name: str) -> None:
    assert not knows_ruleset(name)


def test_segments_that_refer_to_each_other_in_a_circle_cannot_be_compiled() -> None:
    segments = [{"key": "a", "when": {"segment": "b"}}, {"key": "b", "when": {"all": [{"segment": "a"}]}}]
    with pytest.raises(CannotCompile, match="a → b → a"):
        named_conditions(with_signal({"segment": "a"}, segments=segments))


def test_a_segment_that_does_not_exist_cannot_be_compiled() -> None:
    with pytest.raises(CannotCompile, match="no segment 'gone'"):
        named_conditions(with_signal({"segment": "gone"}))


def test_checklists_that_read_each_other_in_a_circle_cannot_be_compiled() -> None:
    with pytest.raises(CannotCompile, match="circle"):
        names(checklists=[checklist("one", MET["two"]), checklist("two", MET["one"])])
