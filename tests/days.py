"""Which tests depend on the day of `tests.factories`: ``python -m tests.days`` prints their files.

`make test-now` runs them again on other days. A test depends on it when its module, or a conftest above it, reaches
`tests.factories` by imports within ``tests``.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
DAY = "tests.factories"
TIMELESS = {"CTO", "column", "hire", "living_leads", "model", "policy_document", "rows"}
"""Its names that speak of no moment."""


def dependents() -> list[Path]:
    """Test modules that reach `tests.factories`, whole installations left out: they live by the machine's clock."""
    files = {module_of(file): file for file in sorted((ROOT / "tests").rglob("*.py"))}
    needed = {name: needs(file) for name, file in files.items()}
    reached = {DAY}
    while more := {name for name in files if name not in reached and needed[name] & reached}:
        reached |= more
    tests = [file for name, file in files.items() if name in reached and file.name.startswith("test_")]
    return [file.relative_to(ROOT) for file in tests if file.parent.name != "e2e"]


def module_of(file: Path) -> str:
    """The dotted name of a file of the tests."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def needs(file: Path) -> set[str]:
    """Modules that a file imports, `tests.factories` only for its day, and the conftests that pytest loads with it."""
    folders = [folder for folder in file.parents if folder.is_relative_to(ROOT / "tests")]
    named = set(imported(ast.parse(file.read_text())))
    if file.stem == "present" or (taken_of(named) and not dated(named)):
        named.discard(DAY)
    return named | {module_of(folder / "conftest.py") for folder in folders}


def dated(named: set[str]) -> set[str]:
    """Which of these names are of `tests.factories` and speak of its day."""
    return {name for name in taken_of(named) if name.rpartition(".")[2] not in TIMELESS}


def taken_of(named: set[str]) -> set[str]:
    """Which of these names are of `tests.factories`."""
    return {name for name in named if name.startswith(f"{DAY}.")}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in dependents())
