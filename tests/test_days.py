"""No test mixes the fixed day of `tests.factories` with the machine's clock.

Processes, delivery threads and commands use the machine's clock. For them the fixed day is past or future, so a test
that mixes both fails from some day on.
"""

import ast
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from tests import days, factories

BY_MACHINE = {
    "engine.clock.SystemClock",
    "click.testing.CliRunner",
    "tests.admin.cli.test_cli.run",
    "tests.e2e.installation",
    "tests.workers.processes.running",
    "tests.workers.processes.run_burst",
}
"""Imports of a module that starts something which looks at the machine's clock."""
CALLS = {"datetime.now", "datetime.utcnow", "date.today", "time.time"}


def mixed(source: str) -> list[str]:
    """What a module takes of the fixed day although it lives by the machine's clock, too."""
    tree = ast.parse(source)
    names = set(days.imported(tree))
    if not (any(name.startswith("tests.present") for name in names) or names & BY_MACHINE or set(looks(tree))):
        return []
    return sorted(days.dated(names) | names & {"tests.admin.api_client.NOW"})


def looks(tree: ast.AST) -> Iterator[str]:
    """Calls of the machine's clock, and commands of Baton that are started."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS:
            yield ast.unparse(node.func)
        elif isinstance(node, ast.Constant) and node.value == "admin.cli":
            yield "admin.cli"


def test_no_test_mixes_the_fixed_day_with_the_machines_clock() -> None:
    files = [file for file in sorted((days.ROOT / "tests").rglob("*.py")) if file != Path(__file__)]
    found = {str(file.relative_to(days.ROOT)): mixed(file.read_text()) for file in files}
    assert {file: names for file, names in found.items() if names} == {}, "take them from tests.present"


@pytest.mark.parametrize(
    "source",
    [
        "from tests.workers.processes import running\nfrom tests.factories import NOW",
        "from click.testing import CliRunner\nfrom tests.factories import column, take_in",
        "import subprocess\nfrom tests.factories import HandClock\nsubprocess.run(['-m', 'admin.cli', 'scheduler'])",
        "from tests.admin.api_client import NOW\nfrom tests.present import now",
        "from datetime import datetime, UTC\nfrom tests.factories import event\nevent(at=datetime.now(UTC))",
    ],
)
def test_a_module_that_mixes_them_is_found(source: str) -> None:
    assert mixed(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "from tests.workers.processes import running\nfrom tests.factories import CTO\nfrom tests.present import event",
        "from tests.workers.processes import await_that\nfrom tests.factories import NOW, take_in",
    ],
)
def test_a_module_that_keeps_to_one_of_them_is_none(source: str) -> None:
    assert mixed(source) == []


def test_the_fixed_day_begins_at_ten_in_shanghai_on_whatever_day_it_is() -> None:
    assert (factories.NOW.tzinfo, factories.NOW.hour, factories.NOW.minute) == (UTC, 2, 0)


def test_tests_that_depend_on_the_day_are_found_through_imports_and_fixtures() -> None:
    found = {str(path) for path in days.dependents()}
    assert {
        "tests/engine/store/due/test_queue.py",
        "tests/admin/api/test_api_events.py",
        "tests/admin/web/test_auth.py",
    } <= found
    assert not {"tests/rulesets/document/test_document.py", "tests/workers/test_jobs.py"} & found
