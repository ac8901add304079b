"""Conditions that always or never hold: what is found, what is left alone."""

from typing import Any

import pytest

from tests.rulesets.documents import RULE, SIGNAL, meanings, policy, with_rule, with_signal
from tests.rulesets.rows import (
    ALWAYS,
    BUDGET,
    DAY,
    FLAGS,
    LEVEL,
    RATIO,
    SEEN,
    TITLE,
    asks,
    every,
    no,
    prop,
    since,
    size,
    some,
    times,
)

NEVER: list[dict[str, Any]] = [
    no(ALWAYS),
    every(size("gt", 10), size("lt", 5)),
    every(size("gt", 5), size("lt", 6)),
    every(size("gte", 5.5), size("lte", 5.9)),
    size("gt", 10_000_000_000_000),
    size("eq", 5.5),
    every(size("unknown"), size("neq", 3)),
    every(size("between", [1, 5]), no(size("lt", 9))),
    every(asks(RATIO, "gt", 1), asks(RATIO, "lt", 1.0001)),
    every(asks(LEVEL, "eq", "VP"), asks(LEVEL, "in", ["Junior", "Senior"])),
    asks(LEVEL, "not_in", ["Junior", "Senior", "VP"]),
    every(asks(LEVEL, "known"), no(asks(LEVEL, "in", ["junior", "senior", "vp"]))),
    every(asks(TITLE, "eq", "CTO"), asks(TITLE, "not_contains", "ＣＴＯ")),
    every(asks(TITLE, "contains", "head of sales"), asks(TITLE, "not_contains", "Sales")),
    every(asks(TITLE, "starts_with", "vp sales"), asks(TITLE, "starts_with", "head")),
    every(asks(TITLE, "starts_with", "vp sales"), no(asks(TITLE, "starts_with", "VP"))),
    every(asks(TITLE, "ends_with", "of sales"), asks(TITLE, "ends_with", "marketing")),
    every(asks(TITLE, "ends_with", "of sales"), no(asks(TITLE, "ends_with", "sales"))),
    every(asks(TITLE, "known"), asks(TITLE, "not_contains", "")),
    every(asks(TITLE, "matches", "a+b"), no(asks(TITLE, "matches", "a+b"))),
    every(asks(FLAGS, "has_all", ["a", "b"]), asks(FLAGS, "has_none", ["b"])),
    every(asks(FLAGS, "known"), asks(FLAGS, "has_none", ["a", "b", "c"])),
    every(asks(BUDGET, "is_true"), asks(BUDGET, "is_false")),
    every(asks(DAY, "before", "2026-01-01"), asks(DAY, "after", "2026-01-01")),
    every(asks(DAY, "after", "2026-01-01"), asks(DAY, "before", "2026-01-02")),
    every(asks(DAY, "within_last_days", 7), asks(DAY, "more_than_days_ago", 7)),
    asks(SEEN, "within_last_days", 0),
    every(asks(SEEN, "on_or_after", "2026-01-02"), asks(SEEN, "before", "2026-01-01T23:00:00+08:00")),
    times("lt", 0),
    times("unknown"),
    since("lt", 0),
    every(since("unknown"), since("gte", 3)),
    {"field": "account.leads", "op": "lt", "value": 0},
]


@pytest.mark.parametrize("when", NEVER)
def test_a_condition_that_never_holds_is_found_and_its_contrary_always_holds(when: Any) -> None:
    assert ("always-false", f"{RULE}.when") in meanings(with_rule(when))
    assert ("always-true", f"{RULE}.when") in meanings(with_rule(no(when)))


