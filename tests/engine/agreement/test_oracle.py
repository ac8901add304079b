"""Three implementations agree: the compiled rules, the interpreter, and the oracle written from the contract alone.

A triple is a policy, the history of a lead (with the other leads of its account) and a moment. Compared are facts,
model, both scores, every fit rule, every line of the ledger, adjustments, exclusion, flags, checklists, route, and what
is missing. Seeds and counts are printed; docs/parity.md records the long run.
"""

import ast
import json
import sys
from collections import Counter
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.core.lead.accounts import account_values
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher, Matcher
from engine.core.lead.view import LeadView
from engine.core.scoring.plan import frame_of
from engine.matcher.rete import ReteMatcher
from rulesets.compile.compiler import compile_policy
from rulesets.conditions.conditions import OPERATORS
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from tests.engine.agreement.oracle_rounds import Comparable, by_oracle, by_product, lead_event, plain, views
from tests.engine.agreement.test_golden_cases import CASES
from tests.oracle import oracle
from tests.oracle.reading import account_facts, facts_of, read, types_of
from tests.worlds.conditions import FIELDS, PROPERTIES, Raw
from tests.worlds.worlds import World, worlds

TESTS = Path(__file__).parents[2]


def differences(expected: Comparable, world: World, policy: Policy, matchers: list[Matcher]) -> list[str]:
    """Where an implementation says something else than the oracle."""
    account = views(policy, world)
    answers: list[Comparable] = [by_product(policy, account, matcher) for matcher in matchers]
    return [
        f"{part}: {type(matcher).__name__} says {found[part]}, the oracle {expected[part]}"
        for matcher, found in zip(matchers, answers, strict=True)
        for part in expected
        if found[part] != expected[part]
    ]


def agree(seed: int, count: int) -> str:
    """Compares so many triples and says so; the figures are the test's evidence."""
    said: Counter[str] = Counter()
    last: Raw = {}
    with ExitStack() as open_matchers:
        for number, world in enumerate(worlds(seed, count)):
            if world.policy is not last:
                open_matchers.close()
                last, report = world.policy, lint(world.policy)
                assert report.policy is not None, report.errors
                policy = report.policy
                compiled = open_matchers.enter_context(closing(ReteMatcher(compile_policy(policy), policy)))
                matchers: list[Matcher] = [InterpreterMatcher(policy), compiled]
                said["policies"] += 1
            expected = by_oracle(world)
            found = differences(expected, world, policy, matchers)
            assert not found, f"world {number} of seed {seed}:\n" + "\n".join([*found, repr(world)])
            assert compiled.incidents == 0
            said += tally(expected)
    assert min(said[name] for name in ("excluded", "flagged", "route", "cut", "adjusted", "missing")) > count / 100
    figures = ", ".join(f"{said[name]} {name}" for name in sorted(said))
    return f"oracle: seed {seed}, {count} triples of policy, history and moment, 0 differences ({figures})\n"


def tally(answer: Comparable) -> Counter[str]:
    """What happened in a world: the evidence that the worlds are not dull."""
    parts = {name: 1 for name in ("excluded", "flagged", "route", "missing") if answer[name]}
    parts["cut"] = sum(1 for line in answer["ledger"] if line[-1])
    parts["adjusted"] = len(answer["adjustments"])
    return Counter({**parts, "fit rules": len(answer["fit_rules"]), "ledger lines": len(answer["ledger"])})


def test_three_implementations_agree_on_a_thousand_random_leads(capsys: pytest.CaptureFixture[str]) -> None:
    report = agree(seed=20261122, count=1_000)
    with capsys.disabled():
        sys.stdout.write(report)


