"""The page about clocks names every state, every action and every clock of R6.9, as code and starters have them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from engine.core.sla.actions import ACTIONS, MOVES
from engine.core.sla.clocks import STATES
from rulesets import starters
from rulesets.policy.policy import Policy

PAGE = (Path(__file__).parents[2] / "docs" / "sla.md").read_text(encoding="utf-8")


def rows_under(heading: str) -> dict[str, str]:
    """The first column of the table of a section → the whole row."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)`.*$", section, re.MULTILINE)}


def test_every_state_of_a_clock_is_explained() -> None:
    assert set(rows_under("The life of a clock")) == set(STATES)


def test_every_action_is_explained_and_those_that_move_the_lead_are_marked() -> None:
    rows = rows_under("Actions")
    assert rows.keys() == ACTIONS.keys()
    assert {name for name, row in rows.items() if "●" in row} == MOVES


@pytest.mark.parametrize("name", starters.NAMES)
def test_every_starter_has_the_clocks_that_come_with_baton(name: str) -> None:
    policy = Policy.model_validate(starters.load(name))
    windows = {
        (clock.window.model_dump_json(exclude_none=True), clock.clock, clock.kind)
        for clock in policy.sla
    }  # fmt: skip
    wanted = {
        ('{"minutes":30}', "business", "deadline"),
        ('{"hours":48}', "elapsed", "deadline"),
        ('{"days":45}', "elapsed", "deadline"),
        ('{"days":14}', "elapsed", "hold"),
    }
    assert wanted <= windows


def test_the_lead_of_the_first_team_dispatches_within_four_hours_of_working_time() -> None:
    clocks = Policy.model_validate(starters.load("key_accounts")).sla
    dispatch = next(clock for clock in clocks if "lead.dispatched" in clock.met_by)
    assert dispatch.window.timedelta == timedelta(hours=4)
    assert dispatch.clock == "business"
