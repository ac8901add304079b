"""Compiled rules and the reference interpreter agree on random policies, leads and moments."""

import sys
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.view import Frame
from engine.matcher.rete import ReteMatcher
from rulesets.compile.compiler import compile_policy
from rulesets.policy.policy import Policy
from tests.engine.agreement.parity_worlds import random_policy, random_view

LEADS_PER_POLICY = 25


def compare(random: Random, policy: Policy, leads: int) -> int:
    """Compares every ruleset of the policy on random leads; returns how many rules were true."""
    remember = random.random() < 0.7
    matcher = ReteMatcher(compile_policy(policy), policy, remember=remember)
    reference, frame = InterpreterMatcher(policy), Frame.of(policy)
    true = 0
    try:
        for _ in range(leads):
            view = random_view(random, frame)
            for ruleset in reference.rulesets:
                expected = reference.match(ruleset, view)
                found = matcher.match(ruleset, view)
                assert found == expected, (
                    ruleset,
                    found ^ expected,
                    policy.model_dump_json(exclude_defaults=True),
                    view,
                )
                true += len(expected)
        assert matcher.incidents == 0
    finally:
        matcher.close()
    return true


def triples(seed: int, count: int) -> Iterator[tuple[Random, Policy]]:
    """One random policy for each LEADS_PER_POLICY leads, all from one seed."""
    random = Random(seed)
    for _ in range(count // LEADS_PER_POLICY):
        yield random, random_policy(random)


def agree(seed: int, count: int) -> str:
    """Compares on so many leads and says so; the figures are the test's evidence."""
    true = sum(compare(random, policy, LEADS_PER_POLICY) for random, policy in triples(seed, count))
    assert true > count, "the worlds are too dull: hardly any rule is ever true"
    return f"parity: seed {seed}, {count} triples of policy, lead and moment, {true} true rules, 0 differences\n"


def test_compiled_rules_and_interpreter_agree_on_thousands_of_random_leads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = agree(seed=20261121, count=3_000)
    with capsys.disabled():
        sys.stdout.write(report)


@pytest.mark.long
def test_compiled_rules_and_interpreter_agree_on_a_hundred_thousand_random_leads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = agree(seed=11, count=100_000)
    with capsys.disabled():
        sys.stdout.write(report)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_compiled_rules_and_interpreter_agree_on_whatever_hypothesis_draws(random: Random) -> None:
    compare(random, random_policy(random, rules=3), leads=3)
