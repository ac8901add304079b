"""Each rule of R5.1–R7.3 and R4.5–R4.7, by name: small stories in virtual time.

A case of `tests/cases/stories_*.json` changes ``parts`` of the file's base policy and names its people if they are
others than the file's (``roster``, ``teams``, ``calendars``; "ann" is ann@example.com). ``events`` are lists of hour,
type, lead and the rest; hours are after Monday 09:00 in Shanghai, ``until`` is the last one. ``expect`` says of each
lead any of what `answer` gives, ``owners`` how many leads each has at the end. ``windows``: those of the starters.
"""

import json
import re
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.core.lead.model import LeadEvent
from engine.matcher.rete import ReteMatcher
from engine.simulation.simulate import rules_of
from engine.simulation.timeline import run_until
from rulesets import starters
from rulesets.lint import lint
from rulesets.roster.roster import Roster

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
FILES = [
    json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parents[2] / "cases").glob("stories_*.json"))
]
CASES: list[dict[str, Any]] = [
    {"base": content["base"], "people": content["roster"], **case} for content in FILES for case in content["cases"]
]
RULES = [f"R{chapter}.{n}" for chapter, rules in ((4, (5, 6, 7)), (5, range(1, 12)), (6, range(1, 11)), (7, (1, 2, 3)))
         for n in rules]  # fmt: skip
STORIES = [case for case in CASES if "events" in case]


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"].replace(" ", "_") for case in cases]


def full(name: str) -> str:
    """The e-mail of somebody of a case."""
    return f"{name}@example.com"


def short(email: str | None) -> str | None:
    """Whom a case means."""
    return email and email.partition("@")[0]


def roster(case: dict[str, Any]) -> Roster:
    """The people of a case."""
    people = [
        {**one, "email": full(one["email"])} | ({"manager": full(one["manager"])} if "manager" in one else {})
        for one in case.get("roster", case["people"])
    ]
    teams = [{**team, "head": full(team["head"])} for team in case.get("teams", ())]
    return Roster.model_validate(
        {"format": "baton.roster/1", "people": people, "teams": teams, "calendars": case.get("calendars", ())}
    )


def happening(number: int, hour: float, kind: str, lead: str, rest: dict[str, Any]) -> LeadEvent:
    """An event of a case."""
    actor = {"actor": full(rest["actor"])} if "actor" in rest else {}
    groups: dict[str, Any] = {**rest, **actor}
    return LeadEvent("case", f"e{number:03}", kind, START + timedelta(hours=hour), {"external_id": lead}, **groups)


def lived(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Lead → its line at the end."""
    policy = lint({**case["base"], **case.get("parts", {})}).policy
    assert policy is not None
    events = [happening(number, *one) for number, one in enumerate(case["events"])]
    with closing(ReteMatcher.of(policy)) as matcher:
        until = START + timedelta(hours=case["until"])
        lines = list(run_until(rules_of(policy, matcher), roster(case), events, until))
    return {line["lead"]["external_id"]: line for line in lines}


def hour(at: str) -> float:
    """Hours after the start."""
    return (datetime.fromisoformat(at) - START) / timedelta(hours=1)


def answer(line: dict[str, Any]) -> dict[str, Any]:
    """What a case may say of a lead."""
    asked = [decision for decision in line["decisions"] if decision["candidates"]]
    reasons = [{short(one["person"]): one["reason"] for one in decision["candidates"]} for decision in asked]
    story = [[one["event"], hour(one["at"]), short(one["owner"])] for one in line["decisions"]]
    struck = [one for decision in line["decisions"] for one in decision.get("strikes", ())]
    return {
        "stage": line["stage"],
        **{who: short(line[who]) for who in ("owner", "sdr", "rep")},
        "policy": asked[-1]["policy"] if asked else None,
        "reasons0": reasons[0] if reasons else None,
        "reasons": reasons[-1] if reasons else None,
        "story": story,
        "last": story[-1],
        "clocks": [[clock["key"], short(clock["owner"]), clock["state"]] for clock in line["clocks"]],
        "due": [[hour(clock["started_at"]), hour(clock["due_at"])] for clock in line["clocks"]],
        "strikes": [[short(one["person"]), one["count"], one["suspended_until"] is not None] for one in struck],
    }


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_of_stages_assignment_clocks_and_pool_has_a_story_by_name(rule: str) -> None:
    assert [case["name"] for case in CASES if re.match(rf"{re.escape(rule)} \w", case["name"])]


def test_every_story_has_a_name_of_its_own_and_cites_a_rule() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert {case["name"].split()[0] for case in CASES} == set(RULES)


@pytest.mark.parametrize("case", STORIES, ids=names(STORIES))
def test_a_story_ends_as_the_rule_says(case: dict[str, Any]) -> None:
    lines = lived(case)
    found = {lead: answer(line) for lead, line in lines.items()}
    wanted = case.get("expect", {})
    assert {lead: {part: found[lead][part] for part in said} for lead, said in wanted.items()} == wanted
    if "owners" in case:
        assert Counter(short(line["owner"]) for line in lines.values()) == case["owners"]


def test_a_colleague_who_takes_over_an_opportunity_under_a_starter_has_no_clock_to_accept_it() -> None:
    """R6.10."""
    facts = {"company": {"employees": 30, "industry": "SaaS"}, "traits": {"buyer_role": "decider"}}
    case = {
        "base": starters.load("growth_smb"),
        "people": CASES[0]["people"],
        "events": [
            [0, "lead.identified", "x", facts],
            *[[0.5, kind, "x", {}] for kind in ("pricing.viewed", "demo.requested")],
            [1, "lead.qualified", "x", {"actor": "ann"}],
            [2, "lead.accepted", "x", {"actor": "boss"}],
            [3, "opportunity.created", "x", {"actor": "boss"}],
            [4, "lead.assigned", "x", {"actor": "boss", "properties": {"to": full("sam")}}],
            [5, "lead.assigned", "x", {"actor": "boss", "properties": {"to": full("sue")}}],
        ],
        "until": 100,
    }
    found = answer(lived(case)["x"])
    assert (found["stage"], found["owner"]) == ("opportunity", "sue")
    assert [key for key, _, _ in found["clocks"]].count("accept_48h") == 1


def test_the_starters_have_the_clocks_that_the_rule_names() -> None:
    (case,) = (case for case in CASES if "windows" in case)
    found: dict[str, set[tuple[Any, ...]]] = {}
    for name in starters.NAMES:
        for clock in starters.load(name)["sla"]:
            ((unit, count),) = clock["window"].items()
            found.setdefault(clock["key"], set()).add((count, unit, clock.get("clock", "elapsed")))
    assert {key: found.get(key) for key in case["windows"]} == {
        key: {tuple(one)} for key, one in case["windows"].items()
    }
