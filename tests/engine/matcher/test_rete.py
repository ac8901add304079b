"""The matcher around durable_rules: every line of docs/matching.md that a policy or a lead could run into."""

import json
import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from threading import Thread
from typing import Any

import durable_rules_engine
import pytest
from structlog.testing import capture_logs

from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.view import Frame, LeadView
from engine.matcher.rete import LIVES, REMEMBERED, ReteMatcher, ShardMatcher
from rulesets.compile.compiled import Compiled, Read, Shard
from rulesets.compile.compiler import compile_policy
from rulesets.policy.policy import Policy
from tests.engine.agreement.parity_worlds import NOW
from tests.patience import PATIENCE
from tests.rulesets.compile.rule_cases import employees, field, policy_of

COUNTRY = field("lead.country", "eq", "cn")
JOINT = {"all": [employees("gte", 50), COUNTRY]}


class Faulty:
    """The engine, but the named call fails in the given way from the given time on, so many times."""

    def __init__(self, call: str, *, fault: Any, after: int, times: int = 1) -> None:
        self._call, self._fault, self._after, self._times = call, fault, after, times
        self.created = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(durable_rules_engine, name)
        self.created += name == "create_ruleset"
        if name != self._call:
            return real

        def call(*arguments: Any) -> Any:
            self._after -= 1
            if self._after >= 0 or self._times <= 0:
                return real(*arguments)
            self._times -= 1
            if isinstance(self._fault, BaseException):
                raise self._fault
            return self._fault

        return call


def view_of(policy: Policy, **values: Any) -> LeadView:
    named = {key.replace("__", "."): value for key, value in values.items()}
    return LeadView.of(Frame.of(policy), named, NOW)


@pytest.fixture
def policy() -> Policy:
    return policy_of(employees("gte", 50), COUNTRY, JOINT, {"none": [employees("lt", 10)]})


@pytest.fixture
def matcher(policy: Policy) -> Iterator[ReteMatcher]:
    made = ReteMatcher.of(policy)
    yield made
    made.close()


def rules(found: frozenset[str]) -> set[str]:
    return {rule.removeprefix("fit.m.g.") for rule in found if rule.startswith("fit.")}


def test_a_lead_fires_the_rules_that_hold(matcher: ReteMatcher, policy: Policy) -> None:
    assert rules(matcher.match("profile", view_of(policy, company__employees=60, lead__country="CN"))) == {
        "r0", "r1", "r2", "r3",
    }  # fmt: skip
    assert rules(matcher.match("profile", view_of(policy, company__employees=5))) == set()
    assert rules(matcher.match("profile", view_of(policy))) == {"r3"}


def test_a_ruleset_the_policy_does_not_have_fires_nothing(matcher: ReteMatcher, policy: Policy) -> None:
    assert matcher.match("occurrence.page.viewed", view_of(policy)) == frozenset()
    assert InterpreterMatcher(policy).match("verdict_2", view_of(policy)) == frozenset()


def test_a_ruleset_no_policy_could_have_is_an_error(matcher: ReteMatcher, policy: Policy) -> None:
    for either in (matcher, InterpreterMatcher(policy)):
        with pytest.raises(KeyError, match="no moment of evaluation is called 'occurrence'"):
            either.match("occurrence", view_of(policy))


def test_a_rule_with_several_true_alternatives_fires_once() -> None:
    """`$or` fires once per true alternative, hence hits are a set."""
    wide = {"any": [employees("gte", edge) for edge in range(8)]}
    policy = policy_of({"all": [wide, {"any": [COUNTRY, field("lead.country", "known")]}]})
    matcher = ReteMatcher.of(policy)
    assert rules(matcher.match("profile", view_of(policy, company__employees=60, lead__country="cn"))) == {"r0"}
    matcher.close()


@pytest.mark.parametrize("count", [63, 64, 65, 70, 200, 600])
def test_any_number_of_rules_may_match_at_once(count: int) -> None:
    """More than 64 matching nodes are error 303, 256 equal endings or 512 siblings break the library."""
    policy = policy_of(*[{"all": [employees("gte", edge % 60), COUNTRY]} for edge in range(count)])
    matcher = ReteMatcher.of(policy)
    assert len(rules(matcher.match("profile", view_of(policy, company__employees=99, lead__country="cn")))) == count
    assert matcher.incidents == 0
    matcher.close()


def test_three_hundred_fields_in_one_lead_are_no_trouble() -> None:
    """The library takes 252 properties per message."""
    fields = [{"key": f"answers.f{number}", "type": "integer"} for number in range(300)]
    policy = policy_of(*({"all": [field(f["key"], "gte", 1), COUNTRY]} for f in fields), fields=fields)
    values = {f"answers__f{number}": number for number in range(300)}
    matcher = ReteMatcher.of(policy)
    assert len(rules(matcher.match("profile", view_of(policy, lead__country="cn", **values)))) == 299
    assert matcher.incidents == 0
    matcher.close()


