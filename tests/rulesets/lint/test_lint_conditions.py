"""Conditions: fields, operators, operands, depth, and what may be read where (R1.5, R2.2, R2.7)."""

from typing import Any

import pytest

from rulesets.lint import lint
from rulesets.lint.structure.salvage import salvage
from tests.rulesets.documents import RULE, SIGNAL, codes, policy, with_route, with_rule, with_signal

NUMERIC = "one of known, unknown, eq, neq, lt, lte, gt, gte, between"
PAGE = {"event": "properties.page", "op": "contains", "value": "pricing"}
SIZE = {"field": "company.size_x", "op": "gt", "value": 1}


@pytest.mark.parametrize(
    ("when", "code", "place", "suggestion"),
    [
        ({"field": "company.size_y", "op": "gt", "value": 1}, "unknown-field", "field", "did you mean company.size_x?"),
        ({"field": "zzz", "op": "known"}, "unknown-field", "field", "add it under fields"),
        ({"field": "company.size_x", "op": "gtee", "value": 1}, "unknown-operator", "op", "did you mean gte?"),
        (
            {"field": "answers.budget_x", "op": "!!", "value": 1},
            "unknown-operator",
            "op",
            "one of known, unknown, is_true, is_false",
        ),
        ({"event": "properties.x", "op": "eqq", "value": 1}, "unknown-operator", "op", "did you mean eq?"),
        (
            {"field": "answers.budget_x", "op": "eq", "value": True},
            "operator-type",
            "op",
            "one of known, unknown, is_true, is_false",
        ),
        ({"count": {"event": "pricing.viewed"}, "op": "contains", "value": "x"}, "operator-type", "op", NUMERIC),
        ({"days_since": {"event": "pricing.viewed"}, "op": "is_true"}, "operator-type", "op", NUMERIC),
        ({"field": "company.size_x", "op": "gt", "value": "1,000"}, "bad-operand", "value", "write 1000"),
        ({"field": "company.size_x", "op": "gt"}, "bad-operand", "value", None),
        ({"field": "company.size_x", "op": "between", "value": [1, 2, 3]}, "bad-operand", "value", None),
        ({"field": "answers.budget_x", "op": "is_true", "value": True}, "bad-operand", "value", None),
        ({"field": "lead.title_x", "op": "matches", "value": "(a"}, "bad-operand", "value", None),
        ({"field": "lead.title_x", "op": "in", "value": "a"}, "bad-operand", "value", "write ['a']"),
        ({"field": "lead.level_x", "op": "eq", "value": "Vice"}, "not-an-option", "value", "one of Junior, Senior, VP"),
        (
            {"field": "lead.level_x", "op": "in", "value": ["vp", "Senor"]},
            "not-an-option",
            "value[1]",
            "did you mean Senior?",
        ),
        ({"field": "lead.flags_x", "op": "has_any", "value": ["d"]}, "not-an-option", "value[0]", "one of a, b, c"),
        ({"field": "lead.flags_x", "op": "has_any", "value": []}, "empty-operand", "value", None),
        ({"field": "company.size_x", "op": "between", "value": [9, 1]}, "inverted-range", "value", "swap the two"),
        (
            {"count": {"event": "pricing.viewd"}, "op": "gte", "value": 1},
            "unknown-event",
            "count.event",
            "did you mean pricing.viewed?",
        ),
        ({"days_since": {"event": "zzzz"}, "op": "known"}, "unknown-event", "days_since.event", "add it under events"),
        ({"segment": "enterprise"}, "dangling-reference", "segment", "add it under segments"),
    ],
)
def test_a_test_that_does_not_fit_is_found(when: Any, code: str, place: str, suggestion: str | None) -> None:
    findings = [(f.code, f.path, f.suggestion) for f in lint(with_signal({"when": when})).findings]
    assert findings == [(code, f"{SIGNAL}.when.{place}", suggestion)]


