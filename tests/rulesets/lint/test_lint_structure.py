"""Structural errors: what is said where, and that one broken row does not hide the others."""

from typing import Any

import pytest
from hypothesis import given, settings

from rulesets.document.document import parse
from rulesets.document.findings import Severity, error, path, quoted
from rulesets.document.shape import LARGEST_INTEGER, MOST_ERRORS
from rulesets.document.wording import says
from rulesets.lint import MOST_FINDINGS, check_limits, lint
from tests.rulesets.documents import LEAST, RULE, codes, policy, with_route, with_rule, with_signal
from tests.rulesets.strategies import ANY_JSON, POLICIES


@given(POLICIES)
def test_a_sound_random_policy_has_no_errors(raw: Any) -> None:
    report = lint(raw)
    assert report.errors == ()
    assert report.policy == parse(raw).policy


@given(ANY_JSON)
def test_the_lint_never_raises(raw: Any) -> None:
    report = lint(raw)
    assert report.policy is not None or report.errors


@settings(max_examples=30)
@given(POLICIES, ANY_JSON)
def test_the_lint_never_raises_on_a_policy_with_something_odd_in_it(raw: Any, odd: Any) -> None:
    for place in ("models", "fields", "events", "segments", "sla", "qualification", "assignment", "calendar", "tests"):
        lint({**raw, place: odd})
        lint({**raw, place: [odd]})
        lint({**raw, "models": [{"key": "m", "when": odd, "fit": odd, "engagement": {"groups": [odd]}}]})
        lint(with_rule(odd))


@pytest.mark.parametrize("raw", [None, [], "text", 5])
def test_what_is_no_object_is_no_policy(raw: Any) -> None:
    assert codes(raw) == [("wrong-type", "")]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "bad-number"),
        (float("inf"), "bad-number"),
        (LARGEST_INTEGER + 1, "bad-number"),
        ("a\x00", "bad-characters"),
        ("\ud800", "bad-characters"),
        ({1: 2}, "bad-characters"),
        ({"\ud800": 2}, "bad-characters"),
        (object(), "wrong-type"),
    ],
)
def test_data_no_document_can_hold_is_refused_at_its_place(value: Any, code: str) -> None:
    assert codes({**LEAST, "name": [value]}) == [(code, "name[0]")]


def test_a_number_too_large_to_be_printed_is_refused() -> None:
    assert codes({**LEAST, "name": 10**5000}) == [("bad-number", "name")]


def test_deep_nesting_is_refused_without_recursion() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    ((code, place),) = codes({**LEAST, "name": deep})
    assert code == "too-deep"
    assert place.startswith("name[0][0]")


def test_of_very_many_errors_the_first_are_reported_and_the_rest_counted() -> None:
    report = lint({**LEAST, "models": [5] * 100_000})
    assert len(report.findings) == MOST_ERRORS + 1
    assert report.findings[-1].code == "too-many"
    assert report.findings[-1].message.startswith("99800 more")
    rules = [{"key": f"r{n}", "when": {"field": f"lead.no_{n}", "op": "known"}, "points": 1} for n in range(5000)]
    raw = policy(models=[{"key": "m", "fit": {"groups": [{"key": "g", "rules": rules}]}}])
    assert len(lint(raw).findings) == MOST_FINDINGS


def test_a_flood_of_odd_values_is_cut() -> None:
    assert len(lint({**LEAST, "name": [float("nan")] * 5000}).findings) == 201


KEY = "lower-case letters, digits and _, starting with a letter, at most 40 characters"
DOTTED = "two or three parts of lower-case letters, digits and _, joined by dots, such as company.employees"
TWO_DECIMALS = "give a number with at most two decimals, at most 1,000,000,000 in magnitude"
QUOTES = "give a number, without quotes"
FINITE = "give a finite number, at most 10,000,000,000,000 in magnitude"
CELL = "a grade and a heat: A, B, C or D, a dot, then frenzied, hot, warm or cold"
ONE_UNIT = "give exactly one of seconds, minutes, hours, days; a century at most"
PROPERTY = "begin with properties., as properties.page"
CLOCK: dict[str, Any] = {"key": "c", "role": "sdr", "starts_on": {"stage": "ready"}, "window": {"hours": 1}}

