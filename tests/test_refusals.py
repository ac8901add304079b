"""Every refusal of the decision core is told in words, and documented; nothing is told that cannot happen."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from admin.refusals import REFUSALS, sentence
from engine.core import pool, stages

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


def test_every_code_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text().split("## Refusals")[1].split("\n## ")[0], re.MULTILINE)
    assert rows == list(REFUSALS)


def test_a_code_of_a_later_version_is_told_with_its_own_message() -> None:
    assert sentence({"code": "brand_new", "message": "the moon is full"}) == "the moon is full"
