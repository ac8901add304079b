"""The contract is in the repository: files and rules that are cited exist, and a test cites every rule.

`docs/contract/policy.md` numbers its rules (R4.5). A rule counts as cited where it is named in a test function or in
the name of a case in `tests/cases/`: that is where people look when the test fails.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.documentation.test_docs import FENCE, ROOT, name_of, text_of, tracked_files

POLICY = ROOT / "docs" / "contract" / "policy.md"
RULES = re.findall(r"^- (R\d+\.\d+) ", POLICY.read_text(encoding="utf-8"), re.MULTILINE)
CITED = re.compile(r"\bR\d+\.\d+\b")
PAGE = re.compile(r"(?<![\w*{}<>/.-])(?:\.{1,2}/)*(?:[\w-]+/)*[\w.-]+\.md\b")
ADDRESS = re.compile(r"\b[a-z]+://\S+")


def pages_named_in(file: Path) -> Iterator[str]:
    """The Markdown files that a text mentions, web addresses left out."""
    yield from PAGE.findall(ADDRESS.sub("", text_of(file)))


def is_here(page: str, mentioned_in: Path, names: set[str]) -> bool:
    """Whether a page exists: from the root, beside the file that mentions it, or, as a bare name, anywhere."""
    beside = (mentioned_in.parent / page).resolve()
    return (ROOT / page).is_file() or beside.is_file() or page in names


def missing_pages(files: list[Path]) -> list[tuple[str, str]]:
    """Every (file, page) that mentions a Markdown file which is not there."""
    names = {file.name for file in files if file.suffix == ".md"}
    return [(name_of(file), page) for file in files for page in pages_named_in(file) if not is_here(page, file, names)]


def texts_of_test_functions(file: Path) -> Iterator[str]:
    """The source of each test function, decorators included: its name, docstring, comments and cases."""
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield "\n".join(lines[first - 1 : node.end_lineno])


def names_of_cases() -> Iterator[str]:
    """The names of the cases that are told apart by rule."""
    for kind in ("rules", "stories"):
        for file in (ROOT / "tests" / "cases").glob(f"{kind}_*.json"):
            content: dict[str, list[dict[str, Any]]] = json.loads(file.read_text(encoding="utf-8"))
            yield from (str(case["name"]) for case in content["cases"])


@cache
def rules_cited_by_tests() -> frozenset[str]:
    """The rules that a test function or a case names; this file proves nothing about them."""
    files = (file for file in (ROOT / "tests").rglob("test_*.py") if file != Path(__file__))
    texts = (*names_of_cases(), *(text for file in files for text in texts_of_test_functions(file)))
    return frozenset(rule for text in texts for rule in CITED.findall(text))


def test_no_file_mentions_a_page_that_is_not_in_the_repository() -> None:
    assert missing_pages(list(tracked_files())) == []


def test_a_page_that_is_not_there_is_noticed(tmp_path: Path) -> None:
    end = ".md"  # apart from the names, or this file would mention pages that are not there
    index = ROOT / "docs" / "index.md"
    assert is_here("docs/contract/policy.md", index, set())
    assert is_here(f"contract/policy{end}", index, set())
    assert not is_here(f"POLICY{end}", index, {"policy.md"})
    source = tmp_path / "source.py"
    source.write_text(f"# see POLICY{end} §3, not https://example.com/other{end}\n")
    assert list(pages_named_in(source)) == [f"POLICY{end}"]


def test_every_rule_that_is_cited_exists() -> None:
    unknown = {
        (name_of(file), rule) for file in tracked_files() for rule in CITED.findall(text_of(file)) if rule not in RULES
    }
    assert unknown == set()


def test_every_rule_has_one_number_and_no_number_is_left_out() -> None:
    chapters = [tuple(map(int, rule[1:].split("."))) for rule in RULES]
    assert chapters == sorted(set(chapters))
    assert {chapter for chapter, _ in chapters} == set(range(11))
    for chapter, number in chapters:
        assert number == 1 or (chapter, number - 1) in chapters


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_cited_by_a_test(rule: str) -> None:
    assert rule in rules_cited_by_tests(), f"{rule}: name it in the test that fails when the rule is broken"


def test_every_planned_amendment_says_that_it_is_not_built() -> None:
    planned = FENCE.sub("", POLICY.read_text(encoding="utf-8")).partition("## Planned amendments")[2]
    rows = re.findall(r"^\| ([A-Z]\d) \| .+ \| (.+) \|$", planned, re.MULTILINE)
    assert rows
    assert {state for _, state in rows} == {"not built yet"}
    assert len({number for number, _ in rows}) == len(rows)
