"""The speed of simulations: leads per second scored once, and decisions per second in virtual time.

Run it with a folder of NDJSON files from the converters of `examples/`, `olist.ndjson` and `xeducation.ndjson`: `python
-m benchmarks.simulate FOLDER`. The figures are for one process; reading the file is measured separately.
"""

import argparse
import time
from contextlib import closing
from pathlib import Path

from admin.intake.simulation import read_lines
from engine.core.lead.model import LeadEvent
from engine.matcher.rete import ReteMatcher
from engine.simulation.simulate import rules_of, score_at
from engine.simulation.timeline import run_until
from rulesets.document import document
from rulesets.policy.policy import Policy
from rulesets.roster.roster import Roster, lint_roster

EXAMPLES = Path(__file__).parent.parent / "examples"


def policy_of(name: str) -> Policy:
    """An example policy."""
    policy = document.parse(document.load((EXAMPLES / f"{name}-policy.yaml").read_bytes())).policy
    assert policy is not None
    return policy


def roster_of(name: str) -> Roster:
    """An example roster."""
    roster = lint_roster(document.load((EXAMPLES / f"{name}-roster.yaml").read_bytes())).roster
    assert roster is not None
    return roster


def scored_once(name: str, events: list[LeadEvent]) -> None:
    """Leads per second of `--now`."""
    policy = policy_of(name)
    with closing(ReteMatcher.of(policy)) as matcher:
        start = time.perf_counter()
        leads = sum(1 for _ in score_at(rules_of(policy, matcher), events, max(e.occurred_at for e in events)))
        spent = time.perf_counter() - start
    print(f"{name:12} --now    {leads:7,} leads  {spent:7.2f} s  {leads / spent:8,.0f} leads/s")


def in_virtual_time(name: str, events: list[LeadEvent]) -> None:
    """Decisions per second of `--until`, over the whole period of the file."""
    policy = policy_of(name)
    with closing(ReteMatcher.of(policy)) as matcher:
        start = time.perf_counter()
        end = max(event.occurred_at for event in events)
        decisions = sum(
            len(line["decisions"]) for line in run_until(rules_of(policy, matcher), roster_of(name), events, end)
        )
        spent = time.perf_counter() - start
    print(f"{name:12} --until  {decisions:7,} decisions  {spent:7.2f} s  {decisions / spent:8,.0f} decisions/s")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Figures of simulations.")
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    for name in ("xeducation", "olist"):
        start = time.perf_counter()
        with (folder / f"{name}.ndjson").open("rb") as file:
            events, bad = read_lines(file)
        assert not bad
        print(f"{name:12} reading  {len(events):7,} events  {time.perf_counter() - start:7.2f} s")
        scored_once(name, events)
    in_virtual_time("olist", events)


if __name__ == "__main__":
    main()
