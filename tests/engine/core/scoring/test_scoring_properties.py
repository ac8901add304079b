"""What holds of scores under whatever policy and history: sums, order of arrival, one more event, floors, compiling.

The worlds are those the oracle is asked about (`tests/worlds/worlds.py`); here no second implementation is needed.
"""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.lead.matching import InterpreterMatcher
from engine.core.scoring.scoring import score
from engine.matcher.rete import ReteMatcher
from engine.policy.trial_leads import TrialLeads
from rulesets.compile.compiler import compile_policy
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from rulesets.policy.scoring import Signal
from tests.engine.agreement.oracle_rounds import Comparable, by_product, views
from tests.engine.core.scored_leads import balances
from tests.rulesets.strategies import POLICIES
from tests.worlds.conditions import EVENTS, Raw
from tests.worlds.worlds import World, worlds

WORLDS = st.integers(0, 2**40).map(lambda seed: next(worlds(seed, 1)))


def answer(world: World) -> Comparable:
    policy = Policy.model_validate(world.policy)
    return by_product(policy, views(policy, world), InterpreterMatcher(policy))


@given(WORLDS)
def test_the_ledger_adds_up_to_the_cent(world: World) -> None:
    policy = Policy.model_validate(world.policy)
    account = views(policy, world)
    found = score(policy, account[0], InterpreterMatcher(policy), account)
    assert balances(found)
    assert sum(line.contribution for line in found.ledger) == sum(one.contribution for one in found.signals)


@given(WORLDS, st.randoms(use_true_random=False))
def test_neither_the_order_of_arrival_nor_a_second_arrival_matters(world: World, random: Any) -> None:
    again = [[*random.sample(lead, len(lead)), *lead[:2]] for lead in world.leads]
    assert answer(replace(world, leads=again)) == answer(world)


@given(WORLDS)
def test_what_happens_later_is_not_yet_history(world: World) -> None:
    past = [[raw for raw in lead if raw["occurred_at"] <= world.now.isoformat()] for lead in world.leads]
    later = [[raw for raw in lead if raw not in kept] for lead, kept in zip(world.leads, past, strict=True)]
    tomorrow = [
        [{**raw, "id": f"t{raw['id']}", "occurred_at": (world.now + timedelta(days=1)).isoformat()} for raw in lead]
        for lead in world.leads
    ]
    joined = [[*b, *a, *c] for a, b, c in zip(past, tomorrow, later, strict=True)]
    assert answer(replace(world, leads=joined)) == answer(world)


def without_limits(part: Any) -> Any:
    """A policy in which no cap binds, nothing is limited to so many times, and no condition reads events.

    `lead.created_at` is the first event, so that a condition on it reads events too.
    """
    if isinstance(part, list):
        return [without_limits(child) for child in part]
    if not isinstance(part, dict):
        return part
    reads_events = {"count", "days_since", "event"} & set(part) or part.get("field") == "lead.created_at"
    if "op" in part and reads_events:
        return {"field": "lead.job_title", "op": "known"}
    return {key: without_limits(value) for key, value in part.items() if key not in {"repeat", "max", "min"}}


def only_gains(policy: Raw, event: str) -> Raw:
    """The policy with points ≥ 0 for whatever occurs at this event."""
    for model in policy["models"]:
        for group in model["engagement"]["groups"]:
            for signal in group["signals"]:
                if event in signal["event"]:
                    signal["points"] = abs(signal["points"])
    return policy


@given(WORLDS, st.sampled_from(EVENTS), st.integers(0, 90 * 24))
def test_one_more_occurrence_with_points_never_lowers_engagement_where_nothing_limits_it(
    world: World, event: str, hours: int
) -> None:
    policy = only_gains(without_limits(world.policy), event)
    moment = (world.now - timedelta(hours=hours)).isoformat()
    more: Raw = {"id": "more", "source": "web", "type": event, "occurred_at": moment}
    before = replace(world, policy=policy)
    after = replace(before, leads=[[*world.leads[0], more], *world.leads[1:]])
    was, became = answer(before), answer(after)
    assert became["model"] == was["model"]
    assert became["engagement"] >= was["engagement"]


@given(WORLDS, st.integers(0, 400))
def test_decay_never_crosses_its_floor_nor_the_points_nor_zero(world: World, days: int) -> None:
    later = replace(world, now=world.now + timedelta(days=days))
    policy = Policy.model_validate(world.policy)
    found = score(policy, views(policy, later)[0], InterpreterMatcher(policy))
    signals: dict[tuple[str, str], Signal] = {
        (group.key, signal.key): signal
        for model in policy.models
        if model.key == found.model
        for group in model.engagement.groups
        for signal in group.signals
    }
    for line in found.ledger:
        signal = signals[line.group, line.signal]
        floor = signal.decay.floor if signal.decay and signal.decay.floor else 0
        least = min(abs(Fraction(signal.points)), Fraction(floor))
        assert least <= abs(Fraction(line.value)) <= abs(Fraction(signal.points))
        assert line.value * signal.points >= 0


@settings(max_examples=60)
@given(POLICIES | WORLDS.map(lambda world: world.policy))
def test_every_random_policy_that_the_lint_passes_compiles_and_matches(raw: Any) -> None:
    policy = lint(raw).policy
    assert policy is not None
    reference = InterpreterMatcher(policy)
    with closing(ReteMatcher(compile_policy(policy), policy)) as matcher:
        for view in TrialLeads(policy).views(4):
            for ruleset in reference.rulesets:
                assert matcher.match(ruleset, view) == reference.match(ruleset, view)
        assert matcher.incidents == 0
