"""Each rule of R1.10–R1.19 and R2.1–R4.4 by name, in the interpreter, the compiled rules, the oracle, or the lint.

A case of `tests/cases/rules_*.json` changes ``parts`` of the file's base policy (``when`` alone: one fit rule worth a
point), says the lead's ``facts``, ``events``, ``now``, the ``others`` of its account, and what to ``expect``: any of
what `answer` gives. ``stage`` says where a lead that stood at ``from`` stands afterwards; ``refused`` is the code of
the error that the lint finds instead.
"""

import json
import re
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.core.lead.facts import stated
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher, Matcher
from engine.core.lead.model import Stage
from engine.core.lead.state import LeadState
from engine.core.lead.view import LeadView
from engine.core.qualification.qualification import qualify
from engine.core.qualification.stages import advance
from engine.core.scoring.plan import frame_of
from engine.core.scoring.scoring import score
from engine.matcher.rete import ReteMatcher
from rulesets.compile.compiler import compile_policy
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from tests.engine.agreement.oracle_rounds import lead_event
from tests.oracle import oracle
from tests.oracle.reading import readable, types_of

FILES = [
    json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parents[2] / "cases").glob("rules_*.json"))
]
CASES: list[dict[str, Any]] = [{"base": content["base"], **case} for content in FILES for case in content["cases"]]
CHAPTERS = ((1, (10, 11, 12, 19)), (2, range(1, 8)), (3, range(1, 10)), (4, range(1, 5)))
RULES = [f"R{chapter}.{n}" for chapter, rules in CHAPTERS for n in rules]
JUDGED = [case for case in CASES if "expect" in case]
REFUSED = [case for case in CASES if "refused" in case]
NOW = "2026-11-20T09:30:00Z"


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"].replace(" ", "_") for case in cases]


def document(case: dict[str, Any]) -> dict[str, Any]:
    """The whole policy of a case."""
    rule = {"key": "r", "when": case.get("when"), "points": 1}
    parts = {"models": [{"key": "m", "fit": {"groups": [{"key": "g", "rules": [rule]}]}}]} if "when" in case else {}
    return {**case["base"], **parts, **case.get("parts", {})}


def moment(case: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(case.get("now", NOW))


def people(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The lead of the case and the other leads of its account."""
    return [case, *case.get("others", [])]


def answer(case: dict[str, Any], matcher: Matcher, policy: Policy) -> dict[str, Any]:
    """What the product makes of a case."""
    frame = frame_of(policy)
    views = [
        LeadView.of(
            frame,
            stated(lead.get("facts", {}), frame.vocabulary, frame.zone),
            moment(case),
            History.of(map(lead_event, lead.get("events", []))),
        )
        for lead in people(case)
    ]
    found = score(policy, views[0], matcher, views)
    verdict = qualify(policy, views[0], matcher, found, confirmed=False, ignore_confirmation=True)
    cell = next(model for model in policy.models if model.key == found.model).matrix.cell(found.grade, found.heat)
    stage = case.get("stage", {"from": "raw"})
    before = LeadState(stage=Stage(stage["from"]), disqualified_by=stage.get("by"))
    return {
        **{name: getattr(found, name) for name in ("model", "cell")},
        **{name: float(getattr(found, name)) for name in ("fit", "engagement")},
        "ledger": [
            [line.signal, line.event_id, float(line.value), float(line.contribution), line.cut_by]
            for line in sorted(found.ledger, key=lambda line: (line.signal, line.event_id))
        ],
        "adjustments": [[line.level, line.key, float(line.amount)] for line in found.adjustments],
        "action": cell.action,
        "priority": cell.priority,
        "excluded": verdict.excluded,
        "flagged": list(verdict.flagged),
        "route": verdict.route,
        "missing": sorted(entry.code for entry in verdict.missing),
        "checklists": {key: [one.met, one.required, one.passed] for key, one in verdict.checklists.items()},
        "stage": advance(before, verdict, cell, acts=True).stage,
    }


def by_oracle(case: dict[str, Any]) -> dict[str, Any]:
    """What the oracle makes of it; of stages and priorities it knows nothing."""
    policy = document(case)
    types, zone = types_of(policy), ZoneInfo(policy["timezone"])
    facts = [
        {key: value for key, raw in lead.get("facts", {}).items() for value in readable(raw, types[key], zone)}
        for lead in people(case)
    ]
    events = [lead.get("events", []) for lead in people(case)]
    others = tuple(zip(facts[1:], events[1:], strict=True))
    found = oracle.score(policy, facts[0], events[0], moment(case), others)
    return {
        **{name: getattr(found, name) for name in ("model", "cell", "action", "excluded", "flagged", "route")},
        **{name: float(getattr(found, name)) for name in ("fit", "engagement")},
        "ledger": [
            [line.signal, line.event["id"], float(line.value), float(line.contribution), line.cut_by]
            for line in sorted(found.ledger, key=lambda line: (line.signal, line.event["id"]))
        ],
        "adjustments": [[level, key, float(amount)] for level, key, amount in found.adjustments],
        "missing": sorted(found.missing),
        "checklists": {key: list(one) for key, one in found.checklists.items()},
    }


def expected(case: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """What the case says of the things that were found."""
    stage = {"stage": case["stage"]["to"]} if "stage" in case else {}
    return {name: value for name, value in {**case["expect"], **stage}.items() if name in found}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_of_conditions_scores_and_qualification_has_a_case_by_name(rule: str) -> None:
    assert [case["name"] for case in CASES if re.match(rf"{re.escape(rule)} \w", case["name"])]


def test_every_case_has_a_name_of_its_own_and_cites_a_rule() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert {case["name"].split()[0] for case in CASES} == {*RULES}


@pytest.mark.parametrize("case", JUDGED, ids=names(JUDGED))
def test_a_case_holds_in_every_implementation(case: dict[str, Any]) -> None:
    policy = lint(document(case)).policy
    assert policy is not None
    with closing(ReteMatcher(compile_policy(policy), policy)) as compiled:
        answers = [answer(case, InterpreterMatcher(policy), policy), answer(case, compiled, policy), by_oracle(case)]
        assert compiled.incidents == 0
    for found in answers:
        wanted = expected(case, found)
        assert {name: found[name] for name in wanted} == wanted
    assert set(case["expect"]) <= set(answers[0])


@pytest.mark.parametrize("case", REFUSED, ids=names(REFUSED))
def test_what_a_rule_forbids_is_the_only_error(case: dict[str, Any]) -> None:
    report = lint(document(case))
    assert {finding.code for finding in report.errors} == {case["refused"]}
