"""The pages about the policy are true: examples lint clean, and every operator, type and code is on them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.policy.linting import lint_policy
from rulesets.conditions.conditions import OPERATORS
from rulesets.conditions.reading import FieldType, ReadingCode
from rulesets.document.document import load
from rulesets.document.shape import CODES
from rulesets.lint import lint
from rulesets.lint.structure.values import ACTIONS
from rulesets.policy.vocabulary import EVENT_PREFIXES
from tests.rulesets.documents import LEAST

ROOT = Path(__file__).parents[2]
POLICY = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
LINT = (ROOT / "docs" / "lint-codes.md").read_text(encoding="utf-8")
NEEDED = {"events": [{"key": key, "kind": "latent"} for key in ("content.downloaded", "pricing.viewed", "page.viewed")]}


def examples(page: str) -> list[Any]:
    return [load(block) for block in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("example", examples(POLICY) + examples(LINT))
def test_an_example_lints_clean(example: dict[str, Any]) -> None:
    assert lint({**LEAST, **NEEDED, **example}).findings == ()


FINDINGS = re.findall(r"^```yaml ([a-z-]+)\n(.*?)^```", LINT, re.MULTILINE | re.DOTALL)
NOT_SHOWN = frozenset({
    "unreadable", "too-large", "too-deep", "too-many", "bad-number", "bad-characters", "matcher-limit",
    "too-many-cases",
})  # fmt: skip
"""Codes of documents that no page can hold, or that cannot be read at all; each has a test of its own."""


@pytest.mark.parametrize(("code", "example"), FINDINGS)
def test_an_example_of_a_code_gives_that_code(code: str, example: str) -> None:
    checked = lint_policy({**LEAST, **NEEDED, **load(example)}, ["pricing.viewed"])
    assert code in {finding.code for finding in checked.findings}


def test_every_code_has_an_example() -> None:
    assert {code for code, _ in FINDINGS} == documented(LINT) - NOT_SHOWN


def documented(page: str) -> set[str]:
    """What the first columns of the page's tables name."""
    return {name for cell in re.findall(r"^\|([^|]*)\|", page, re.MULTILINE) for name in re.findall(r"`([^`]+)`", cell)}


def codes_in_source() -> Iterator[str]:
    """The codes that the lint gives to findings: first arguments of error(…) and warning(…), and those of shape."""
    yield from CODES.values()
    lint_files = sorted((ROOT / "rulesets" / "lint").rglob("*.py"))
    others = [*(ROOT / "rulesets" / "document").glob("*.py"), ROOT / "engine" / "policy" / "linting.py"]
    for file in [*others, *lint_files]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in {"error", "warning"} and isinstance(node.args[0].value, str):
                    yield node.args[0].value


def test_every_code_of_a_finding_is_documented_and_nothing_else() -> None:
    assert documented(LINT) == {*codes_in_source(), "duplicate-option"}


def test_every_type_operator_action_and_reading_code_is_documented() -> None:
    assert documented(POLICY) == {*FieldType, *OPERATORS, *ACTIONS, *ReadingCode}


def test_the_prefixes_of_batons_own_events_are_documented() -> None:
    assert f"`{' '.join(EVENT_PREFIXES)}`" in POLICY
