"""What `baton up` and `baton up --demo` print for people and for scripts that wait.

A real start that waits for `Baton is ready`: tests/e2e/installation.py. The name before each program's own lines:
tests/workers/servers/test_supervisor.py.
"""

import re

import pytest

from admin.cli.demo.demo import set_up, tell
from admin.cli.demo.people import ACCOUNTS
from admin.cli.operation.up import programs, ready_line
from engine.settings import Settings, load_settings
from engine.store.read.source_summary import SourceSummary

SUMMARY = SourceSummary(9, 8, 1, 0, 3, {"mql": 2, "": 1}, {"sales-1@example.com": 1, "": 2}, 0.2, 0.4)
ROLES = {
    "admin@example.com": "admin",
    "marketing@example.com": "marketing",
    "sdr-manager@example.com": "sdr_manager",
    "sales-manager@example.com": "sales_manager",
    "sdr-1@example.com": "sdr",
    "sales-1@example.com": "sales",
}


@pytest.mark.parametrize(("host", "address"), [(None, "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")])
def test_one_line_says_that_baton_is_ready_and_where(host: str | None, address: str) -> None:
    line = ready_line(load_settings({"BATON_HOST": host} if host else {}))
    assert "\n" not in line
    assert line.startswith(f"Baton is ready: {address}/admin/ ")
    assert f"{address}/docs/api" in line


def test_the_demo_is_one_more_program_that_runs_once_baton_is_ready() -> None:
    settings = load_settings({})
    assert {one.name for one in programs(settings, demo=True)} - {
        one.name for one in programs(settings, demo=False)
    } == {"demo"}


def test_the_demo_makes_an_account_of_each_role_and_each_only_once(settings: Settings, database: str) -> None:
    assert ACCOUNTS == ROLES
    first, second = set_up(), set_up()
    assert first.keys() == ROLES.keys()
    assert min(map(len, first.values())) >= 12
    assert second == {}


def test_the_demo_ends_with_its_accounts_and_how_to_stop(capsys: pytest.CaptureFixture[str]) -> None:
    passwords = {email: f"password-{place}" for place, email in enumerate(ROLES)}
    tell(load_settings({}), passwords, SUMMARY)
    lines = capsys.readouterr().out.splitlines()
    assert (
        "Open http://127.0.0.1:8000/admin/ and sign in; the API is described at http://127.0.0.1:8000/docs/api" in lines
    )
    head = next(place for place, line in enumerate(lines) if line.split() == ["e-mail", "password", "role"])
    table = [line.split() for line in lines[head + 1 : head + 1 + len(ROLES)]]
    assert table == [[email, passwords[email], role] for email, role in ROLES.items()]
    assert lines[-1] == "Baton keeps serving. Ctrl-C stops it; the data stay in BATON_HOME."


def test_a_later_start_of_the_demo_shows_no_passwords_and_ends_alike(capsys: pytest.CaptureFixture[str]) -> None:
    tell(load_settings({}), {}, SUMMARY)
    text = capsys.readouterr().out
    assert not re.search(r"^e-mail +password", text, re.MULTILINE)
    assert text.endswith("Baton keeps serving. Ctrl-C stops it; the data stay in BATON_HOME.\n")