SOMETIMES: list[dict[str, Any]] = [
    every(size("gt", 5), size("lt", 7)),
    every(size("gte", 5), size("lte", 5)),
    some(size("known"), size("gt", 3)),
    every(size("gt", 10), asks(RATIO, "lt", 5)),
    every(asks(RATIO, "gt", 1), asks(RATIO, "lt", 1.0002)),
    asks(LEVEL, "not_in", ["Junior", "Senior"]),
    every(asks(TITLE, "contains", "sales"), asks(TITLE, "not_contains", "head of sales")),
    every(asks(TITLE, "starts_with", "vp"), asks(TITLE, "starts_with", "vp sales")),
    every(asks(TITLE, "neq", "CTO"), asks(TITLE, "contains", "cto")),
    every(asks(FLAGS, "has_any", ["a", "b"]), asks(FLAGS, "has_none", ["b"])),
    {"field": "lead.tags", "op": "has_none", "value": ["a"]},
    every(asks(DAY, "within_last_days", 7), asks(DAY, "after", "2020-01-01")),
    every(times("gte", 1), times("eq", 0, days=7)),
    every(since("gte", 3), since("lt", 3.0001)),
    no(asks(TITLE, "matches", "x")),
]


@pytest.mark.parametrize("when", SOMETIMES)
def test_a_condition_that_may_go_either_way_is_left_alone(when: Any) -> None:
    assert [code for code, _ in meanings(with_rule(when)) if code.startswith("always")] == []


PROPERTIES = [
    (every(prop("eq", 5), prop("gt", 6)), True),
    (every(prop("eq", "a"), prop("eq", "b")), True),
    (every(prop("is_true"), prop("is_false")), True),
    (every(prop("known"), prop("unknown")), True),
    (every(prop("has_all", ["a"]), prop("has_none", ["a"])), True),
    (every(prop("before", "2026-01-01"), prop("after", "2026-01-01")), True),
    (every(prop("eq", "5"), prop("eq", 5)), False),
]


@pytest.mark.parametrize(("when", "never"), PROPERTIES)
def test_properties_of_an_event_are_judged_as_they_are_read(when: Any, never: bool) -> None:
    assert (("always-false", f"{SIGNAL}.when") in meanings(with_signal({"when": when}))) is never
    where = times("gte", 1, where=when)
    assert (("always-false", f"{RULE}.when.count.where") in meanings(with_rule(where))) is never


def test_the_largest_constant_part_of_a_condition_is_reported_once() -> None:
    inner = every(size("gt", 10), size("lt", 5))
    found = meanings(with_rule(some(asks(TITLE, "known"), inner)))
    assert ("always-false", f"{RULE}.when.any[1]") in found
    assert sum(code == "always-false" for code, _ in found) == 1


def test_segments_are_expanded_before_a_condition_is_judged() -> None:
    segments = [{"key": "big", "when": size("gte", 100)}]
    when = every({"segment": "big"}, size("lt", 50))
    assert ("always-false", f"{RULE}.when") in meanings(with_rule(when, segments=segments))


def test_an_option_that_means_unknown_is_never_a_value() -> None:
    field = {"key": "lead.q", "type": "choice", "options": ["Select", "A"], "unknown_values": ["select"]}
    open_ = {"key": "lead.o", "type": "text", "unknown_values": ["n/a"]}
    raw = with_rule(asks("lead.q", "eq", "Select"))
    assert ("always-false", f"{RULE}.when") in meanings({**raw, "fields": [field]})
    raw = with_rule(asks("lead.o", "in", ["N/A"]))
    assert ("always-false", f"{RULE}.when") in meanings({**raw, "fields": [open_]})


def test_what_is_written_as_always_true_is_meant_except_where_it_stops_everybody() -> None:
    assert meanings(with_rule(ALWAYS)) == []
    stops = {"exclusions": [{"key": "e", "when": ALWAYS}], "red_flags": [{"key": "f", "when": ALWAYS}]}
    found = meanings(policy(qualification=stops))
    assert ("always-true", "qualification.exclusions[0].when") in found
    assert ("always-true", "qualification.red_flags[0].when") in found