@pytest.mark.long
@pytest.mark.parametrize("seed", [3, 5, 7, 11])
def test_three_implementations_agree_on_a_hundred_thousand_random_leads(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    report = agree(seed, count=25_000)
    with capsys.disabled():
        sys.stdout.write(report)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_golden_case_holds_in_the_oracle(case: Raw) -> None:
    types, zone = types_of(case["policy"]), ZoneInfo(case["policy"]["timezone"])
    facts = {key: read(raw, types[key], zone) for key, raw in case["facts"].items()}
    answer = oracle.score(case["policy"], facts, case["events"], datetime.fromisoformat(case["now"]))
    found = {
        **{name: getattr(answer, name) for name in ("model", "grade", "heat", "cell", "excluded", "flagged", "route")},
        **{name: float(getattr(answer, name)) for name in ("fit", "engagement")},
    }
    expected = dict(case["expect"])
    checklists = {key: (one["met"], one["required"], one["passed"]) for key, one in expected.pop("checklists").items()}
    assert (found, answer.checklists) == (expected, checklists)


def test_only_the_latest_ten_thousand_events_count_in_every_implementation() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    signals = [{"key": key[:4], "event": key, "points": 0.01} for key in ("page.viewed", "lead.touched")]
    policy = next(worlds(1, 1)).policy | {
        "models": [{"key": "m", "priority": 1, "engagement": {"groups": [{"key": "g", "signals": signals}]}}]
    }
    at = [(now - timedelta(minutes=number)).isoformat() for number in range(10_003)]
    kinds = ["page.viewed"] * 10_000 + ["lead.touched"] * 3
    raw = [{"id": f"e{n:05}", "source": "", "type": kinds[n], "occurred_at": at[n]} for n in range(10_003)]
    sound = Policy.model_validate(policy)
    view = LeadView.of(frame_of(sound), {}, now, History.of(map(lead_event, raw)))
    found = by_product(sound, [view], InterpreterMatcher(sound))
    wanted = by_oracle(World(policy, [raw], now))
    assert (found["engagement"], found["ledger"]) == (wanted["engagement"], wanted["ledger"]) != (0, [])
    assert found["engagement"] == 100


def test_what_is_known_of_an_account_is_known_alike() -> None:
    for world in worlds(seed=13, count=300):
        joint = [event for lead in world.leads for event in lead]
        facts = [facts_of(world.policy, lead, world.now, joint) for lead in world.leads]
        found = account_values(views(Policy.model_validate(world.policy), world))
        known = {key: plain(value) for key, value in found.items() if value is not None}
        assert known == account_facts(facts, world.leads, world.now), world


def test_every_operator_of_every_type_and_every_part_of_scoring_is_in_the_worlds() -> None:
    """A thousand worlds speak of all that R2.1–R4.7 knows: an operator left out would never be compared."""
    drawn = {json.dumps(world.policy): world for world in worlds(20261122, 1_000)}.values()
    found = {seen for world in drawn for seen in features(world.policy, world.policy)}
    kinds = {"role": "choice", "tags": "choices"}
    types = {kinds.get(kind, kind) for kind in FIELDS.values()}
    tests = {f"{kind} {key}" for key, operator in OPERATORS.items() for kind in operator.types if kind in types}
    properties = {f"property {kind} {key}" for key, op in OPERATORS.items() for kind in op.types & PROPERTY_TYPES}
    curves = {f"curve {curve}" for curve in ("none", "linear", "half_life", "step", "expire")}
    repeats = {f"per {per}" for per in ("event", "asset", "day")}
    nodes = {
        "all",
        "any",
        "none",
        "segment",
        "count",
        "days_since",
        "where",
        "max",
        "min",
        "floor",
        "enabled",
        "account",
    }
    assert tests | properties | curves | repeats | nodes <= found, sorted(
        (tests | properties | curves | repeats | nodes) - found
    )


PROPERTY_TYPES = frozenset(PROPERTIES.values())


def features(part: object, policy: Raw) -> set[str]:
    """Names of everything in a part of a policy document that the worlds must contain."""
    if isinstance(part, list):
        return {name for child in part for name in features(child, policy)}
    if not isinstance(part, dict):
        return set()
    found = set(part) | {f"curve {part.get('curve')}", f"per {part.get('per')}", str(part.get("scores"))}
    if "field" in part:
        found.add(f"{types_of(policy)[part['field']]['type']} {part['op']}")
    if isinstance(part.get("event"), str) and part["event"].startswith("properties."):
        found.add(f"property {PROPERTIES[part['event'].removeprefix('properties.')]} {part['op']}")
    return found | {name for child in part.values() for name in features(child, policy)}


@pytest.mark.parametrize(
    "name",
    [f"{part}.py" for part in ("oracle/oracle", "oracle/conditions", "oracle/reading")]
    + [f"{part}.py" for part in ("worlds/worlds", "worlds/conditions", "worlds/leads")],
)
def test_the_oracle_and_its_worlds_share_no_code_with_the_product(name: str) -> None:
    tree = ast.parse((TESTS / name).read_text("utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    own = {module for module in imported if module.split(".")[0] in {"rulesets", "engine", "workers", "admin", "tests"}}
    assert own <= {"tests.oracle.conditions", "tests.oracle.reading", "tests.worlds.conditions", "tests.worlds.leads"}
