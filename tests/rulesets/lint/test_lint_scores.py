"""No false alarm about scores: a grade, heat or cell that the lint says no lead has, no random lead has (R0.3)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import LeadEvent
from engine.core.lead.view import LeadView
from engine.core.scoring.plan import frame_of
from engine.core.scoring.scoring import score
from rulesets.lint import lint
from tests.engine.core.scored_leads import NOW
from tests.rulesets.documents import policy as vocabulary
from tests.rulesets.rows import BUDGET, LEVEL, SIZE, asks, every, no, size

CONDITIONS = st.sampled_from(
    [
        size("lt", 10), size("between", [10, 20]), size("gt", 20), size("unknown"), no(size("gt", 5)),
        asks(LEVEL, "eq", "VP"), asks(LEVEL, "in", ["Junior", "Senior"]), asks(BUDGET, "is_true"), {"all": []},
        every(size("gt", 5), asks(LEVEL, "known")), every(size("gt", 5), size("lt", 3)),
    ]
)  # fmt: skip
POINTS = st.sampled_from([-20, -10, -0.5, 0, 5, 10, 20, 40])
BOUNDS = st.fixed_dictionaries({}, optional={"min": st.sampled_from([-10, 0]), "max": st.sampled_from([0, 15, 30])})
ROWS = st.lists(st.tuples(CONDITIONS, POINTS), max_size=4)


def _fit_group(rows: list[Any], bounds: Mapping[str, Any]) -> dict[str, Any]:
    rules = [{"key": f"r{n}", "when": when, "points": points} for n, (when, points) in enumerate(rows)]
    return {"rules": rules, **bounds}


def _signals(rows: list[Any], bounds: Mapping[str, Any]) -> dict[str, Any]:
    extras: list[dict[str, Any]] = [{}, {"max": 12}, {"repeat": {"per": "event", "times": 2}}, {}]
    signals = [
        {"key": f"s{n}", "event": "pricing.viewed", "when": when, "points": points, **extras[n]}
        for n, (when, points) in enumerate(rows)
    ]
    return {"signals": signals, **bounds}


def _keyed(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**group, "key": f"g{n}"} for n, group in enumerate(groups)]


MODELS = st.builds(
    lambda fit, heard, start, in_all: {
        "fit": {"start": start, "groups": _keyed(fit), "grades": {"A": 40, "B": 20, "C": 0}, **in_all},
        "engagement": {"groups": _keyed(heard), "heats": {"frenzied": 30, "hot": 20, "warm": 5}},
    },
    st.lists(st.builds(_fit_group, ROWS, BOUNDS), max_size=3),
    st.lists(st.builds(_signals, ROWS, BOUNDS), max_size=2),
    POINTS,
    BOUNDS,
)
CELLS = [f"{grade}.{heat}" for grade in "ABCD" for heat in ("frenzied", "hot", "warm", "cold")]
FACTS = st.fixed_dictionaries(
    {},
    optional={
        SIZE: st.sampled_from([-5, 3, 5, 6, 9, 10, 20, 21]),
        LEVEL: st.sampled_from(["Junior", "Senior", "VP"]),
        BUDGET: st.booleans(),
    },
)
LEADS = st.tuples(FACTS, st.integers(0, 8))


@settings(max_examples=75)
@given(MODELS, MODELS, CONDITIONS, st.lists(LEADS, min_size=15, max_size=30))
def test_no_lead_has_what_no_lead_is_said_to_have(first: Any, last: Any, when: Any, leads: list[Any]) -> None:
    cells = {"matrix": {"cells": {cell: {"action": "hold"} for cell in CELLS}}}
    models = [{"key": "a", "priority": 1, "when": when, **cells, **first}, {"key": "b", "priority": 2, **cells, **last}]
    report = lint(vocabulary(models=models))
    assert report.policy, report.errors
    frame, matcher = frame_of(report.policy), InterpreterMatcher(report.policy)
    told = {(finding.code, finding.path) for finding in report.findings}
    for facts, views in leads:
        history = [LeadEvent("t", str(n), "pricing.viewed", NOW - timedelta(days=n)) for n in range(views)]
        found = score(report.policy, LeadView.of(frame, facts, NOW, History.of(history)), matcher)
        model = 0 if found.model == "a" else 1
        assert ("unreachable-model", f"models[{model}]") not in told
        assert ("unreachable-cell", f'models[{model}].matrix.cells["{found.cell}"]') not in told
        grades, heats = f"models[{model}].fit.grades", f"models[{model}].engagement.heats"
        assert ("unreachable-grade", f"{grades}.{found.grade}" if found.grade != "D" else grades) not in told
        assert ("unreachable-heat", f"{heats}.{found.heat}" if found.heat != "cold" else heats) not in told
        for line in found.fit_lines:
            groups = report.policy.models[model].fit.groups
            at = next(n for n, group in enumerate(groups) if group.key == line.group)
            assert ("unreachable-rule", f"models[{model}].fit.groups[{at}].rules[{line.rule[1:]}]") not in told
