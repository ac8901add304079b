"""The pages about starters and checklists name the numbers that are in them."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from rulesets import starters
from rulesets.document.document import parse
from rulesets.lint import lint
from rulesets.policy.policy import FitGroup, Policy
from tests.rulesets.documents import LEAST

PAGES = Path(__file__).parents[2] / "docs" / "starters"
GRADED = re.compile(r"A from (\d+), B from (\d+), C from (\d+)")
HEATED = re.compile(r"frenzied from (\d+), hot from (\d+), warm from (\d+)")


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def starter(name: str) -> Policy:
    policy = parse(starters.load(name)).policy
    assert policy
    return policy


def most(group: FitGroup) -> Decimal:
    """The most a group gives; without a bound its rules exclude each other."""
    return max(rule.points for rule in group.rules) if group.max is None else group.max


def test_every_starter_has_a_page_and_there_is_one_of_checklists() -> None:
    assert {file.stem for file in PAGES.glob("*.md")} == {*starters.NAMES, "checklists"}


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_page_says_why_every_group_of_fit_gives_at_most_what_it_gives(name: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| \S.{30,}\|$", page(name), re.MULTILINE)
    groups = starter(name).models[0].fit.groups
    assert [(key, Decimal(points)) for key, points in rows] == [(group.key, most(group)) for group in groups]


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_page_names_the_edges_of_grades_and_heats(name: str) -> None:
    model = starter(name).models[0]
    for pattern, edges in ((GRADED, model.fit.grades), (HEATED, model.engagement.heats)):
        (found,) = pattern.findall(page(name))
        assert [Decimal(edge) for edge in found] == list(edges.values())


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_page_speaks_of_every_clock_and_route(name: str) -> None:
    policy = starter(name)
    told = page(name) + page("growth_smb") * ("growth_smb.md#clocks-and-pool" in page(name))
    assert [clock.key for clock in policy.sla if f"`{clock.key}`" not in told] == []
    assert [route.key for route in policy.qualification.mql if f"`{route.key}`" not in page(name)] == []


def test_the_page_of_checklists_counts_their_items() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (\d+) \| (\d+) \|$", page("checklists"), re.MULTILINE)
    assert [key for key, _, _ in rows] == list(starters.CHECKLISTS)
    for key, items, needed in rows:
        policy = lint(starters.with_checklist(LEAST, key)).policy
        assert policy
        (found,) = policy.qualification.checklists
        assert (len(found.items), found.required) == (int(items), int(needed))
