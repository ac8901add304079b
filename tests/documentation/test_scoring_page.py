"""The worked example of docs/scoring.md gives the results on the page."""

import re
from pathlib import Path

import yaml

from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import Missing
from engine.core.qualification.qualification import qualify
from engine.core.scoring.scoring import score
from rulesets.policy.policy import Policy
from tests.engine.core.scored_leads import balances, event, view

PAGE = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text("utf-8")
LINE = re.compile(
    r"^\| (\d+) days? ago \| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ?(\w*) \|$", re.MULTILINE
)


def test_the_worked_example_is_true() -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    rules = Policy.model_validate(yaml.safe_load(block[1]))
    lead = view(
        rules,
        {"company.employees": 120, "lead.job_title": "CTO"},
        *(event(days_ago=days, properties={"asset_id": "wp-7"}) for days in (30, 20)),
        *(event("pricing.viewed", days) for days in (2, 1)),
    )
    found = score(rules, lead, InterpreterMatcher(rules))
    assert (float(found.fit), float(found.engagement), found.cell) == (55, 25, "B.warm")
    assert balances(found)
    told = [(name, *map(float, numbers), cut or None) for _, name, *numbers, cut in LINE.findall(PAGE)]
    assert told == [
        (line.signal, float(line.raw), line.factor, float(line.value), float(line.contribution), line.cut_by)
        for line in found.ledger
    ]
    verdict = qualify(rules, lead, InterpreterMatcher(rules), found, confirmed=False)
    assert verdict.missing_route == "strong"
    assert verdict.missing == (Missing("cell", {"cell": "B.warm", "action": "sdr", "cells": ["A.hot", "A.frenzied"]}),)
    assert (verdict.checklists["bant"].met, verdict.checklists["bant"].passed) == (2, True)
