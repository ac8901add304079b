"""A read shows the score of its moment: what a decision at that moment would score, and nothing is stored (R3.6)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine.core.explain import scores_body
from engine.simulation.live_score import LiveScorer
from engine.store.inbox.inbox import Intake
from tests.factories import (
    NOW,
    HandClock,
    column,
    decide_all,
    event,
    living_leads,
    model,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
DOWNLOADED = "content.downloaded"
STORED = "SELECT fit, engagement, grade, heat, cell, scored_at, version FROM lead ORDER BY id"


def moved_by_time(**parts: Any) -> dict[str, Any]:
    """A policy that time moves in every way: fading points, a count's window, days since, dates, active leads."""
    fresh = {"count": {"event": DOWNLOADED, "days": 3}, "op": "gte", "value": 1}
    late = {"days_since": {"event": DOWNLOADED}, "op": "gt", "value": 2.5}
    soon = {"field": "lead.trial_ends", "op": "within_last_days", "value": 5}
    many = {"field": "account.active_leads", "op": "gte", "value": 2}
    conditions = {"fresh": fresh, "late": late, "soon": soon, "many": many}
    rules = [{"key": key, "when": when, "points": 10 + n} for n, (key, when) in enumerate(conditions.items())]
    fit = {"groups": [{"key": "who", "rules": rules}], "grades": {"A": 60, "B": 20, "C": 5}}
    half_life = {"curve": "half_life", "days": 4}
    signals = [
        {"key": "paper", "event": DOWNLOADED, "points": 40, "decay": half_life},
        {"key": "again", "event": DOWNLOADED, "points": 3, "when": fresh},
    ]
    heats = {"frenzied": 80, "hot": 50, "warm": 20}
    engagement = {"groups": [{"key": "content", "max": 70, "signals": signals}], "heats": heats}
    fields = [{"key": "lead.trial_ends", "type": "datetime"}]
    return policy_document(models=[model(fit=fit, engagement=engagement, **parts)], fields=fields)


def history() -> list[Intake]:
    """Two leads of one company and one without any, with events of several days."""
    trial = {"trial_ends": "2026-11-18T09:00:00Z", "job_title": "CTO"}
    return [
        event(DOWNLOADED, email="li@corp.cn", at=NOW - timedelta(days=2), traits=trial),
        event(DOWNLOADED, email="li@corp.cn", at=NOW - timedelta(hours=5)),
        event(DOWNLOADED, email="wang@corp.cn", at=NOW - timedelta(days=29)),
        event("page.viewed", external_id="alone"),
    ]


@pytest.fixture
def scores() -> Iterator[LiveScorer]:
    """Scores for those who look."""
    looking = LiveScorer()
    yield looking
    looking.close()


@pytest.mark.parametrize("of", ["lead", "account"])
@pytest.mark.parametrize("days", [0, 0.4, 1.7, 2.9, 3.1, 40])
def test_a_look_at_any_moment_shows_what_a_decision_then_would_score(days: float, of: str, scores: LiveScorer) -> None:
    put_in_force(moved_by_time(scores=of))
    take_in(*history())
    clock = HandClock()
    decide_all(clock)
    clock.pass_by(days=days)
    before = rows(STORED)
    seen = {lead: scores.score(lead, clock.now()) for lead in living_leads()}
    assert rows(STORED) == before, "a look stores nothing"
    for lead in seen:
        take_in(event("score.refreshed", lead_id=lead, at=clock.now(), properties={"cause": "time"}))
    decide_all(clock)
    for lead, found in seen.items():
        last = "SELECT body->'scores' FROM decision WHERE lead_id = %s ORDER BY id DESC LIMIT 1"
        assert found is not None
        assert (found.number, found.at, scores_body(found.scores)) == (1, clock.now(), column(last, lead)[0])


def test_what_waits_and_what_nobody_decided_has_no_part_in_a_look(scores: LiveScorer) -> None:
    put_in_force(moved_by_time())
    take_in(event(DOWNLOADED, external_id="c1"))
    assert scores.score(1, NOW) is None, "nothing was decided yet"
    decide_all()
    take_in(event(DOWNLOADED, external_id="c1"))
    first = scores.score(1, NOW)
    assert first is not None
    assert len(first.scores.ledger) == 2, "one event, two signals; the second event waits"
    assert scores.score(99, NOW) is None, "there is no such lead"


def test_a_look_uses_the_version_that_decided_the_lead_and_sees_what_is_decided_later(scores: LiveScorer) -> None:
    put_in_force(moved_by_time())
    take_in(*history())
    decide_all()
    put_in_force(policy_document(fields=[{"key": "lead.trial_ends", "type": "text"}], models=[model(scores="account")]))
    take_in(event(DOWNLOADED, email="wang@corp.cn"))
    assert [found and found.number for found in (scores.score(lead, NOW) for lead in (1, 2))] == [1, 1]
    decide_all()
    looks = {lead: scores.score(lead, NOW) for lead in (1, 2)}
    assert [found and found.number for found in looks.values()] == [2, 2]
    assert all(found and found.scores.engagement == 4 for found in looks.values()), "the union of the company's events"
