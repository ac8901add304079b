"""The 130 golden cases of R1.1 to R4.7, by name, in the interpreter and in the compiled rules."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.core.lead.facts import stated
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher, Matcher
from engine.core.lead.model import LeadEvent
from engine.core.lead.view import LeadView
from engine.core.qualification.qualification import qualify
from engine.core.scoring.plan import frame_of
from engine.core.scoring.scoring import score
from engine.matcher.rete import ReteMatcher
from rulesets.compile.compiler import compile_policy
from rulesets.policy.policy import Policy
from tests.engine.core.scored_leads import balances

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "cases" / "scoring.json").read_text("utf-8"))


def history_of(case: dict[str, Any]) -> History:
    return History.of(
        LeadEvent(
            "case", e["id"], e["type"], datetime.fromisoformat(e["occurred_at"]), properties=e.get("properties", {})
        )
        for e in case["events"]
    )


def outcome(policy: Policy, case: dict[str, Any], matcher: Matcher) -> dict[str, Any]:
    """What the case's ``expect`` states, as this code sees it."""
    frame = frame_of(policy)
    facts = stated(case["facts"], frame.vocabulary, frame.zone)
    view = LeadView.of(frame, facts, datetime.fromisoformat(case["now"]), history_of(case))
    found = score(policy, view, matcher)
    assert balances(found)
    verdict = qualify(policy, view, matcher, found, confirmed=False, ignore_confirmation=True)
    return {
        "model": found.model,
        "fit": float(found.fit),
        "engagement": float(found.engagement),
        "grade": found.grade,
        "heat": found.heat,
        "cell": found.cell,
        "checklists": {
            key: {"met": c.met, "of": c.of, "required": c.required, "passed": c.passed}
            for key, c in verdict.checklists.items()
        },
        "excluded": verdict.excluded,
        "flagged": list(verdict.flagged),
        "route": verdict.route,
    }


@contextmanager
def compiled(policy: Policy) -> Iterator[ReteMatcher]:
    with closing(ReteMatcher(compile_policy(policy), policy)) as matcher:
        yield matcher
        assert matcher.incidents == 0


def test_all_130_cases_are_here_by_name() -> None:
    assert len({case["name"] for case in CASES}) == 130


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_golden_case_holds_in_the_interpreter(case: dict[str, Any]) -> None:
    policy = Policy.model_validate(case["policy"])
    assert outcome(policy, case, InterpreterMatcher(policy)) == case["expect"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_golden_case_holds_in_the_compiled_rules(case: dict[str, Any]) -> None:
    policy = Policy.model_validate(case["policy"])
    with compiled(policy) as matcher:
        assert outcome(policy, case, matcher) == case["expect"]
