"""Compiled conditions: durable_rules accepts all of them, and they mean what the policy says."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesets.compile.compiled import Compiled, Ruleset
from rulesets.compile.compiler import RULE_LEAVES, SHARD_LEAVES, compile_policy, merge, multiply, product_leaves
from rulesets.compile.features import Atom, engine_hash, fresh_names
from rulesets.conditions.moments import CannotCompile
from rulesets.policy.policy import Policy
from tests.engine.agreement.parity_worlds import random_policy
from tests.rulesets.compile.rule_cases import employees, field, policy_of, with_signal


def profile(*conditions: dict[str, Any], **parts: Any) -> Ruleset:
    return compile_policy(policy_of(*conditions, **parts)).rulesets["profile"]


def leaves(definition: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for rule in definition.values() for leaf in rule["all"][0]["m"]["$and"]]


def assert_safe(compiled: Compiled) -> None:
    """The one narrow form of rule (docs/contract/durable.md: hang, width, numbers, one key, regex, arithmetic, $or)."""
    for ruleset in compiled.rulesets.values():
        for shard in ruleset.shards:
            told = {ruleset.sources[r.source].assertions[n].name for r in shard.reads for n in r.assertions}
            assert len(shard.rules) == len(shard.definition) - 1
            assert shard.definition["z"]["pri"] > 0, "the sentinel fires after every rule, whose priority is 0"
            assert all("pri" not in rule for name, rule in shard.definition.items() if name != "z")
            for name, rule in shard.definition.items():
                assert rule.keys() - {"pri"} == {"all"}
                (expression,) = rule["all"]
                anchor, *others = expression["m"]["$and"]
                assert anchor == {"k": "L"}
                assert bool(others) is (name != "z"), "only the sentinel may fire for every message"
                assert all(len(leaf) == 1 and set(leaf) <= told and [*leaf.values()] == [1] for leaf in others)
            anchors = len(shard.definition)
            assert len(leaves(shard.definition)) - anchors <= SHARD_LEAVES


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_whatever_a_policy_says_only_safe_rules_are_made(random: Random) -> None:
    compiled = compile_policy(random_policy(random))
    assert_safe(compiled)
    assert Compiled.model_validate_json(compiled.model_dump_json()) == compiled


def test_hundreds_of_rules_on_one_field_are_split_into_shards() -> None:
    ruleset = profile(*(employees("between", [low, low + 9]) for low in range(300)))
    assert [len(shard.rules) for shard in ruleset.shards] == [48, 48, 48, 48, 48, 48, 12]


def test_hundreds_of_rules_on_two_fields_are_split_into_shards() -> None:
    rules = [{"all": [employees("gte", low), field("company.annual_revenue", "lt", 5)]} for low in range(200)]
    ruleset = profile(*rules)
    assert sum(len(shard.rules) for shard in ruleset.shards) == 200
    assert_safe(Compiled(rulesets={"profile": ruleset}))


def test_many_small_alternatives_on_few_fields_fill_a_shard_to_the_limit_of_leaves() -> None:
    flags = [field(f"answers.f{n}", "is_true") for n in range(8)]
    pairs = [{"all": [a, b]} for i, a in enumerate(flags) for b in flags[i + 1 :]]
    ruleset = profile(*pairs, fields=[{"key": f"answers.f{n}", "type": "boolean"} for n in range(8)])
    assert_safe(Compiled(rulesets={"profile": ruleset}))
    assert sum(len(shard.rules) for shard in ruleset.shards) == len(pairs)


def test_a_rule_that_is_always_true_needs_no_engine() -> None:
    ruleset = profile({"all": []}, {"any": [{"all": []}, employees("known")]})
    assert ruleset.always == ("model.m", "fit.m.g.r0", "fit.m.g.r1")
    assert not ruleset.shards


def test_a_rule_that_is_never_true_is_left_out() -> None:
    ruleset = profile({"none": [{"all": []}]}, {"all": [employees("known"), {"none": [{"all": []}]}]})
    assert ruleset.always == ("model.m",)
    assert not ruleset.shards


def test_equal_tests_share_one_literal_and_one_source() -> None:
    ruleset = profile(*[{"all": [employees("gte", 50), field("lead.country", "eq", "cn")]}] * 3)
    assert [len(source.assertions) for source in ruleset.sources] == [1, 1]


def test_a_test_and_its_negation_are_different_literals() -> None:
    (source,) = profile(employees("gte", 50), {"none": [employees("gte", 50)]}).sources
    assert [assertion.holds for assertion in source.assertions] == [True, False]


def test_alternatives_become_rules_of_their_own_under_one_id() -> None:
    (shard,) = profile({"any": [employees("lt", 5), employees("gt", 9)]}).shards
    assert shard.rules == ("fit.m.g.r0", "fit.m.g.r0")


def test_an_alternative_wider_than_the_limit_is_computed_by_the_interpreter() -> None:
    ruleset = profile({"any": [employees("eq", number) for number in range(RULE_LEAVES + 1)]})
    (source,) = ruleset.sources
    assert (source.field, len(source.assertions)) == (None, 1)


def test_a_conjunction_wider_than_the_limit_is_computed_by_the_interpreter() -> None:
    ruleset = profile({"all": [employees("neq", number) for number in range(RULE_LEAVES + 1)]})
    (source,) = [source for source in ruleset.sources if source.field is None]
    assert len(source.assertions) == 1
    assert sum(len(shard.rules) for shard in ruleset.shards) == 1


def test_of_alternatives_that_multiply_the_widest_are_computed_whole() -> None:
    wide = {"any": [employees("eq", number) for number in range(12)]}
    narrow = {"any": [field("lead.country", "eq", country) for country in ("cn", "de")]}
    (shard,) = profile({"all": [narrow, wide]}).shards
    assert [len(rule["all"][0]["m"]["$and"]) - 1 for rule in shard.definition.values()] == [2, 2, 0]


def test_the_same_alternative_twice_is_one() -> None:
    first, second = ((Atom(0, 0),),), ((Atom(0, 0),), (Atom(1, 0),))
    assert merge([first, second]) == second
    assert multiply([first, second]) == ((Atom(0, 0),), (Atom(0, 0), Atom(1, 0)))
    assert product_leaves([first, second]) == 4


def test_nothing_and_something_is_nothing() -> None:
    assert multiply([(), ((Atom(0, 0),),)]) == ()


@pytest.mark.parametrize(("text", "digest"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_names_are_hashed_as_the_engine_does(text: str, digest: int) -> None:
    assert engine_hash(text) == digest


def test_a_name_whose_hash_is_taken_is_not_used() -> None:
    fresh = fresh_names(reserved=("f_1", "f_3"))
    assert [fresh(), fresh()] == ["f_2", "f_4"]


def test_names_by_the_hundred_thousand_never_share_a_hash() -> None:
    fresh = fresh_names()
    hashes = {engine_hash(fresh()) for _ in range(100_000)}
    assert len(hashes) == 100_000


NONSENSE: dict[str, Policy] = {
    "there is no field 'lead.gone'": policy_of(field("lead.gone", "known")),
    "there is no operator 'like' for integer": policy_of(employees("like", 5)),
    "there is no operator 'gte' for text": policy_of(field("lead.country", "gte", 5)),
    "there is no operator 'like' for this test": with_signal({"event": "properties.a", "op": "like", "value": 5}),
    "give a number": policy_of(employees("gte", "many")),
    "give a list of two": policy_of({"count": {"event": "lead.touched"}, "op": "between", "value": 3}),
    "there is no operator 'contains' for decimal": policy_of(
        {"days_since": {"event": "lead.touched"}, "op": "contains", "value": "x"}
    ),
    "there is no segment 'gone'": policy_of({"none": [{"segment": "gone"}]}),
}


@pytest.mark.parametrize("message", NONSENSE)
def test_what_makes_no_sense_is_refused_with_the_reason(message: str) -> None:
    with pytest.raises(CannotCompile, match=message):
        compile_policy(NONSENSE[message])


def test_more_shards_than_a_worker_should_hold_are_refused() -> None:
    fields = [{"key": f"answers.f{number}", "type": "boolean"} for number in range(1001)]
    policy = policy_of(*(field(f["key"], "is_true") for f in fields), fields=fields)
    with pytest.raises(CannotCompile, match="1001 shards"):
        compile_policy(policy)
