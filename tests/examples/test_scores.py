"""Scores of the example policies: their test cases hold, and in the real file better leads win more often."""

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from engine.core.lead import facts
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import LeadEvent, Note, Scores
from engine.core.lead.view import LeadView
from engine.core.scoring.plan import frame_of
from engine.core.scoring.scoring import score
from engine.core.simulation.test_cases import run_samples
from examples import xeducation
from examples.ndjson import Event
from rulesets.policy.policy import Policy
from tests.examples.test_policies import policy

REAL = Path(__file__).parents[3] / "shared" / "data" / "xeducation"


@pytest.mark.parametrize("name", ["olist", "xeducation"])
def test_every_case_of_a_policy_is_green(name: str) -> None:
    report = run_samples(policy(name))
    assert report.results
    assert [(one.key, one.differences) for one in report.red] == []


def lead_event(event: Event) -> LeadEvent:
    groups = {name: event.get(name, {}) for name in ("traits", "answers", "properties")}
    at = datetime.fromisoformat(event["occurred_at"])
    return LeadEvent("file", event["id"], event["type"], at, event["lead"], **groups)


def scored_lead(rules: Policy, matcher: InterpreterMatcher, events: list[LeadEvent]) -> tuple[Scores, list[Note]]:
    frame = frame_of(rules)
    claims: facts.Claims = {}
    notes: list[Note] = []
    for event in events:
        folded = facts.fold(claims, event, frame.vocabulary, frame.zone)
        claims = folded.claims
        notes += folded.notes
    known = facts.known(claims, frame.vocabulary, frame.zone)
    view = LeadView.of(frame, known, events[-1].occurred_at, History.of(events))
    return score(rules, view, matcher), notes


@pytest.mark.skipif(not REAL.exists(), reason="X Education's file is not in ../shared/data/xeducation")
def test_in_the_real_file_a_better_grade_and_a_hotter_lead_convert_more_often() -> None:
    rules = policy("xeducation")
    matcher = InterpreterMatcher(rules)
    leads: dict[str, list[LeadEvent]] = defaultdict(list)
    won: set[str] = set()
    for event in xeducation.convert(REAL):
        key = event["lead"]["external_id"]
        if event["type"] == "opportunity.won":
            won.add(key)
        else:
            leads[key].append(lead_event(event))
    total, converted, dirty = Counter[str](), Counter[str](), Counter[object]()
    for key, events in leads.items():
        scores, notes = scored_lead(rules, matcher, events)
        dirty.update(note.raw for note in notes)
        for name in (scores.grade, scores.heat):
            total[name] += 1
            converted[name] += key in won
    rates = {name: converted[name] / total[name] for name in total}
    assert rates["A"] > rates["B"] > rates["C"] > rates["D"]
    assert rates["frenzied"] > rates["hot"] > rates["warm"]
    assert rates["A"] > 0.8
    assert rates["D"] < 0.2
    assert set(dirty) == {"testone", "blog", "WeLearn", "youtubechannel"}