@pytest.mark.parametrize(
    "when",
    [
        {"field": "lead.title_x", "op": "unknown", "value": None},
        {"field": "lead.email", "op": "ends_with", "value": "example.com"},
        {"field": "lead.buyer_role", "op": "eq", "value": "DECIDER"},
        {"field": "lead.tags", "op": "has_any", "value": ["anything"]},
        {"field": "account.active_leads", "op": "gte", "value": 2},
        {"field": "company.ratio_x", "op": "eq", "value": 0.1234},
        {"field": "lead.day_x", "op": "within_last_days", "value": 7},
        {"count": {"event": "lead.touched", "days": 1.5, "where": PAGE}, "op": "between", "value": [1, 2]},
        {"days_since": {"event": "pricing.viewed", "where": {"all": [SIZE, PAGE]}}, "op": "lte", "value": 7.5},
        {"none": [{"all": []}]},
    ],
)
def test_a_sound_condition_gives_no_finding(when: Any) -> None:
    assert codes(with_rule(when)) == []
    assert codes(with_signal({"when": {"all": [when, PAGE]}})) == []


def test_event_properties_are_tested_only_where_there_is_an_event() -> None:
    assert codes(with_rule(PAGE)) == [("property-outside-event", f"{RULE}.when")]
    assert codes(with_route({"any": [SIZE, PAGE]})) == [("property-outside-event", "qualification.mql[0].when.any[1]")]
    clock = {"key": "c", "role": "sdr", "starts_on": {"stage": "ready"}, "window": {"hours": 1}}
    met = {"met_by": [{"event": "lead.touched", "when": PAGE}, "lead.qualified", {"event": "lead.accepted"}]}
    assert codes(policy(sla=[clock | met])) == []
    assert codes(policy(sla=[clock | {"when": PAGE}])) == [("property-outside-event", "sla[0].when")]


def test_a_segment_that_tests_properties_fits_only_signals_and_counts() -> None:
    segments = [{"key": "outer", "when": {"segment": "inner"}}, {"key": "inner", "when": {"none": [PAGE]}}]
    assert codes(with_rule({"segment": "outer"}, segments=segments)) == [
        ("property-outside-event", f"{RULE}.when.segment")
    ]
    assert codes(with_signal({"when": {"segment": "outer"}}, segments=segments)) == []
    counted = {"count": {"event": "pricing.viewed", "where": {"segment": "outer"}}, "op": "gte", "value": 1}
    assert codes(with_rule(counted, segments=segments)) == []
    inside = [{"key": "counts", "when": {"count": {"event": "pricing.viewed", "where": PAGE}, "op": "gte", "value": 1}}]
    assert codes(with_rule({"segment": "counts"}, segments=inside)) == []


@pytest.mark.parametrize(
    "field", ["score.fit", "score.cell", "lead.stage", "lead.owner", "lead.reject_reason", "lead.cycle"]
)
def test_scoring_may_not_read_what_it_or_people_decide(field: str) -> None:
    when = {"field": field, "op": "known"}
    assert codes(with_rule(when)) == [("reads-result", f"{RULE}.when.field")]
    assert codes(with_signal({"when": when})) == [("reads-result", f"{SIGNAL}.when.field")]
    models = [{"key": "m", "priority": 1, "when": when}, {"key": "n"}]
    assert codes(policy(models=models)) == [("reads-result", "models[0].when.field")]
    counted = {"count": {"event": "pricing.viewed", "where": when}, "op": "gte", "value": 1}
    assert codes(with_rule(counted)) == [("reads-result", f"{RULE}.when.count.where.field")]
    segments = [{"key": "s", "when": {"any": [SIZE, when]}}]
    assert codes(with_rule({"segment": "s"}, segments=segments)) == [("reads-result", f"{RULE}.when.segment")]
    assert codes(with_route({"all": [when, {"segment": "s"}]}, segments=segments)) == []


def _nested(depth: int, leaf: Any) -> Any:
    for _ in range(depth):
        leaf = {"all": [leaf]}
    return leaf


def test_groups_nest_at_most_four_deep_with_segments_expanded() -> None:
    assert codes(with_rule(_nested(4, SIZE))) == []
    assert codes(with_rule(_nested(5, SIZE))) == [("too-deep", f"{RULE}.when")]
    segments = [{"key": "two", "when": _nested(2, SIZE)}]
    assert codes(with_rule(_nested(2, {"segment": "two"}), segments=segments)) == []
    assert codes(with_rule(_nested(3, {"segment": "two"}), segments=segments)) == [("too-deep", f"{RULE}.when")]


