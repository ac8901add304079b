"""Leads matched per second: Baton compared with four rule engines and with Python code generated for exactly these
rules.

`python -m benchmarks.matching [--quick]`. The same rules and leads, all in one process and one run, in seconds of
processor time, so that other load matters little. Every answer is first compared with the generated Python. Each lead
is matched once: Baton's cache helps only as far as different leads share values, as real leads do. "Remembering
nothing" is the same matcher without its cache.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from benchmarks import matching_engines as engines
from benchmarks.matching_rules import Rule, random_leads, random_rules

SIZES = (10, 100, 200, 1000)
CHECKED = 50
OTHERS: dict[str, Callable[[list[Rule]], engines.Ask]] = {
    "zen-engine": engines.zen_engine,
    "zen-engine, decision": engines.zen_table,
    "rule-engine": engines.rule_engine_,
    "business-rules": engines.business_rules_,
    "json-logic": engines.json_logic_,
}


def leads_per_second(ask: Callable[[Any], object], leads: Sequence[Any], seconds: float) -> float:
    """Leads matched per second, each once, until time or leads run out."""
    gc.collect()
    gc.freeze()  # what was set up before is not looked through again while measuring
    asked, start = 0, time.process_time()
    for lead in leads:
        ask(lead)
        asked += 1
        # Every 16th lead: reading the clock costs as much as a fast match.
        if not asked & 15 and time.process_time() - start > seconds:
            break
    return asked / (time.process_time() - start)


def measure(size: int, seconds: float) -> dict[str, float]:
    """Leads per second of every engine for this number of rules."""
    random = Random(size)
    rules, leads = random_rules(size, random), random_leads(20_000, random)
    flat = [{engines.flat(field): value for field, value in lead.items()} for lead in leads]
    policy = engines.policy_of(rules)
    limit, views = engines.generated(rules), engines.views(policy, leads)
    expected = [limit(lead) for lead in leads[:CHECKED]]
    rates = {"generated Python": leads_per_second(limit, leads, seconds)}
    ours = {
        "baton": engines.baton,
        "baton, remembering nothing": engines.forgetful_baton,
        "baton's interpreter": engines.interpreter,
    }
    for name, make in ours.items():
        ask = make(rules)
        assert [engines.numbers(ask(view)) for view in views[:CHECKED]] == expected, name
        rates[name] = leads_per_second(ask, views[CHECKED:], seconds)
    for name, other in OTHERS.items():
        ask_other = other(rules)
        assert [ask_other(lead) for lead in flat[:CHECKED]] == expected, name
        rates[name] = leads_per_second(ask_other, flat[CHECKED:], seconds)
    return rates


def table(sizes: Sequence[int], seconds: float) -> str:
    """The figures as a table: leads per second, and how many times faster Baton is."""
    lines = [f"{'rules':>6}  {'engine':<27}{'leads/s':>10}  baton is"]
    for size in sizes:
        rates = measure(size, seconds)
        for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
            ratio = "" if name == "baton" else f"{rates['baton'] / rate:8.2f} ×"
            lines.append(f"{size:>6}  {name:<27}{rate:>10,.0f}  {ratio}")
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    print(table(SIZES, 0.3 if "--quick" in arguments else 2.0))


if __name__ == "__main__":
    main(sys.argv[1:])
