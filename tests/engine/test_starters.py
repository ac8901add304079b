"""The starters' own test cases hold: the numbers in a policy people begin with are what it says they are (§10)."""

import pytest

from rulesets import starters
from rulesets.document import parse
from rulesets.policy import Policy, SampleCase
from tests.engine.scored_leads import event, scores


def starter(name: str) -> Policy:
    policy = parse(starters.load(name)).policy
    assert policy
    return policy


@pytest.mark.parametrize(
    ("policy", "case"),
    [(starter(name), case) for name in starters.NAMES for case in starter(name).tests],
    ids=lambda value: value.key if isinstance(value, SampleCase) else "starter",
)
def test_a_case_of_a_starter_holds(policy: Policy, case: SampleCase) -> None:
    events = [event(e.type, float(e.days_ago), properties=e.properties) for e in case.events]
    found = scores(policy, case.facts, *events)
    actual = {name: getattr(found, name) for name in ("model", "cell", "fit", "engagement")}
    expected = {name: value for name in actual if (value := getattr(case.expect, name)) is not None}
    assert {name: actual[name] for name in expected} == expected
