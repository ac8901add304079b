"""Small policies for tests: the least that is valid, and the least with one rule, signal or condition in it."""

import copy
from typing import Any

from rulesets.lint import LintReport, lint

LEAST: dict[str, Any] = {
    "format": "baton.policy/1",
    "name": "least",
    "timezone": "Asia/Shanghai",
    "models": [{"key": "m"}],
}

FIELDS = [
    {"key": "lead.title_x", "type": "text"},
    {"key": "lead.level_x", "type": "choice", "options": ["Junior", "Senior", "VP"]},
    {"key": "lead.flags_x", "type": "choices", "options": ["a", "b", "c"]},
    {"key": "company.size_x", "type": "integer"},
    {"key": "company.ratio_x", "type": "decimal"},
    {"key": "answers.budget_x", "type": "boolean"},
    {"key": "lead.day_x", "type": "date"},
    {"key": "lead.seen_x", "type": "datetime"},
]
EVENTS = [
    {"key": "content.downloaded", "kind": "latent", "asset": "properties.asset_id", "aliases": ["Content Downloaded"]},
    {"key": "pricing.viewed", "kind": "direct"},
]


def policy(**parts: Any) -> dict[str, Any]:
    """The least policy with the test vocabulary and these parts."""
    return copy.deepcopy({**LEAST, "fields": FIELDS, "events": EVENTS, **parts})


def with_rule(when: Any, **parts: Any) -> dict[str, Any]:
    """A policy with one fit rule."""
    rule = {"key": "r", "when": when, "points": 1}
    return policy(models=[{"key": "m", "fit": {"groups": [{"key": "g", "rules": [rule]}]}}], **parts)


def with_signal(signal: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A policy with one signal."""
    row = {"key": "s", "event": "pricing.viewed", "points": 1, **signal}
    return policy(models=[{"key": "m", "engagement": {"groups": [{"key": "g", "signals": [row]}]}}], **parts)


def with_route(when: Any, **parts: Any) -> dict[str, Any]:
    """A policy with one route."""
    return policy(qualification={"mql": [{"key": "r", "when": when}]}, **parts)


MEANINGS = frozenset(
    {
        "always-false", "always-true", "unreachable-model", "unreachable-rule", "duplicate-rule", "contradictory-rules",
        "shadowed-rule", "band-gap", "band-overlap", "unreachable-grade", "unreachable-heat", "unreachable-cell",
        "unreachable-route", "wasted-points", "nobody-assigned", "leads-nowhere", "silent-event",
        "unknown-country", "unmeetable-clock", "fit-reads-events",
    }
)  # fmt: skip
"""Codes of the warnings about what a policy means as a whole, which small policies for other tests do not mind."""


def codes(raw: Any) -> list[tuple[str, str]]:
    """Code and path of every finding but those about meaning."""
    return [one for one in found(lint(raw)) if one[0] not in MEANINGS]


def meanings(raw: Any, seen: Any = None) -> list[tuple[str, str]]:
    """Code and path of every finding about meaning; there must be no error."""
    report = lint(raw, seen)
    assert report.errors == (), report.errors
    return [one for one in found(report) if one[0] in MEANINGS]


def found(report: LintReport) -> list[tuple[str, str]]:
    """Code and path of every finding of a report."""
    return [(finding.code, finding.path) for finding in report.findings]


RULE = "models[0].fit.groups[0].rules[0]"
SIGNAL = "models[0].engagement.groups[0].signals[0]"
