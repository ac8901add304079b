"""X Education's policy ranks leads it was not made from: its weights come from every second lead of the file.

Only what is known before the sales call is in the events (`examples.xeducation` leaves the rest out).
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import pytest

from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import LeadEvent, Scores
from examples import xeducation
from rulesets.policy.policy import GRADES
from tests.examples.test_policies import policy
from tests.examples.test_scores import REAL, lead_event, scored_lead

NEEDED = 0.78
"""The area under the curve that the other half has to reach."""


class Ranked(NamedTuple):
    """A lead with its scores, and whether it converted."""

    scores: Scores
    won: bool

    @property
    def rank(self) -> float:
        """By what leads are called: both scores together."""
        return float(self.scores.fit + self.scores.engagement)


def other_half() -> list[Ranked]:
    """The leads at odd places in order of arrival; the weights were read off those at even places."""
    leads: dict[str, list[LeadEvent]] = defaultdict(list)
    won = set()
    for event in xeducation.convert(REAL):
        if event["type"] == "opportunity.won":
            won.add(event["lead"]["external_id"])
        else:
            leads[event["lead"]["external_id"]].append(lead_event(event))
    rules = policy("xeducation")
    matcher = InterpreterMatcher(rules)
    odd = list(leads)[1::2]
    return [Ranked(scored_lead(rules, matcher, leads[key])[0], key in won) for key in odd]


def area_under_curve(pairs: Sequence[tuple[float, bool]]) -> float:
    """How often one that won ranks above one that did not, ties counting half (the rank sum of Mann and Whitney)."""
    below = above = ranks = 0.0
    won = sum(outcome for _, outcome in pairs)
    for _, tied in groupby(sorted(pairs), key=lambda pair: pair[0]):
        outcomes = [outcome for _, outcome in tied]
        above = below + len(outcomes)
        ranks += sum(outcomes) * (below + above + 1) / 2
        below = above
    return (ranks - won * (won + 1) / 2) / (won * (len(pairs) - won))


def table_of(area: float, grades: Mapping[str, Sequence[bool]]) -> str:
    """What people look at: how many leads have a grade, and how many of them converted."""
    rows = [f"{grade:5}  {len(won):6,}   {sum(won) / len(won):8.1%}" for grade, won in grades.items()]
    head = f"X Education, the half the weights were not read off: area under the curve {area:.3f}"
    return "\n".join(["", head, "grade   leads   converted", *rows, ""])


def test_the_measure_is_right_where_it_can_be_counted() -> None:
    assert area_under_curve([(1, False), (2, True)]) == 1
    assert area_under_curve([(1, True), (2, False)]) == 0
    assert area_under_curve([(1, True), (1, False)]) == 0.5
    assert area_under_curve([(1, False), (2, True), (2, False), (3, True)]) == 0.875


def test_the_weights_fit_on_a_page() -> None:
    rules = policy("xeducation")
    (model,) = rules.models
    fit = [rule for group in model.fit.groups for rule in group.rules]
    signals = [signal for group in model.engagement.groups for signal in group.signals]
    assert len(fit) + len(signals) <= 60
    assert all(points % 5 == 0 for points in [row.points for row in fit] + [row.points for row in signals])


@pytest.mark.skipif(not REAL.exists(), reason="X Education's file is not in ../shared/data/xeducation")
def test_the_half_it_was_not_made_from_is_ranked_and_converts_less_from_grade_to_grade(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ranked = other_half()
    area = area_under_curve([(lead.rank, lead.won) for lead in ranked])
    grades = {grade: [lead.won for lead in ranked if lead.scores.grade == grade] for grade in GRADES}
    with capsys.disabled():
        sys.stdout.write(table_of(area, grades))
    assert len(ranked) == 3680
    assert area >= NEEDED
    rates = {grade: sum(won) / len(won) for grade, won in grades.items()}
    assert rates["A"] > rates["B"] > rates["C"] > rates["D"]