STRUCTURE: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({"modles": []}, "unknown-key", "modles", "did you mean models?"),
    ({"name": 5}, "wrong-type", "name", None),
    ({"name": None}, "wrong-type", "name", None),
    ({"name": ""}, "bad-value", "name", "give at least 1 characters"),
    ({"format": "baton.policy/2"}, "unknown-word", "format", "did you mean baton.policy/1?"),
    ({"models": []}, "empty-list", "models", None),
    ({"models": {}}, "wrong-type", "models", None),
    ({"models": [5]}, "wrong-type", "models[0]", None),
    ({"models": [{"key": "M"}]}, "bad-value", "models[0].key", KEY),
    (
        {"models": [{"key": "m", "label": {"de": "x"}}]},
        "unknown-key",
        "models[0].label.de",
        "one of en, zh_Hans, zh_Hant",
    ),
    ({"models": [{"key": "m", "label": ["x"]}]}, "wrong-type", "models[0].label", None),
    ({"models": [{"key": "m", "priority": 1.5}]}, "wrong-type", "models[0].priority", None),
    ({"models": [{"key": "m", "priority": "1"}]}, "wrong-type", "models[0].priority", None),
    ({"models": [{"key": "m", "fit": {"start": 0.125}}]}, "bad-value", "models[0].fit.start", TWO_DECIMALS),
    ({"models": [{"key": "m", "fit": {"start": "5"}}]}, "bad-value", "models[0].fit.start", QUOTES),
    ({"models": [{"key": "m", "fit": {"start": True}}]}, "bad-value", "models[0].fit.start", QUOTES),
    ({"models": [{"key": "m", "fit": {"start": 1e15}}]}, "bad-value", "models[0].fit.start", FINITE),
    ({"models": [{"key": "m", "fit": {"start": 1e12}}]}, "bad-value", "models[0].fit.start", TWO_DECIMALS),
    (
        {"models": [{"key": "m", "fit": {"grades": {"E": 1}}}]},
        "unknown-word",
        "models[0].fit.grades.E",
        "one of A, B, C",
    ),
    (
        {"models": [{"key": "m", "matrix": {"cells": {"A.huge": {"action": "hold"}}}}]},
        "bad-value",
        'models[0].matrix.cells["A.huge"]',
        CELL,
    ),
    (
        {"models": [{"key": "m", "matrix": {"cells": {"A.hot": {"action": "hold", "prio": 1}}}}]},
        "unknown-key",
        'models[0].matrix.cells["A.hot"].prio',
        "did you mean priority?",
    ),
    ({"fields": [{"key": "x", "type": "text"}]}, "bad-value", "fields[0].key", DOTTED),
    ({"fields": [{"key": "lead.q"}]}, "missing", "fields[0].type", "add it"),
    ({"fields": [{"key": "lead.q", "type": "txt"}]}, "unknown-word", "fields[0].type", "did you mean text?"),
    ({"fields": [{"key": "lead.q", "type": "text", "pii": "yes"}]}, "wrong-type", "fields[0].pii", None),
    ({"events": [{"key": "a.b", "kind": "direct", "asset": "asset_id"}]}, "bad-value", "events[0].asset", PROPERTY),
    (
        {"assignment": [{"key": "a", "role": "sdr", "otherwise": "que"}]},
        "unknown-word",
        "assignment[0].otherwise",
        "did you mean queue?",
    ),
    (
        {"assignment": [{"key": "a", "role": "sdr", "otherwise": {"polcy": "a"}}]},
        "missing",
        "assignment[0].otherwise.policy",
        "add it",
    ),
    (
        {"sla": [CLOCK | {"starts_on": {}}]},
        "bad-value",
        "sla[0].starts_on",
        "give exactly one of stage, event, assigned",
    ),
    ({"sla": [CLOCK | {"window": {"hours": 1, "days": 1}}]}, "bad-value", "sla[0].window", ONE_UNIT),
    ({"sla": [CLOCK | {"window": {"days": 40_000}}]}, "bad-value", "sla[0].window", ONE_UNIT),
    (
        {"sla": [CLOCK | {"window": {"hours": 0}}]},
        "out-of-range",
        "sla[0].window.hours",
        "give a number above 0",
    ),
    ({"sla": [CLOCK | {"met_by": [5]}]}, "wrong-type", "sla[0].met_by[0]", None),
    (
        {"qualification": {"checklists": [{"key": "c", "items": [{"key": "i", "when": {"all": []}}], "require": {}}]}},
        "bad-value",
        "qualification.checklists[0].require",
        "give exactly one of met, fraction",
    ),
    ({"tests": [{"key": "t", "facts": 5, "expect": {}}]}, "wrong-type", "tests[0].facts", None),
]


