"""Clocks at calendars' edges: calendars edited in the middle of a window, and breaches to the microsecond (R6.2, R6.3).

Cases are in `tests/cases/calendars.json`; moments without a zone are of the calendar the case begins with.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.core.calendar.roster_changes import retimed, what_follows
from engine.core.calendar.schedules import Schedules
from engine.core.lead.model import LeadEvent
from engine.simulation.simulate import rules_of
from engine.simulation.timeline import run_until
from rulesets.policy.policy import Policy
from rulesets.roster.roster import FORMAT, Roster
from tests.engine.core.calendar.test_calendars import named
from tests.engine.core.scored_leads import model, policy, signal

CASES: dict[str, Any] = json.loads((Path(__file__).parents[3] / "cases" / "calendars.json").read_text("utf-8"))
LI = "li@example.com"
SHANGHAI = ZoneInfo("Asia/Shanghai")
TICK = timedelta(microseconds=1)


def roster(calendar: str, away: list[list[str]]) -> Roster:
    person = {"email": LI, "role": "sdr", "calendar": calendar}
    person["absences"] = [{"from": first, "to": last} for first, last in away]  # type: ignore[assignment]
    calendars = [{"key": calendar, **CASES["calendars"][calendar]}]
    return Roster.model_validate({"format": FORMAT, "calendars": calendars, "people": [person]})


def rules(seconds: int) -> Policy:
    clock = {
        "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
        "window": {"seconds": seconds}, "clock": "business", "warn_at": [50], "on_breach": [],
    }  # fmt: skip
    straight = model([{}, signal()], matrix={"default": {"action": "sdr"}})
    return policy(straight, sla=[clock], assignment=[{"key": "inbound", "role": "sdr"}])


def moment(case: dict[str, Any], text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(CASES["calendars"][case["calendar"]]["timezone"]))


@pytest.mark.parametrize("case", CASES["edits"], ids=named)
def test_a_calendar_edited_in_the_middle_of_a_window_moves_its_end(case: dict[str, Any]) -> None:
    written = rules(case["seconds"])
    rule = written.sla[0]
    before = roster(case["calendar"], case.get("away", []))
    start = moment(case, case["start"])
    timing = Schedules.of_roster(written, before).due(rule, LI, start)
    assert timing.due_at == moment(case, case["due"])
    due, waiting = timing.due_at, [part for part, _ in timing.warnings]
    for edit in case["edits"]:
        at = moment(case, edit["at"])
        after = roster(edit.get("calendar", case["calendar"]), edit.get("away", []))
        assert what_follows(before, after, at, SHANGHAI).rescheduled == {LI}
        if due > at:
            again = retimed(Schedules.of_roster(written, after).timing(rule, LI, start), waiting, at)
            assert again.due_at >= at
            assert all(at <= warned <= again.due_at for _, warned in again.warnings)
            due = again.due_at
        assert due == moment(case, edit["due"])
        before = after


@pytest.mark.parametrize("case", CASES["boundaries"], ids=named)
@pytest.mark.parametrize(("late", "state"), [(-TICK, "met"), (timedelta(), "breached"), (TICK, "breached")])
def test_the_last_moment_to_act_is_the_one_before_the_deadline(
    case: dict[str, Any], late: timedelta, state: str
) -> None:
    start, due = moment(case, case["start"]), moment(case, case["due"])
    comes = LeadEvent("web", "1", "content.downloaded", start, {"external_id": "a"})
    touch = replace(comes, id="2", type="lead.touched", occurred_at=due + late, actor=LI)
    world = rules_of(rules(case["seconds"]))
    (line,) = run_until(world, roster(case["calendar"], []), [comes, touch], due + timedelta(minutes=1))
    (clock,) = line["clocks"]
    assert (clock["state"], datetime.fromisoformat(clock["due_at"])) == (state, due)