def test_an_empty_list_and_a_range_upside_down_are_told_once() -> None:
    assert meanings(with_rule(asks(LEVEL, "in", []))) == []
    assert meanings(with_rule(size("between", [9, 1]))) == []


def test_rules_that_are_switched_off_mean_nothing() -> None:
    rule = {"key": "r", "when": no(ALWAYS), "points": 90, "enabled": False}
    signal = {"key": "s", "event": "pricing.viewed", "when": no(ALWAYS), "points": 5, "enabled": False}
    model = {"key": "m", "fit": {"max": 1, "groups": [{"key": "g", "rules": [rule, rule | {"key": "q"}]}]}}
    model["engagement"] = {"groups": [{"key": "h", "signals": [signal]}]}
    assert meanings(policy(models=[model])) == []


def test_a_condition_too_large_to_look_into_is_left_alone() -> None:
    large = every(*([size("gt", 10), size("lt", 5)] * 300))
    assert [code for code, _ in meanings(with_rule(large)) if code.startswith("always")] == []
    letters = every(*({"field": "lead.tags", "op": "has_any", "value": [f"t{n}"]} for n in range(9)))
    days = some(*(asks(DAY, "on_or_after", f"2026-01-{n + 10}") for n in range(20)))
    ages = some(*(asks(DAY, "within_last_days", n) for n in range(1, 31)))
    for many in (letters, every(days, ages)):
        assert meanings(with_rule(many)) == []
    patterns = every(*(asks(TITLE, "contains", f"w{n}") for n in range(9)), no(asks(TITLE, "contains", "w1")))
    assert ("always-false", f"{RULE}.when") in meanings(with_rule(patterns))
    fields = [{"key": f"lead.f{n}", "type": "integer"} for n in range(13)]
    *firsts, last = [asks(f"lead.f{n}", "gt", 1) for n in range(13)]
    vain = [every(one, last, asks("lead.f12", "lt", 1)) for one in firsts]
    raw = with_rule(some(every(*firsts, last), *vain))
    assert ("always-false", f"{RULE}.when") not in meanings({**raw, "fields": fields})


def two_models(first: Any, second: Any = ALWAYS, **parts: Any) -> dict[str, Any]:
    return policy(
        models=[
            {"key": "a", "priority": 1, "when": first, **parts},
            {"key": "b", "priority": 2, "when": second},
            {"key": "last", "priority": 3},
        ]
    )


def test_a_model_after_one_that_takes_everybody_is_never_asked() -> None:
    assert meanings(two_models(ALWAYS, size("gt", 3))) == [
        ("unreachable-model", "models[1]"),
        ("unreachable-model", "models[2]"),
    ]
    assert meanings(two_models(size("gt", 3), size("gt", 5))) == [("unreachable-model", "models[1]")]
    assert meanings(two_models(size("gt", 5), size("gt", 3))) == []
    assert meanings(two_models(size("gt", 3), size("gt", 5), scores="account")) == []


def test_a_rule_that_holds_for_no_lead_of_its_model_is_found() -> None:
    small = {"key": "r", "when": size("lt", 10), "points": 5}
    fit = {"groups": [{"key": "g", "rules": [small]}]}
    heard = {"groups": [{"key": "h", "signals": [{**small, "event": "pricing.viewed"}]}]}
    large = {"key": "a", "priority": 1, "when": size("gte", 100), "fit": fit, "engagement": heard}
    assert meanings(policy(models=[large, {"key": "b"}])) == [
        ("unreachable-rule", "models[0].fit.groups[0].rules[0]"),
        ("unreachable-rule", "models[0].engagement.groups[0].signals[0]"),
    ]
    assert meanings(policy(models=[{**large, "scores": "account"}, {"key": "b"}])) == []
    rest = [{"key": "a", "priority": 1, "when": size("lt", 50)}, {"key": "b", "fit": fit}]
    assert meanings(policy(models=rest)) == [("unreachable-rule", "models[1].fit.groups[0].rules[0]")]
