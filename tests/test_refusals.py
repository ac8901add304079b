"""Every refusal of the decision core is told in words, and documented; nothing is told that cannot happen."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from admin.clicks import ACTIONS
from admin.text import terms
from admin.text.follows import EFFECTS, RECORDS
from admin.text.refusals import REFUSALS, sentence
from engine.core import pool, stages
from engine.core.assignment import CONFLICT, Reason

PAGE = Path(__file__).parent.parent / "docs" / "pool.md"


def is_sentence(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    )


def codes(module: object) -> Iterator[str]:
    """First parts of calls of Refusal and of tuples that end with a sentence."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):  # type: ignore[arg-type] # a module
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
            parts = node.args
        elif isinstance(node, ast.Tuple):
            parts = node.elts
        if len(parts) > 1 and isinstance(parts[0], ast.Constant) and is_sentence(parts[-1]):
            yield str(parts[0].value)


def test_the_table_has_every_code_of_the_core_and_no_other() -> None:
    assert {*codes(stages), *codes(pool)} == set(REFUSALS)


def documented(heading: str) -> list[str]:
    """The codes in the tables of a part of the page."""
    part = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)


def test_every_code_is_documented() -> None:
    assert documented("Refusals") == list(REFUSALS)


def test_every_action_and_everything_that_follows_is_documented() -> None:
    assert documented("Work") == list(ACTIONS)
    assert documented("What follows from a decision") == [*EFFECTS, *RECORDS]


def test_every_action_every_warning_and_every_reason_of_the_pool_has_its_words() -> None:
    assert set(terms.WORK) == set(ACTIONS)
    assert set(terms.WARNINGS) == {*(reason.value for reason in Reason), CONFLICT}
    text = PAGE.read_text()
    assert [reason for reason in terms.POOL_REASONS if f"`{reason}`" not in text] == []


def test_a_code_of_a_later_version_is_told_with_its_own_message() -> None:
    assert sentence({"code": "brand_new", "message": "the moon is full"}) == "the moon is full"
