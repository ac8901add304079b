"""A candidate policy is tested in its own process."""

import sys
from random import Random

import pytest

from engine.core.lead.view import Frame
from engine.policy.trial import check_in_subprocess, run_trial
from engine.policy.trial_leads import TrialLeads
from rulesets.conditions.interpreter import holds
from rulesets.conditions.moments import leaves, named_conditions, segments_of
from rulesets.policy.policy import Policy
from tests.engine.agreement.parity_worlds import random_policy
from tests.rulesets.compile.rule_cases import employees, field, policy_of


@pytest.fixture
def policy() -> Policy:
    return policy_of(employees("gte", 50), field("lead.country", "contains", "cn"))


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_sound_policy_passes(policy: Policy) -> None:
    assert check_in_subprocess(policy) == ()


def test_a_policy_that_hangs_the_matcher_is_refused_in_time(policy: Policy) -> None:
    (finding,) = check_in_subprocess(policy, seconds=1, command=python("while True: pass"))
    assert (finding.code, finding.severity) == ("matcher-hangs", "error")
    assert "1 seconds" in finding.message


def test_a_policy_that_kills_the_matcher_is_refused(policy: Policy) -> None:
    (finding,) = check_in_subprocess(policy, command=python("import os; os.kill(os.getpid(), 11)"))
    assert finding.code == "matcher-crashes"
    assert "-11" in finding.message


def test_a_policy_that_eats_all_memory_is_refused(policy: Policy) -> None:
    many = [employees("gte", number) for number in range(3000)]
    (finding,) = check_in_subprocess(policy_of(*many), memory=1024)
    assert finding.code == "matcher-crashes"


def test_a_policy_that_cannot_be_compiled_is_refused_with_the_reason() -> None:
    (finding,) = check_in_subprocess(policy_of({"segment": "gone"}))
    assert finding.code == "matcher-limit"
    assert "no segment 'gone'" in finding.message


def test_random_policies_pass() -> None:
    random = Random(3)
    for _ in range(5):
        assert run_trial(random_policy(random), leads=40) == []


def test_trial_leads_make_most_tests_true_and_false() -> None:
    random = Random(8)
    policy = random_policy(random)
    tests = [
        leaf
        for ruleset, conditions in named_conditions(policy).items()
        for condition in conditions.values()
        for leaf in leaves(condition, segments_of(policy))
        if not ruleset.startswith("occurrence")
    ]
    views = list(TrialLeads(policy).views(200))
    assert views[0].frame.vocabulary == Frame.of(policy).vocabulary
    both = sum(len({holds(test, view) for view in views}) == 2 for test in tests)
    assert both > 0.7 * len(tests), (both, len(tests))


def test_the_same_policy_is_tried_on_the_same_leads(policy: Policy) -> None:
    assert [v.values for v in TrialLeads(policy).views(20)] == [v.values for v in TrialLeads(policy).views(20)]