HOSTILE = [
    1e-07, 1e16, 2**63, 2**70, -(10**13), '","k":"L","f_1":1,"x":"', "\\", '"}', "a" * 100_000, "\x00", "'", "{", "年",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_no_value_of_a_lead_reaches_the_engine(value: object) -> None:
    """Exponents, large integers, quotes, long texts: the message holds generated names and ones only."""
    policy = policy_of(field("lead.country", "contains", "zz"), employees("gt", 10**13), employees("lt", 10**13))
    matcher = ReteMatcher.of(policy)
    view = view_of(policy, **({"lead__country": value} if isinstance(value, str) else {"company__employees": value}))
    assert matcher.match("profile", view) == InterpreterMatcher(policy).match("profile", view)
    assert matcher.incidents == 0
    matcher.close()


ENGINE_FAULTS = {
    "assert raises": ("assert_fact", durable_rules_engine.error("error code: 303")),
    "assert is refused": ("assert_fact", (2, 1)),
    "start raises": ("start_action_for_state", MemoryError()),
    "nothing starts": ("start_action_for_state", None),
    "the sentinel is missing": ("complete_and_start_action", None),
    "retract raises": ("retract_fact", durable_rules_engine.error("error code: 305")),
    "retract is refused": ("retract_fact", (1, 1)),
}


@pytest.mark.parametrize("name", ENGINE_FAULTS)
def test_when_the_engine_faults_the_interpreter_answers_and_the_shard_is_built_anew(name: str, policy: Policy) -> None:
    call, fault = ENGINE_FAULTS[name]
    compiled = compile_policy(policy)
    shards = len(compiled.rulesets["profile"].shards)
    engine = Faulty(call, fault=fault, after=shards)
    view = view_of(policy, company__employees=60, lead__country="cn")
    with capture_logs() as logs:
        matcher = ReteMatcher(compiled, policy, engine)
        assert rules(matcher.match("profile", view)) == {"r0", "r1", "r2", "r3"}
    assert (matcher.incidents, len(logs)) == (1, 1)
    assert [(log["event"], log["ruleset"]) for log in logs] == [("matcher.incident", "profile")]
    assert rules(matcher.match("profile", view)) == {"r0", "r1", "r2", "r3"}
    assert (matcher.incidents, engine.created) == (1, shards + 1)
    matcher.close()


def test_a_shard_that_cannot_be_built_leaves_a_matcher_that_answers(policy: Policy) -> None:
    engine = Faulty("create_ruleset", fault=durable_rules_engine.error("error code: 108"), after=0, times=10**6)
    matcher = ReteMatcher(compile_policy(policy), policy, engine)
    for _ in range(3 * LIVES):
        assert rules(matcher.match("profile", view_of(policy, lead__country="cn"))) == {"r1", "r3"}
    assert matcher.incidents >= 3 * LIVES
    matcher.close()


def test_a_shard_that_fails_again_and_again_is_given_up_before_it_eats_the_memory(policy: Policy) -> None:
    compiled = compile_policy(policy)
    shards = len(compiled.rulesets["profile"].shards)
    engine = Faulty("retract_fact", fault=(1, 1), after=shards, times=10**6)
    matcher = ReteMatcher(compiled, policy, engine)
    for number in range(100):
        matcher.match("profile", view_of(policy, company__employees=number))
    assert engine.created < 100
    matcher.close()


def test_a_time_out_in_the_middle_of_a_run_is_not_swallowed_and_not_remembered(policy: Policy) -> None:
    """Exceptions in the library's own actions disappear; a job that runs out of time must say so."""
    compiled = compile_policy(policy)
    after = len(compiled.rulesets["profile"].shards)
    engine = Faulty("complete_and_start_action", fault=TimeoutError("the job's time is up"), after=after)
    matcher = ReteMatcher(compiled, policy, engine)
    view = view_of(policy, company__employees=60, lead__country="cn")
    with pytest.raises(TimeoutError):
        matcher.match("profile", view)
    assert rules(matcher.match("profile", view)) == {"r0", "r1", "r2", "r3"}
    assert matcher.incidents == 0
    matcher.close()


class Yielding:
    """The engine, letting other threads run in the middle of every run."""

    def __getattr__(self, name: str) -> Any:
        return getattr(durable_rules_engine, name)

    def start_action_for_state(self, handle: int, state: int) -> Any:
        time.sleep(0)
        return durable_rules_engine.start_action_for_state(handle, state)


def test_threads_may_share_a_matcher(policy: Policy) -> None:
    matcher = ReteMatcher(compile_policy(policy), policy, Yielding(), remember=False)
    reference = InterpreterMatcher(policy)
    views = [view_of(policy, company__employees=n % 70, lead__country="cn" if n % 3 else "de") for n in range(150)]
    expected = [reference.match("profile", view) for view in views]
    answers: list[list[frozenset[str]]] = []
    threads = [
        Thread(target=lambda: answers.append([matcher.match("profile", view) for view in views])) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 6
    assert matcher.incidents == 0
    matcher.close()


def test_a_closed_matcher_answers_by_the_interpreter_and_may_be_closed_again(policy: Policy) -> None:
    matcher = ReteMatcher(compile_policy(policy), policy, remember=False)
    matcher.close()
    matcher.close()
    assert rules(matcher.match("profile", view_of(policy, lead__country="cn"))) == {"r1", "r3"}


def test_versions_may_be_swapped_thousands_of_times_without_growing(policy: Policy) -> None:
    """The library refuses a name twice, dies of its 1,025th session, and keeps state that is not deleted."""
    view = view_of(policy, company__employees=60, lead__country="cn")
    compiled = compile_policy(policy)

    def swap(times: int) -> int:
        current = ReteMatcher(compiled, policy)
        for _ in range(times):
            following = ReteMatcher(compiled, policy)
            current.close()
            current = following
            assert len(rules(current.match("profile", view))) == 4
        current.close()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = swap(200)
    assert swap(1200) - before < 20_000, "kilobytes"


def shard_of(*names: str) -> Shard:
    anchored = {str(n): {"all": [{"m": {"$and": [{"k": "L"}, {name: 1}]}}]} for n, name in enumerate(names)}
    sentinel = {"z": {"all": [{"m": {"$and": [{"k": "L"}]}}], "pri": 99}}
    return Shard(rules=names, definition={**anchored, **sentinel}, reads=(Read(source=0, assertions=(0,)),))


def test_a_hundred_thousand_messages_leave_no_trace() -> None:
    """One session, retracted facts: ids stay fresh, memory stays flat, no false "already observed"."""
    shard = ShardMatcher(shard_of("f_1", "f_2"), durable_rules_engine, remember=False)
    for _ in range(2_000):
        shard.fired((',"f_1":1',))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(100_000):
        assert shard.fired((',"f_1":1', ',"f_2":1' if number % 2 else "")) == {"f_1", *(["f_2"] if number % 2 else [])}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5_000, "kilobytes"
    shard.close()


class Recording:
    """The engine, noting every message it is given."""

    def __init__(self) -> None:
        self.asserted: list[dict[str, Any]] = []
        self.retracted: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(durable_rules_engine, name)

    def assert_fact(self, handle: int, message: str) -> Any:
        self.asserted.append(json.loads(message))
        return durable_rules_engine.assert_fact(handle, message)

    def retract_fact(self, handle: int, message: str) -> Any:
        self.retracted.append(json.loads(message))
        return durable_rules_engine.retract_fact(handle, message)


def test_every_message_has_a_fresh_id_and_is_retracted() -> None:
    """Stored ids are compared by hash, and an equal pending message is refused."""
    engine = Recording()
    shard = ShardMatcher(shard_of("f_1"), engine, remember=False)
    for _ in range(50):
        shard.fired((',"f_1":1',))
    assert len({message["id"] for message in engine.asserted}) == 51
    assert {message["sid"] for message in engine.asserted} == {"1"}
    assert [message["id"] for message in engine.retracted] == [message["id"] for message in engine.asserted]
    shard.close()


def test_a_shard_forgets_before_it_remembers_too_much() -> None:
    shard = ShardMatcher(shard_of("f_1"), durable_rules_engine)
    for number in range(REMEMBERED + 5):
        shard.fired((f',"f_{number + 9}":1',))
    assert len(shard.remembered) == 5
    shard.close()


def outcome(definition: dict[str, Any], message: str) -> int:
    """How a process of its own ends that gives this rule and message to the library."""
    code = f"""
        import durable_rules_engine as engine
        handle = engine.create_ruleset("dangerous", {json.dumps(definition)!r})
        engine.assert_fact(handle, {message!r})
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode


def test_the_limit_of_64_is_real_and_our_shards_stay_below_it() -> None:
    many = {str(n): {"all": [{"m": {"$and": [{"k": "L"}, {f"f_{n}": 1}]}}]} for n in range(70)}
    message = '{"sid":"1","id":1,"k":"L"' + "".join(f',"f_{n}":1' for n in range(70)) + "}"
    assert outcome(many, message) != 0
    assert outcome({name: rule for name, rule in many.items() if int(name) < 48}, message) == 0


def test_what_is_stored_with_a_version_builds_the_same_matcher(policy: Policy) -> None:
    stored = json.loads(json.dumps(compile_policy(policy).model_dump(mode="json")))
    matcher = ReteMatcher(Compiled.model_validate(stored), policy)
    assert rules(matcher.match("profile", view_of(policy, lead__country="cn"))) == {"r1", "r3"}
    matcher.close()