@pytest.mark.parametrize(("parts", "code", "place", "suggestion"), STRUCTURE)
def test_a_structural_error_names_place_and_mend(
    parts: dict[str, Any], code: str, place: str, suggestion: str | None
) -> None:
    """R0.2 (keys), R0.3 (unknown keys, wrong types) and R0.4 (two decimals, one unit)."""
    findings = lint(policy(**parts)).findings
    assert (code, place, suggestion) in [(f.code, f.path, f.suggestion) for f in findings]


@pytest.mark.parametrize(
    ("when", "code", "place"),
    [
        ({"feild": "lead.title_x", "op": "known"}, "bad-condition", "when"),
        ({"field": "lead.title_x", "segment": "s"}, "bad-condition", "when"),
        ({}, "bad-condition", "when"),
        (5, "bad-condition", "when"),
        ({"any": []}, "empty-list", "when.any"),
        ({"none": []}, "empty-list", "when.none"),
        ({"all": [{"any": []}]}, "empty-list", "when.all[0].any"),
        ({"all": [{"field": "lead.title_x", "op": "known", "valu": 1}]}, "unknown-key", "when.all[0].valu"),
        ({"field": 5, "op": "known"}, "wrong-type", "when.field"),
        ({"field": "lead.title_x"}, "missing", "when.op"),
        ({"event": "page", "op": "known"}, "bad-value", "when.event"),
        ({"count": {"event": "pricing.viewed", "days": 0}, "op": "gt", "value": 1}, "out-of-range", "when.count.days"),
        (
            {"count": {"event": "pricing.viewed", "where": {"any": []}}, "op": "gt", "value": 1},
            "empty-list",
            "when.count.where.any",
        ),
        (
            {"days_since": {"event": "pricing.viewed", "days": 3}, "op": "gt", "value": 1},
            "unknown-key",
            "when.days_since.days",
        ),
    ],
)
def test_a_broken_condition_is_found_at_its_place(when: Any, code: str, place: str) -> None:
    assert (code, f"{RULE}.{place}") in codes(with_rule(when))


def test_a_misspelt_kind_of_condition_is_recognised() -> None:
    findings = lint(with_rule({"feild": "lead.title_x", "op": "known"})).findings
    assert findings[0].suggestion == "did you mean field?"


def test_a_broken_item_of_a_clock_and_a_signal_is_found() -> None:
    clock = CLOCK | {"starts_on": {"event": "x"}, "met_by": [{"event": "lead.touched", "when": {"any": []}}]}
    found = codes(policy(sla=[clock]))
    assert ("bad-value", "sla[0].starts_on.event") in found
    assert ("empty-list", "sla[0].met_by[0].when.any") in found
    assert ("bad-value", "models[0].engagement.groups[0].signals[0].event[1]") in codes(
        with_signal({"event": ["pricing.viewed", "x"]})
    )


