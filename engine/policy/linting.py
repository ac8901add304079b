"""The lint of a policy document plus the results of its own test cases (R0.3, R10.1).

`rulesets.lint` checks the document alone; the test cases need scores. A red case is a warning, so that the policy can
still be simulated. A policy with a red case cannot be published, acknowledged or not.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from engine.core.simulation.test_cases import CaseDifference, SampleReport, SampleResult, coverable, run_samples
from rulesets.document.findings import Finding, error, warning
from rulesets.document.wording import Sentence, Word, says
from rulesets.lint import LintReport, lint
from rulesets.policy.policy import Policy

MOST_WORK = 1_000_000
"""Most rule evaluations that the test cases of one policy may take: some seconds."""
NO_SAMPLES = SampleReport()
NONE = "none"
"""Shown where a case expects or gives no value."""


@dataclass(frozen=True, slots=True)
class Checked:
    """All findings about a document. ``samples`` are empty while the document has errors."""

    report: LintReport
    samples: SampleReport

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Errors first, then red cases, then warnings."""
        return self.report.findings

    @property
    def publishable(self) -> bool:
        """Whether the document may be published, signatures aside."""
        return self.report.policy is not None and not self.samples.red


def lint_policy(raw: Any, seen: Collection[str] | None = None) -> Checked:
    """Check raw data, as `rulesets.document.document.load` returns it, and run its test cases. Never raises.

    ``seen``: types of event that have arrived so far, if known.
    """
    report = lint(raw, seen)
    policy = report.policy
    if policy is None or not policy.tests:
        return Checked(report, NO_SAMPLES if policy is None else run_samples(policy))
    # Estimated before running: too many cases would block the caller for minutes.
    if work(policy) > MOST_WORK:
        told = error(
            "too-many-cases",
            ("tests",),
            says("running the test cases would take too long"),
            says("have fewer or shorter ones"),
        )
        return Checked(LintReport(None, (told, *report.findings)), NO_SAMPLES)
    samples = run_samples(policy)
    red = [red_case(place, result) for place, result in enumerate(samples.results) if not result.passed]
    return Checked(LintReport(policy, (*red, *report.findings)), samples)


def work(policy: Policy) -> int:
    """About how many rule evaluations the test cases take."""
    rules = sum(1 for _ in coverable(policy))
    return sum(rules * (1 + len(case.events)) for case in policy.tests)


def red_case(place: int, result: SampleResult) -> Finding:
    """The finding for a red test case."""
    differences = tuple(map(_difference, result.differences))
    told = says("the test case %(key)s is red: %(differences)s", key=result.key, differences=differences)
    if result.unreadable:
        told = says(
            "the test case %(key)s is red: %(differences)s; not readable: %(fields)s",
            key=result.key, differences=differences, fields=tuple(result.unreadable[:10]),
        )  # fmt: skip
    return warning("red-case", ("tests", place), told, says("mend the rules, or what the case expects"))


def _difference(found: CaseDifference) -> Sentence:
    return says(
        "%(what)s is %(actual)s, not %(expected)s",
        what=Word("key", found.what), actual=_told(found.actual), expected=_told(found.expected),
    )  # fmt: skip


def _told(value: Any) -> Sentence:
    text = said(value)
    return says("none") if text == NONE else Sentence(text)


def samples_body(report: SampleReport) -> dict[str, Any]:
    """The test cases as the command line and the API print them."""
    return {
        "green": len(report.results) - len(report.red),
        "red": [
            {"key": one.key, "differences": [vars_of(difference) for difference in one.differences]}
            for one in report.red
        ],
        "rules": report.rules,
        "untouched": list(report.untouched),
    }


def vars_of(difference: CaseDifference) -> dict[str, str]:
    """One difference as text."""
    return {"what": difference.what, "expected": said(difference.expected), "actual": said(difference.actual)}


def said(value: Any) -> str:
    """A value of a test case as text for a message."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value[:10])) or NONE
    return NONE if value is None else f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