def test_a_where_counts_its_depth_by_itself() -> None:
    def counted(depth: int) -> Any:
        return {"count": {"event": "pricing.viewed", "where": _nested(depth, PAGE)}, "op": "gte", "value": 1}

    assert codes(with_rule(_nested(4, counted(4)))) == []
    place = f"{RULE}.when" + ".all[0]" * 4 + ".count.where"
    assert codes(with_rule(_nested(4, counted(5)))) == [("too-deep", place)]


def _chain(length: int, again: int = 1) -> list[dict[str, Any]]:
    """Segments s0, s1, …, each naming the one before, ``again`` times over."""
    first = {"key": "s0", "when": SIZE}
    return [first, *({"key": f"s{n}", "when": {"any": [{"segment": f"s{n - 1}"}] * again}} for n in range(1, length))]


def test_segments_do_not_stand_inside_one_another_without_end() -> None:
    plain = [{"key": "s0", "when": SIZE}, *({"key": f"s{n}", "when": {"segment": f"s{n - 1}"}} for n in range(1, 900))]
    assert codes(with_route({"segment": "s19"}, segments=plain[:20])) == []
    found = codes(with_route({"segment": "s899"}, segments=plain))
    assert ("too-deep", "qualification.mql[0].when") in found
    assert {code for code, _place in found} == {"too-deep"}


def test_segments_that_multiply_are_refused_without_being_expanded() -> None:
    assert codes(with_route({"segment": "s3"}, segments=_chain(4, again=9))) == []
    found = codes(with_route({"segment": "s4"}, segments=_chain(5, again=20)))
    assert ("matcher-limit", "qualification.mql[0].when") in found
    assert codes(with_route({"segment": "s99"}, segments=_chain(100, again=9)))


def test_segments_that_name_each_other_in_a_ring_are_one_error_and_no_endless_walk() -> None:
    segments = [
        {"key": "a", "when": {"segment": "b"}},
        {"key": "b", "when": {"any": [SIZE, {"segment": "c"}]}},
        {
            "key": "c",
            "when": {"count": {"event": "pricing.viewed", "where": {"segment": "a"}}, "op": "gte", "value": 1},
        },
        {
            "key": "d",
            "when": {"days_since": {"event": "pricing.viewed", "where": {"segment": "c"}}, "op": "gte", "value": 1},
        },
        {"key": "self", "when": {"segment": "self"}},
    ]
    found = codes(with_rule({"all": [{"segment": "d"}, {"segment": "self"}]}, segments=segments))
    assert found == [("cycle", "segments[0]"), ("cycle", "segments[4]")]


def test_a_segment_that_names_nothing_is_found_and_does_no_other_harm() -> None:
    segments = [{"key": "a", "when": {"segment": "nothing"}}]
    found = codes(with_rule({"segment": "a"}, segments=segments))
    assert found == [("dangling-reference", "segments[0].when.segment")]


def test_the_ring_is_written_out() -> None:
    segments = [{"key": "a", "when": {"segment": "b"}}, {"key": "b", "when": {"segment": "a"}}]
    assert "a → b → a" in lint(policy(segments=segments)).findings[0].message


def test_checklists_that_read_each_other_are_a_ring_also_through_segments() -> None:
    def checklist(key: str, when: Any) -> dict[str, Any]:
        return {"key": key, "items": [{"key": "i", "when": when}], "require": {"met": 1}}

    segments = [{"key": "s", "when": {"field": "checklist.a.met", "op": "gte", "value": 1}}]
    lists = [
        checklist("a", {"field": "checklist.b.met", "op": "gte", "value": 1}),
        checklist("b", {"segment": "s"}),
        checklist("c", {"field": "checklist.b.met", "op": "gte", "value": 1}),
    ]
    assert codes(policy(segments=segments, qualification={"checklists": lists[1:]})) == [
        ("unknown-field", "segments[0].when.field")
    ]
    assert codes(policy(segments=segments, qualification={"checklists": lists})) == [
        ("cycle", "qualification.checklists[0]")
    ]


def test_salvaging_gives_up_rather_than_going_on_for_ever() -> None:
    assert salvage(policy(name=5), rounds=1) is None
    sound = salvage(policy(name=5))
    assert sound is not None
    assert sound.policy.name == "-"
