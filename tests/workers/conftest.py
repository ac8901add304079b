"""A home of embedded servers per test, without the price of initialising each."""

import subprocess
from pathlib import Path

import pytest

from tests.workers.servers import launching
from workers.servers import embedded


@pytest.fixture(scope="session")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose servers were started and stopped before."""
    home = tmp_path_factory.mktemp("used") / "var"
    with embedded.embedded_servers(launching.settings_of(home)):
        pass
    return home


@pytest.fixture
def home(tmp_path: Path, used_home: Path) -> Path:
    """A copy of the used home, of this test's own."""
    return copy_home(used_home, tmp_path / "var")


def copy_home(used_home: Path, target: Path) -> Path:
    """Copy a home with its owners and modes; servers must not be running on it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", used_home, target], check=True)
    return target
