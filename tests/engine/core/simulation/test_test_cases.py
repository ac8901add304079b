"""Test cases inside a policy: their results, the rules they touch, and that a red one is reported (R10.1)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.core.lead.matching import InterpreterMatcher
from engine.core.simulation.test_cases import SampleResult, run_samples, sample_view
from engine.errors import PolicyRefused
from engine.policy.linting import MOST_WORK, lint_policy, samples_body
from engine.policy.publish import checked
from rulesets import starters
from rulesets.document.document import parse
from rulesets.policy.policy import Policy
from tests.rulesets.documents import LEAST

BIG = {"field": "company.employees", "op": "gte", "value": 50}
RULES = [
    {"key": "big", "when": BIG, "points": 40},
    {"key": "own", "when": {"field": "company.domain", "op": "eq", "value": "acme.cn"}, "points": 5},
    {"key": "old", "when": {"field": "lead.created_at", "op": "more_than_days_ago", "value": 3}, "points": 1},
    {"key": "alone", "when": {"field": "account.leads", "op": "eq", "value": 1}, "points": 0},
    {"key": "off", "when": BIG, "points": 9, "enabled": False},
]
SIGNALS = [
    {"key": "prices", "event": "pricing.viewed", "points": 10, "decay": {"curve": "half_life", "days": 1}},
    {"key": "papers", "event": "content.downloaded", "points": 3, "repeat": {"per": "day", "times": 1}},
]
POLICY: dict[str, Any] = {
    **LEAST,
    "events": [{"key": "pricing.viewed", "kind": "direct"}, {"key": "content.downloaded", "kind": "latent"}],
    "models": [
        {
            "key": "m",
            "fit": {"groups": [{"key": "g", "rules": RULES}], "grades": {"A": 40}},
            "engagement": {"groups": [{"key": "h", "signals": SIGNALS}], "heats": {"warm": 10}},
            "matrix": {"cells": {"A.warm": {"action": "sales"}}},
        }
    ],
    "qualification": {
        "exclusions": [{"key": "rival", "when": {"field": "company.name", "op": "eq", "value": "Rival"}}],
        "red_flags": [{"key": "just_bought", "when": {"field": "company.is_customer", "op": "is_true"}}],
        "checklists": [{"key": "bant", "items": [{"key": "size", "when": BIG}], "require": {"met": 1}}],
        "mql": [{"key": "asked", "cells": ["A.cold"], "checklist": "bant", "confirm": "sdr"}],
    },
    "assignment": [{"key": "turn", "role": "sales"}],
}


def policy(*cases: dict[str, Any]) -> Policy:
    parsed = parse(document(*cases))
    assert parsed.policy, parsed.findings
    return parsed.policy


def document(*cases: dict[str, Any]) -> dict[str, Any]:
    return {**POLICY, "tests": [{"key": f"t{number}", "expect": {}, **case} for number, case in enumerate(cases)]}


def outcome(**case: Any) -> SampleResult:
    (result,) = run_samples(policy(case)).results
    return result


LARGE = {"company.employees": "1,200"}
VIEWED = [{"type": "pricing.viewed", "days_ago": 1}]


@pytest.mark.parametrize(
    ("case", "expect"),
    [
        (
            {},
            {"fit": 0, "engagement": 0, "cell": "D.cold", "model": "m", "route": None, "excluded": None, "flagged": []},
        ),
        ({"facts": LARGE}, {"fit": 40, "cell": "A.cold", "route": "asked"}),
        ({"events": VIEWED}, {"engagement": 5, "fit": 0}),
        ({"events": [{"type": "pricing.viewed", "days_ago": 0}], "facts": LARGE}, {"cell": "A.warm", "route": "cell"}),
        ({"facts": {**LARGE, "company.is_customer": "是"}}, {"flagged": ["just_bought"], "route": None}),
        ({"facts": {**LARGE, "company.name": "rival"}}, {"excluded": "rival", "route": None, "flagged": None}),
        ({"facts": {"lead.email": "li@acme.cn"}}, {"fit": 5}),
        ({"facts": {"lead.email": "li@qq.com"}}, {"fit": 0}),
        ({"facts": {"lead.created_at": "2020-01-01"}}, {"fit": 1}),
        ({"events": [{"type": "page.viewed", "days_ago": 4}]}, {"fit": 1, "engagement": 0}),
        ({"events": [{"type": "content.downloaded", "days_ago": d} for d in (0, 0.1, 1)]}, {"engagement": 6}),
    ],
)
def test_a_case_is_a_lead_by_itself_scored_once(case: dict[str, Any], expect: dict[str, Any]) -> None:
    assert outcome(**case, expect=expect).differences == ()


def test_what_differs_is_told_and_nothing_that_is_not_named_is_compared() -> None:
    """R10.1."""
    result = outcome(facts=LARGE, expect={"fit": 39.5, "cell": "A.cold", "route": None, "flagged": ["just_bought"]})
    assert [(d.what, d.expected, d.actual) for d in result.differences] == [
        ("fit", Decimal("39.5"), Decimal(40)),
        ("route", None, "asked"),
        ("flagged", ("just_bought",), ()),
    ]
    assert not result.passed


def test_without_a_moment_of_its_own_a_case_happens_at_the_same_noon_for_ever() -> None:
    rules = policy({"events": VIEWED}, {"now": "2026-11-21T10:00:00+08:00"}, {"now": "2026-11-21 10:00"})
    views = [sample_view(rules, case)[0] for case in rules.tests]
    assert [view.now.astimezone(UTC) for view in views] == [
        datetime(2026, 1, 1, 4, tzinfo=UTC),
        datetime(2026, 11, 21, 2, tzinfo=UTC),
        datetime(2026, 11, 21, 2, tzinfo=UTC),
    ]
    assert views[0].history.items[0].occurred_at == datetime(2025, 12, 31, 4, tzinfo=UTC)


def test_an_unreadable_fact_is_unknown_and_named() -> None:
    result = outcome(facts={"company.employees": "many", "lead.city": "上海"}, expect={"fit": 0})
    assert result.passed
    assert result.unreadable == ("company.employees",)


def test_very_old_events_and_moments_do_no_harm() -> None:
    result = outcome(now="1000-01-01T00:00:00Z", events=[{"type": "pricing.viewed", "days_ago": 10**13}])
    assert result.actual["engagement"] == 0


def test_the_report_says_which_rules_no_case_touches() -> None:
    """R10.1."""
    report = run_samples(policy({"facts": LARGE, "events": VIEWED}), InterpreterMatcher(policy()))
    assert report.rules == 11
    assert report.untouched == (
        "fit.m.g.own",
        "fit.m.g.old",
        "signal.m.h.papers",
        "exclusion.rival",
        "flag.just_bought",
    )
    both = policy({"facts": LARGE}, {"facts": {"company.name": "Rival", "company.is_customer": True}})
    assert "exclusion.rival" not in run_samples(both).untouched
    assert run_samples(policy()).untouched[0] == "model.m"


def test_a_red_case_is_a_warning_that_keeps_the_policy_from_being_published() -> None:
    """R10.1."""
    red = {"facts": {"company.employees": "many"}, "expect": {"fit": 40, "flagged": ["just_bought"]}}
    found = lint_policy(document({"expect": {"fit": 0}}, red))
    (finding,) = found.findings
    assert (finding.code, finding.path, finding.severity) == ("red-case", "tests[1]", "warning")
    told = (
        "the test case t1 is red: fit is 0, not 40, flagged is none, not just_bought; not readable: company.employees"
    )
    assert finding.message == told
    assert not found.publishable
    assert found.report.policy
    body = samples_body(found.samples)
    assert (body["green"], body["rules"]) == (1, 11)
    assert body["red"][0]["differences"][0] == {"what": "fit", "expected": "40", "actual": "0"}
    accepted = [{"code": "red-case", "path": "tests[1]", "reason": "never mind"}]
    with pytest.raises(PolicyRefused, match="1 test cases of the policy are red: t1"):
        checked({**document({}, red), "acknowledged": accepted})


def test_green_cases_and_policies_without_any_may_be_published() -> None:
    assert lint_policy(document({"expect": {"fit": 0}})).publishable
    assert lint_policy(document()).publishable
    assert checked(document({"expect": {"fit": 0}})).name == "least"


def test_cases_are_run_once_there_are_no_errors() -> None:
    found = lint_policy({**document({"expect": {"fit": 1}}), "name": 5})
    assert [finding.code for finding in found.findings] == ["wrong-type"]
    assert found.samples.results == ()
    assert not found.publishable
    with pytest.raises(PolicyRefused, match="1 errors"):
        checked({**POLICY, "name": 5})


def test_cases_that_would_take_for_ever_are_not_run() -> None:
    events = [{"type": "pricing.viewed", "days_ago": 0}] * (MOST_WORK // 10)
    found = lint_policy(document({"events": events}))
    assert [(finding.code, finding.path) for finding in found.report.errors] == [("too-many-cases", "tests")]
    assert not found.publishable


@pytest.mark.parametrize("name", starters.NAMES)
def test_the_cases_of_a_starter_are_green(name: str) -> None:
    assert lint_policy(starters.load(name)).samples.red == ()
