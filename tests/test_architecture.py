"""The structure of the tree: import contracts, sizes of files and functions, names.

Each contract of pyproject.toml is broken once in a copy of the packages: a contract that forbids nothing fails a test.
"""

import ast
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("rulesets", "engine", "workers", "admin")
FOLDERS = (*PACKAGES, "tests", "benchmarks", "examples")
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]

FORBIDDEN = [
    ("arrow", "rulesets/seeded.py", "import engine.errors"),
    ("arrow", "engine/seeded.py", "import workers"),
    ("arrow", "workers/seeded.py", "import admin"),
    ("pure", "engine/core/seeded.py", "import engine.clock"),
    ("pure", "engine/core/seeded.py", "import sqlalchemy"),
    ("core", "engine/core/lead/seeded.py", "import engine.core.sla.clocks"),
    ("core", "engine/core/scoring/seeded.py", "import engine.core.assignment.pool"),
    ("pure", "rulesets/seeded.py", "import pathlib"),
    ("pure", "rulesets/seeded.py", "import time"),
    ("matcher", "engine/seeded.py", "import durable_rules_engine"),
    ("matcher", "engine/core/seeded.py", "from durable import lang"),
    ("sql", "engine/seeded.py", "from sqlalchemy import text"),
    ("sql", "workers/seeded.py", "import psycopg"),
    ("sql", "admin/api/seeded.py", "import sqlmodel"),
    ("sql", "admin/views/seeded.py", "import psycopg"),
    ("queue", "admin/seeded.py", "import redis"),
    ("queue", "engine/store/seeded.py", "import rq"),
    ("web", "workers/seeded.py", "import flask"),
    ("doors", "admin/api/seeded.py", "import admin.views"),
    ("doors", "admin/views/seeded.py", "from admin.api.leads import work"),
    ("doors", "admin/cli/seeded.py", "import admin.views.lists"),
    ("doors", "admin/hooks/door.py", "import admin.api.bodies"),
    ("doors", "admin/views/seeded.py", "import admin.hooks.door"),
    ("doors", "admin/text/terms.py", "import admin.app"),
]
ALLOWED = [
    ("matcher", "engine/matcher/rete.py", "import durable_rules_engine"),
    ("sql", "engine/store/seeded.py", "import psycopg"),
    ("sql", "engine/migrations/seeded.py", "import sqlalchemy"),
    ("sql", "admin/views/seeded.py", "import sqlalchemy"),
    ("queue", "workers/seeded.py", "import redis"),
    ("web", "admin/seeded.py", "import flask"),
    ("doors", "admin/views/seeded.py", "from admin.text import terms"),
    ("doors", "admin/cli/seeded.py", "import admin.cli.sending"),
    ("doors", "admin/views/seeded.py", "import admin.hooks.keeping"),
]


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """The four packages and the contracts, in a folder that may be spoilt."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def breaks(tree: Path, contract: str) -> bool:
    """Whether import-linter finds ``contract`` broken in ``tree``; anything else but kept fails the test."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache", "--contract", contract]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    counts = "Contracts: 0 kept, 1 broken." if done.returncode else "Contracts: 1 kept, 0 broken."
    assert counts in done.stdout, done.stdout + done.stderr
    return done.returncode != 0


def seed(tree: Path, path: str, line: str) -> None:
    file = tree / path
    file.parent.mkdir(exist_ok=True)
    (file.parent / "__init__.py").touch()
    with file.open("a") as text:
        text.write(f"\n{line}\n")


