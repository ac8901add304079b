"""The lint: finds all problems of a policy document at once (R0.3).

Errors are about structure: unknown keys, wrong types, dangling references, cycles, operands, limits. Warnings are about
meaning and can be acknowledged in the document. docs/lint-codes.md explains each code. A check is a function from the
indexed document (`rulesets.lint.known`) to findings. The lint never raises, for any input.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rulesets.compile.compiler import compile_policy
from rulesets.conditions.moments import CannotCompile
from rulesets.document.document import parse
from rulesets.document.findings import Finding, Severity, error
from rulesets.document.shape import MOST_ERRORS
from rulesets.document.wording import reason_of, says
from rulesets.lint.clocks import check_clocks
from rulesets.lint.conditions.conditions import check_conditions
from rulesets.lint.conditions.duplicates import check_duplicates
from rulesets.lint.conditions.questions import Questions
from rulesets.lint.conditions.truth import check_models, check_truth
from rulesets.lint.effort import check_effort
from rulesets.lint.known import DocumentIndex
from rulesets.lint.meaning import Meaning
from rulesets.lint.nowhere import check_nowhere
from rulesets.lint.scores.bands import check_bands
from rulesets.lint.scores.caps import check_caps
from rulesets.lint.scores.reach import check_reach
from rulesets.lint.scores.scoring import check_scoring
from rulesets.lint.structure.countries import check_countries
from rulesets.lint.structure.cycles import check_cycles
from rulesets.lint.structure.references import check_references
from rulesets.lint.structure.salvage import salvage
from rulesets.lint.structure.test_cases import check_samples
from rulesets.lint.structure.values import check_values
from rulesets.lint.structure.words import check_words
from rulesets.policy.policy import Acknowledgement, Policy

MOST_FINDINGS = 1000
"""Most findings of one check: nobody fixes more at once, and a hostile document must not keep the lint busy."""

Check = Callable[[DocumentIndex], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    check_words,
    check_references,
    check_cycles,
    check_conditions,
    check_scoring,
    check_values,
    check_samples,
)

MEANING: tuple[Callable[[Meaning], Iterable[Finding]], ...] = (
    check_truth,
    check_models,
    check_duplicates,
    check_bands,
    check_reach,
    check_caps,
    check_nowhere,
    check_countries,
    check_clocks,
    check_effort,
)
"""Checks of meaning; they run only on policies without errors."""


@dataclass(frozen=True, slots=True)
class LintReport:
    """The policy, or None if it has errors; and every finding, errors first."""

    policy: Policy | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that prevent simulation and publishing."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings about meaning, acknowledged or not."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)


def lint(raw: Any, seen: Collection[str] | None = None) -> LintReport:
    """Checks raw data as `rulesets.document.document.load` gives it. Never raises.

    ``seen``: the event types that have arrived so far, or None; a signal on any other event is a warning.

    1. parse: structural errors, with paths as written;
    2. if there are any, salvage the valid parts, so that the other checks can run;
    3. run `CHECKS`; paths of the salvaged document are translated back;
    4. a policy without errors is compiled (the matcher's limits are findings too) and checked with `MEANING`;
    5. acknowledged warnings are marked.
    """
    parsed = parse(raw)
    findings = list(parsed.findings)
    # With more errors than are reported, further findings are not worth the rounds of repair.
    sound = salvage(raw) if parsed.policy is None and len(findings) <= MOST_ERRORS else None
    policy = parsed.policy or (sound.policy if sound else None)
    if policy is not None:
        known = DocumentIndex.of(policy, raw, sound.original if sound else None)
        for check in CHECKS:
            findings += islice(check(known), MOST_FINDINGS)
        if not has_errors(findings):
            findings += check_limits(policy)
            meaning = Meaning(known, Questions(known), seen)
            for asks in MEANING:
                findings += islice(asks(meaning), MOST_FINDINGS)
        findings = acknowledged(dict.fromkeys(findings), policy.acknowledged)
    findings.sort(key=lambda finding: finding.severity is Severity.WARNING)
    return LintReport(None if has_errors(findings) else policy, tuple(findings))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def check_limits(policy: Policy) -> list[Finding]:
    """The limits of the matcher that a policy without other errors exceeds."""
    try:
        compile_policy(policy)
    except CannotCompile as refused:
        return [error("matcher-limit", (), says("this policy cannot be compiled: %(why)s", why=reason_of(refused)))]
    return []


def acknowledged(findings: Iterable[Finding], by: Iterable[Acknowledgement]) -> list[Finding]:
    """The findings, with accepted warnings marked; errors cannot be accepted."""
    accepted = {(acknowledgement.code, acknowledgement.path) for acknowledgement in by}
    return [
        replace(f, acknowledged=True) if f.severity is Severity.WARNING and (f.code, f.path) in accepted else f
        for f in findings
    ]


__all__ = ["CHECKS", "MEANING", "Check", "LintReport", "lint"]
