"""Time to lint a policy of a thousand rules, to lint it with its test cases, and to compile it.

`python -m benchmarks.lint`. The rules are the mix of the matching benchmark: once in groups of twenty with limits, as
people write them, and once in a single group, where every rule may conflict with every other. Seconds, the best of
three runs.
"""

import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any

from benchmarks.matching_engines import policy_of
from benchmarks.matching_rules import random_leads, random_rules
from engine.policy.linting import lint_policy
from rulesets.compile.compiler import compile_policy
from rulesets.document.document import plain
from rulesets.lint import lint

RULES = 1000
CASES = 10
LIMITS = {"lint": 2.0, "compile": 1.0}
"""Time limit of each step in seconds."""


def document(size: int, group: int) -> dict[str, Any]:
    """A policy with this many fit rules in groups of this size, grades, a matrix and ten test cases."""
    random = Random(size)
    found = plain(policy_of(random_rules(size, random)))
    rows = found["models"][0]["fit"]["groups"][0]["rules"]
    parts = [{"key": f"g{n}", "max": 30, "min": -10, "rules": rows[n : n + group]} for n in range(0, size, group)]
    fit = {"groups": parts, "max": 1000, "grades": {"A": 600, "B": 400, "C": 200}}
    cases = [{"key": f"c{n}", "facts": facts, "expect": {}} for n, facts in enumerate(random_leads(CASES, random))]
    return {**found, "models": [{"key": "m", "fit": fit}], "tests": cases}


def seconds(work: Callable[[], object], runs: int = 3) -> float:
    """The best time of several runs."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    # The best, not the mean: other processes only ever make a run slower.
    return min(taken)


def measure(size: int, group: int) -> dict[str, float]:
    """Seconds of each step."""
    raw = document(size, group)
    report = lint(raw)
    assert report.policy, report.errors
    policy = report.policy
    return {
        "lint": seconds(lambda: lint(raw)),
        "lint and test cases": seconds(lambda: lint_policy(raw)),
        "compile": seconds(lambda: compile_policy(policy)),
    }


def table(size: int = RULES) -> str:
    """The figures as a table."""
    lines = [f"{'rules':>6}  {'in groups of':>12}  {'step':<20}{'seconds':>9}  limit"]
    for group in (20, size):
        for step, taken in measure(size, group).items():
            limit = f"{LIMITS[step]:.0f}" if step in LIMITS else ""
            lines.append(f"{size:>6}  {group:>12}  {step:<20}{taken:>9.3f}  {limit}")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure and print; ``--quick``: a tenth of the rules."""
    print(table(RULES // 10 if "--quick" in arguments else RULES))


if __name__ == "__main__":
    main(sys.argv[1:])
