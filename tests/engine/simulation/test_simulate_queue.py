"""The queue in virtual time, and the people who serve it (R5.8, R5.10, R6.8)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.core.notify.effects import Record
from engine.core.simulation.staff import Staff
from rulesets.roster.roster import Roster
from tests.engine.simulation.test_simulate_time import ANN, BOB, IN_TURN, START, document, happened, run, story, team

DAY = timedelta(days=1)
AT_CORP: dict[str, Any] = {"company": {"domain": "corp.cn"}}
OUTBOUND: dict[str, Any] = {**AT_CORP, "traits": {"direction": "outbound"}}


def staff(strategy: str = "round_robin") -> Staff:
    people = [{"email": ANN, "role": "sdr"}, {"email": BOB, "role": "manager"}]
    roster = {"format": "baton.roster/1", "people": people, "teams": [{"key": "east", "head": BOB}]}
    return Staff(Roster.model_validate(roster), document(assignment=[{**IN_TURN, "strategy": strategy}]))


# ------------------------------------------------------------------------------------------------ who is there
def test_heads_of_teams_are_known() -> None:
    assert [member.head_of for member in staff().members(START)] == [frozenset(), {"east"}]


def test_what_somebody_decided_or_missed_in_ninety_days_counts_for_top_performers() -> None:
    several = staff("top_performer"), staff()
    for people in several:
        for kind, days in (("accepted", 89), ("missed", 1), ("met", 1), ("accepted", 90)):
            people.recorded(Record(kind, ANN, START - days * DAY))
        people.recorded(Record("accepted", "gone@example.com", START))
    told = [people.members(START)[0] for people in several]
    assert [(member.accepted, member.decided) for member in told] == [(1, 2), (0, 0)]


def test_who_is_suspended_is_there_for_nobody() -> None:
    people = staff()
    people.suspended = lambda person, role, now: (person, role) == (ANN, "sdr") and now < START + DAY
    assert people.waited_for(START) == {BOB, f"{BOB} at work"}
    assert people.waited_for(START + DAY) == {ANN, f"{ANN} at work", BOB, f"{BOB} at work"}


def test_who_is_not_in_the_roster_may_receive_leads_and_holds_none() -> None:
    people = staff()
    people.given("gone@example.com", START)
    assert people.holding("gone@example.com") == people.holding(ANN) == 0


# ------------------------------------------------------------------------------------------------ who is served
def test_when_somebody_returns_the_best_and_oldest_leads_come_first() -> None:
    events = [happened("content.downloaded", hour, f"lead-{hour}") for hour in range(6)]
    away = [{"from": "2026-03-02", "to": "2026-03-03"}]
    lines = run(events, 24 * 4, team("ann", absences=away, capacity=2), document(sla=[]))
    served = [line["lead"]["external_id"] for line in lines if line["owner"]]
    assert served == ["lead-0", "lead-1"]
    assert {line["decisions"][-1]["at"] for line in lines if line["owner"]} == {"2026-03-03T16:00:00Z"}


def test_leads_that_nobody_fits_are_not_asked_when_somebody_else_returns() -> None:
    by_region = {**IN_TURN, "match": [{"rep": "territories", "field": "lead.region"}]}
    events = [happened("content.downloaded", 0), happened("lead.identified", 30, "b")]
    away = [{"from": "2026-03-02", "to": "2026-03-02"}]
    lines = run(events, 90, team("ann", absences=away), document(assignment=[by_region], sla=[]))
    assert [name for name, _ in story(lines[0])] == ["content.downloaded"]


@pytest.mark.parametrize("others", [(), ("bob",)])
def test_a_lead_that_changed_while_its_person_was_away_is_served_when_they_return(others: tuple[str, ...]) -> None:
    by_region = {**IN_TURN, "match": [{"rep": "territories", "field": "lead.region"}]}
    events = [happened("content.downloaded", 0), happened("lead.identified", 1, traits={"region": "east"})]
    away = [{"from": "2026-03-02", "to": "2026-03-02"}]
    ann = team("ann", absences=away, territories=["East"])
    roster = Roster.model_validate(
        {"format": "baton.roster/1", "people": [*map(_plain, ann.people), *map(_plain, team(*others).people)]}
    )
    (line,) = run(events, 30, roster, document(assignment=[by_region], sla=[]))
    assert story(line)[-1] == ("queue.assigned", ANN)


def test_an_outbound_lead_goes_to_whoever_has_its_company() -> None:
    events = [happened("lead.identified", 0, "in", **AT_CORP), happened("lead.identified", 1, "out", **OUTBOUND)]
    lines = run(events, 2, team("ann", "bob"), document(sla=[]))
    assert [line["owner"] for line in lines] == [ANN, ANN]
    assert lines[1]["decisions"][0]["way"] == "account"


def test_an_outbound_lead_waits_while_its_company_has_an_owner_who_cannot_take_it() -> None:
    events = [
        happened("lead.identified", 0, "in", **AT_CORP),
        happened("lead.identified", 1, "out", **OUTBOUND),
        happened("lead.identified", 2, "far"),
        happened("lead.disqualified", 50, "in", properties={"reason": "other"}),
    ]
    roster = team("ann", capacity=1)
    roster = Roster.model_validate(
        {"format": "baton.roster/1", "people": [*map(_plain, roster.people), {"email": BOB, "role": "sdr"}]}
    )
    before, after = (run(events, hours, roster, document(sla=[])) for hours in (49, 51))
    assert [line["owner"] for line in before] == [ANN, None, BOB]
    assert story(before[1])[:1] == [("lead.identified", None)]
    assert before[1]["decisions"][0]["conflict"] == ANN
    assert [line["owner"] for line in after][1] == ANN
    assert story(after[1])[-1][0] == "queue.assigned"


def _plain(person: Any) -> Any:
    return person.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def test_a_lead_that_a_clock_puts_into_the_queue_is_served_by_the_next_who_is_there() -> None:
    clock = {
        "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
        "window": {"hours": 2}, "on_breach": [{"do": "queue"}],
    }  # fmt: skip
    (line,) = run([happened("content.downloaded", 0)], 3, team("ann", "bob"), document(sla=[clock]))
    assert story(line)[:3] == [("content.downloaded", ANN), ("sla.breached", None), ("queue.assigned", BOB)]