def test_one_broken_row_hides_no_other_finding() -> None:
    rules = [
        {"key": "Bad Key", "when": {"field": "lead.nothing", "op": "known"}, "points": 0.001},
        {
            "key": "b",
            "when": {"all": [{"any": []}, {"field": "company.size_x", "op": "contains", "value": "x"}]},
            "points": 1,
        },
        {"when": {"field": "company.size_x", "op": "gt", "value": "5"}, "points": 1},
    ]
    raw = policy(models=[{"key": "m", "fit": {"groups": [{"key": "g", "rules": rules}]}}], timezone="Mars/Base", name=5)
    assert set(codes(raw)) == {
        ("wrong-type", "name"),
        ("bad-value", "models[0].fit.groups[0].rules[0].key"),
        ("bad-value", "models[0].fit.groups[0].rules[0].points"),
        ("empty-list", "models[0].fit.groups[0].rules[1].when.all[0].any"),
        ("missing", "models[0].fit.groups[0].rules[2].key"),
        ("unknown-field", "models[0].fit.groups[0].rules[0].when.field"),
        ("operator-type", "models[0].fit.groups[0].rules[1].when.all[1].op"),
        ("bad-operand", "models[0].fit.groups[0].rules[2].when.value"),
        ("unknown-timezone", "timezone"),
    }


def test_what_is_merely_broken_is_not_reported_as_missing() -> None:
    fields = [{"key": "lead.broken", "type": "txt"}]
    checklist = {"key": "bant", "items": [], "require": {"met": 1}}
    when = {"field": "checklist.bant.met", "op": "gte", "value": 1}
    qualification = {"checklists": [checklist], "mql": [{"key": "r", "checklist": "bant", "when": when}]}
    segments = [{"key": "s", "when": {"any": []}, "more": 1}]
    raw = with_rule({"all": [{"field": "lead.broken", "op": "known"}, {"segment": "s"}]}, segments=segments)
    raw |= {"fields": fields, "qualification": qualification}
    assert {code for code, _place in codes(raw)} == {"unknown-word", "empty-list", "unknown-key"}


def test_a_report_tells_errors_from_warnings_and_gives_no_policy_with_errors() -> None:
    """R0.3: warnings refuse nothing."""
    report = lint(with_rule({"all": [{"field": "lead.level_x", "op": "in", "value": []}, {"segment": "x"}]}))
    assert report.policy is None
    assert [f.code for f in report.errors] == ["dangling-reference"]
    assert [f.code for f in report.warnings] == ["empty-operand"]
    assert report.findings == report.errors + report.warnings


def test_an_acknowledged_warning_is_marked_and_an_error_cannot_be() -> None:
    when = {"field": "company.size_x", "op": "between", "value": [9, 1]}
    accepted = [{"code": "inverted-range", "path": f"{RULE}.when.value", "reason": "on purpose"}]
    (warning,) = lint(with_rule(when, acknowledged=accepted)).findings
    assert warning.acknowledged
    assert warning.severity is Severity.WARNING
    (other,) = lint(with_rule(when)).findings
    assert not other.acknowledged
    wrong = [{"code": "unknown-field", "path": "qualification.mql[0].when.field", "reason": "please"}]
    (refused,) = lint(with_route({"field": "lead.no", "op": "known"}, acknowledged=wrong)).findings
    assert not refused.acknowledged


def test_a_finding_is_printed_as_plain_data() -> None:
    says_key = says("%(key)s is required", key=quoted("key"))
    assert error("missing", ("models", 0, "key"), says_key, says("add it")).as_json() == {
        "severity": "error",
        "code": "missing",
        "path": "models[0].key",
        "message": "“key” is required",
        "suggestion": "add it",
        "acknowledged": False,
    }


def test_paths_and_quotations_are_safe_to_print() -> None:
    assert path(()) == ""
    assert path(("cells", "A.hot", 3)) == 'cells["A.hot"][3]'
    assert path(("k" * 1000,)) == '["' + "k" * 200 + '…"]'
    assert str(quoted("a\x00\ud800")) == "“a\\x00\\ud800”"
    assert str(quoted("x" * 100)) == "“" + "x" * 60 + "…”"
    assert str(quoted(5)) == "“5”"


def test_what_the_matcher_cannot_take_is_a_finding() -> None:
    segments = [{"key": "a", "when": {"segment": "a"}}]
    ringed = parse(with_rule({"segment": "a"}, segments=segments)).policy
    assert ringed
    assert [(f.code, f.path) for f in check_limits(ringed)] == [("matcher-limit", "")]
