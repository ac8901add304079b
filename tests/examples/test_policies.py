"""The policies and the roster beside the converters are sound, and know every name the converters send."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from examples import olist, xeducation
from rulesets.document import document
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import Vocabulary

EXAMPLES = Path(olist.__file__).parent


def policy(name: str, kind: str = "policy") -> Policy:
    report = lint(document.load((EXAMPLES / f"{name}-{kind}.yaml").read_text()))
    assert report.findings == ()
    assert report.policy is not None
    return report.policy


def test_every_policy_here_has_a_converter_and_the_other_way_round() -> None:
    policies = {file.name.removesuffix("-policy.yaml") for file in EXAMPLES.glob("*-policy.yaml")}
    assert policies == {"olist", "xeducation"} == {file.stem for file in EXAMPLES.glob("[!_]*.py")} - {"ndjson"}


@pytest.mark.parametrize(
    ("name", "traits", "answers", "events"),
    [
        ("olist", {"source", "landing_page"}, set(), {"landing_page.submitted"}),
        (
            "xeducation",
            set(xeducation.TRAITS.values()),
            {*xeducation.ANSWERS.values(), "seen_in"},
            {"website.visited", "content.requested"},
        ),
    ],
)
def test_a_policy_knows_every_name_its_converter_sends(
    name: str, traits: set[str], answers: set[str], events: set[str]
) -> None:
    vocabulary = Vocabulary.of(policy(name))
    assert traits <= set(vocabulary.group("traits"))
    assert answers <= set(vocabulary.group("answers"))
    assert events <= set(vocabulary.events)


@pytest.mark.parametrize("name", ["olist", "xeducation"])
def test_nobody_gets_a_lead_by_a_fact_that_only_the_outcome_tells(name: str) -> None:
    read = document.load((EXAMPLES / f"{name}-policy.yaml").read_text())
    assert "opportunity." not in str({part: value for part, value in read.items() if part != "sla"})


def test_the_other_policy_for_olist_differs_in_who_calls_and_by_when_but_not_in_scores() -> None:
    shipped, other = policy("olist"), policy("olist", "straight")
    parts = ("fields", "events", "segments", "qualification", "assignment", "reasons", "tests")
    assert [part for part in parts if getattr(shipped, part) != getattr(other, part)] == []
    (one,), (two,) = shipped.models, other.models
    assert (one.fit, one.engagement) == (two.fit, two.engagement)
    assert one.matrix != two.matrix
    assert shipped.sla != other.sla


def test_the_roster_has_thirty_sdrs_and_twenty_two_reps_who_are_nobody() -> None:
    roster = read_roster()
    roles = [person["role"] for person in roster["people"]]
    assert (roles.count("sdr"), roles.count("sales")) == (30, 22)
    assert all(person["email"].endswith("@example.com") for person in roster["people"])


def test_everything_the_roster_points_to_is_in_it() -> None:
    roster = read_roster()
    people = {person["email"] for person in roster["people"]}
    assert len(people) == len(roster["people"])
    assert {person["calendar"] for person in roster["people"]} <= {calendar["key"] for calendar in roster["calendars"]}
    assert {person["team"] for person in roster["people"]} <= {team["key"] for team in roster["teams"]}
    assert {team["head"] for team in roster["teams"]} <= people
    assert {person["manager"] for person in roster["people"] if "manager" in person} <= people


def read_roster() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((EXAMPLES / "olist-roster.yaml").read_text())
    return loaded