@pytest.mark.parametrize(("contract", "path", "line"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(copied_tree: Path, contract: str, path: str, line: str) -> None:
    seed(copied_tree, path, line)
    assert breaks(copied_tree, contract)


@pytest.mark.parametrize(("contract", "path", "line"), ALLOWED)
def test_an_allowed_import_breaks_nothing(copied_tree: Path, contract: str, path: str, line: str) -> None:
    seed(copied_tree, path, line)
    assert not breaks(copied_tree, contract)


def test_every_contract_is_broken_by_some_seeded_import() -> None:
    assert {contract["id"] for contract in CONTRACTS} == {contract for contract, _, _ in FORBIDDEN}


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def functions(*folders: str) -> Iterator[tuple[str, int]]:
    """Name and length in lines, docstring left out, of every function."""
    for file in python_files(*folders):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                yield f"{file.relative_to(ROOT)}:{node.name}", length


def test_no_file_has_more_than_400_lines() -> None:
    written = (file for file in python_files(*FOLDERS) if file.parent.name != "versions")  # revisions are generated
    assert [file for file in written if len(file.read_text().splitlines()) > 400] == []


def test_functions_are_short_half_of_them_within_10_lines_and_nine_in_ten_within_30() -> None:
    lengths = [length for _, length in functions(*PACKAGES)]
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=10)[-1] <= 30


def test_a_file_with_code_starts_by_saying_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in python_files(*FOLDERS)
        if (tree := ast.parse(file.read_text())).body and ast.get_docstring(tree) is None
    ]
    assert silent == []


def test_no_module_hides_behind_an_empty_name() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [file for file in python_files(*FOLDERS) if file.stem in empty or file.parent.name in empty] == []


def test_every_declared_dependency_is_locked_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for lock, declared in (
        ("run", project["dependencies"]),
        ("dev", [*project["dependencies"], *extras["dev"], *extras["bench"]]),
    ):
        locked = locked_names(ROOT / "requirements" / f"{lock}.txt")
        assert {name_of(requirement) for requirement in declared} <= locked, f"run `make lock` ({lock}.txt is behind)"


def locked_names(lock: Path) -> set[str]:
    lines = lock.read_text().replace("\\\n", " ").splitlines()
    assert all("--hash=sha256:" in line for line in lines)
    return {name_of(line) for line in lines}


def name_of(requirement: str) -> str:
    cut = min((requirement.find(mark) for mark in "[=<>! ;" if mark in requirement), default=len(requirement))
    return requirement[:cut].lower().replace("_", "-").replace(".", "-")


def test_no_folder_has_more_than_14_python_files() -> None:
    folders = {file.parent for file in python_files(*FOLDERS) if file.parent.name != "versions"}  # one file a revision
    assert [str(folder.relative_to(ROOT)) for folder in folders if len(list(folder.glob("*.py"))) > 14] == []


def test_every_package_says_what_is_inside_and_what_may_not_be() -> None:
    """An ``__init__`` has two sentences at least; the second draws the line."""
    silent = []
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("__init__.py")):
            said = ast.get_docstring(ast.parse(file.read_text())) or ""
            if file.parent.name not in {"versions", "migrations"} and len(re.findall(r"[.:;](?:\s|$)", said)) < 2:
                silent.append(str(file.relative_to(ROOT)))
    assert silent == []


def test_no_class_name_has_two_meanings() -> None:
    places: dict[str, list[str]] = {}
    for file in python_files(*PACKAGES):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


GIVEN_UP = {
    "classes": {
        "Moment", "World", "Memberships", "Track", "Book", "Told", "Seen", "Together", "Aftermath", "Turns", "Clock",
    },
    "functions": {"told", "of_told", "stirs", "beside", "room", "hold", "drain_queues"},
    "fields": {"stirred_by", "rests", "turnless", "parted", "for_good", "witness"},
    "files": {"asks", "reads", "road", "follows", "belongs"},
}  # fmt: skip
"""Names that nobody guessed. `drain` is still what a worker does to its lane."""


def test_names_that_nobody_guessed_do_not_come_back() -> None:
    found = []
    for file in python_files(*PACKAGES):
        if file.parent.name == "versions":
            continue  # revisions are history
        if file.stem in GIVEN_UP["files"]:
            found.append(str(file.relative_to(ROOT)))
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.ClassDef(name=name) if name in GIVEN_UP["classes"]:
                    found.append(f"{file.relative_to(ROOT)}: class {name}")
                case ast.FunctionDef(name=name) if name in GIVEN_UP["functions"]:
                    found.append(f"{file.relative_to(ROOT)}: def {name}")
                case ast.Attribute(attr=name) | ast.AnnAssign(target=ast.Name(id=name)) if name in GIVEN_UP["fields"]:
                    found.append(f"{file.relative_to(ROOT)}: {name}")
    templates = [str(file) for file in (ROOT / "admin" / "templates").rglob("*.html") if file.stem in GIVEN_UP["files"]]
    assert found + templates == []
