"""Erasures in a simulation: as live, the lead is closed and the person's next event begins a new one (R4.8)."""

from dataclasses import replace
from datetime import timedelta

from engine.core.lead.matching import InterpreterMatcher
from engine.simulation.simulate import rules_of, score_at
from tests.engine.simulation.test_simulate_time import START, document, happened, run, team

EVENTS = [
    happened("content.downloaded", 0),
    happened("lead.erased", 1),
    happened("content.downloaded", 2),
    replace(happened("lead.erased", 3), identities={"external_id": "nobody"}),
]


def test_an_erased_lead_is_closed_and_keeps_its_score_and_the_next_event_begins_a_new_lead() -> None:
    first, second = run(EVENTS, 100, team("ann"), document())
    assert (first["stage"], first["owner"], first["clocks"][0]["state"]) == ("disqualified", None, "cancelled")
    assert [one["event"] for one in first["decisions"]] == ["content.downloaded", "sla.warned", "lead.erased"]
    assert second["stage"] == "ready"
    assert first["engagement"] == second["engagement"] > 0


def test_an_erasure_separates_the_events_before_it_when_leads_are_scored_at_a_moment() -> None:
    rules = rules_of(document(), InterpreterMatcher(document()))
    lines = list(score_at(rules, EVENTS, START + timedelta(hours=9)))
    assert [len(line["ledger"]) for line in lines] == [1, 1]
