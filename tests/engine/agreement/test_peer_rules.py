"""The shared JSON Logic cases whose meaning our operators have, asked through an adapter
(`tests/oracle/peer_logic.py`).

The file is not ours to copy. Each of its cases either holds, in the interpreter and in the compiled rules, or is left
out for one of the adapter's reasons; docs/parity.md counts them by reason.
"""

import json
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
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
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from tests.oracle.peer_logic import ITEM, TRUE, LeftOut, Question, translate

CASES = Path(__file__).parents[4] / "shared" / "data" / "peer_rules" / "json_logic_compatible.json"
DOCUMENTED = Path(__file__).parents[3] / "docs" / "parity.md"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def policy_of(asked: Question) -> Policy:
    """A policy with a rule worth a point for each condition, and a checklist of them where one is asked for."""
    parts = [{"key": key, "when": when} for key, when in asked.conditions.items()]
    items = parts or [{"key": "none", "when": TRUE}]
    report = lint(
        {
            "format": "baton.policy/1",
            "name": "peer rule",
            "timezone": "UTC",
            "fields": [{"key": key, "type": kind} for key, kind in asked.fields.items()],
            "events": [{"key": ITEM, "kind": "direct"}],
            "models": [
                {"key": "m", "fit": {"groups": [{"key": "g", "rules": [{**part, "points": 1} for part in parts]}]}}
            ],
            "qualification": {"checklists": [{"key": "c", "items": items, "require": {"met": asked.checklist or 0}}]},
        }
    )
    assert report.policy is not None, report.errors
    return report.policy


def agrees(asked: Question) -> dict[str, bool]:
    """Of each implementation whether it answers as the peer does."""
    policy = policy_of(asked)
    frame = frame_of(policy)
    events = [LeadEvent("peer", str(place), ITEM, NOW, properties=item) for place, item in enumerate(asked.items)]
    view = LeadView.of(frame, stated(asked.facts, frame.vocabulary, frame.zone), NOW, History.of(events))
    with closing(ReteMatcher(compile_policy(policy), policy)) as compiled:
        matchers = (InterpreterMatcher(policy), compiled)
        return {type(matcher).__name__: _agrees(asked, policy, view, matcher) for matcher in matchers}


def _agrees(asked: Question, policy: Policy, view: LeadView, matcher: Matcher) -> bool:
    scores = score(policy, view, matcher)
    true = {line.rule for line in scores.fit_lines}
    if asked.checklist is None:
        return true == asked.true
    passed = qualify(policy, view, matcher, scores, confirmed=False).checklists["c"].passed
    return passed == asked.passes and (passed or asked.conditions.keys() - true == asked.true)


def cases() -> list[dict[str, Any]]:
    """The shared cases; between them stand titles."""
    return [case for case in json.loads(CASES.read_text("utf-8")) if isinstance(case, dict)]


@pytest.mark.skipif(not CASES.exists(), reason="the JSON Logic cases are not in ../shared/data/peer_rules")
def test_every_shared_case_of_json_logic_holds_or_is_left_out_for_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    outcome: Counter[str] = Counter()
    for case in cases():
        try:
            asked = translate(case["rule"], case.get("data"), case["result"])
        except LeftOut as reason:
            outcome[str(reason)] += 1
            continue
        assert all(agrees(asked).values()), (case, asked, agrees(asked))
        outcome["held"] += 1
    assert outcome.total() == 278
    table = [f"| {count} | {reason} |" for reason, count in outcome.most_common()]
    documented = DOCUMENTED.read_text("utf-8")
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *table, ""]))
    assert [row for row in table if row not in documented] == []
