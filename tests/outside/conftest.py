"""The application, its settings and the `baton` command, as the tests of the admin have them."""

from tests.admin.cli.test_cli import run
from tests.admin.conftest import api, settings

__all__ = ["api", "run", "settings"]
