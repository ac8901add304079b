"""Check the draft: run the lint and the draft's test cases, and store the result (R0.3, §10).

A check takes seconds on a large policy. A worker runs it (`workers.checks`), and pages show the last result.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

from engine.core.simulation.test_cases import SampleResult
from engine.policy.linting import Checked, lint_policy, vars_of
from engine.store.inbox.arrived_types import seen_event_types
from engine.store.policy.draft_checks import Checkable, LastCheck, checkable, last_check, save_check
from engine.store.policy.drafts import load_draft
from rulesets.document.findings import as_data

MOST_SHOWN = 300
"""Findings, cases and untouched rules of each kind that are stored. The counts cover all."""


@cache
def software() -> str:
    """The version of Baton. Another version may find other things in the same draft."""
    return version("leadbaton")


def current() -> Checkable:
    """The state of the draft that a fresh check must cover."""
    return checkable(software())


def stored() -> LastCheck | None:
    """The last check, stale or not."""
    return last_check()


def check_draft() -> bool:
    """Check the draft as it is now and store the result. Returns False if it was checked already."""
    load_draft()
    of, last = current(), stored()
    if last is not None and last.of == of:
        return False
    state = load_draft()
    checked = lint_policy(state.document, seen_event_types())
    # The values read first may be older than the linted draft. Then the check counts as stale and is requested again.
    save_check(Checkable(state.revision, of.seen, of.software), state.digest, body_of(checked))
    return True


def body_of(checked: Checked) -> dict[str, Any]:
    """A check as it is stored and shown: plain values, at most `MOST_SHOWN` of each kind."""
    samples = checked.samples
    return {
        "errors": len(checked.report.errors),
        "red": len(samples.red),
        "findings": [as_data(finding) for finding in checked.findings[:MOST_SHOWN]],
        "all_findings": len(checked.findings),
        "cases": [_case(result) for result in samples.results[:MOST_SHOWN]],
        "rules": samples.rules,
        "untouched": list(samples.untouched[:MOST_SHOWN]),
        "all_untouched": len(samples.untouched),
    }


def _case(result: SampleResult) -> dict[str, Any]:
    differences = [vars_of(difference) for difference in result.differences]
    return {"key": result.key, "passed": result.passed, "differences": differences}
