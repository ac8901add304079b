"""The `baton` command on real servers: what it changes, what it refuses, what it prints and where."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from admin.cli import COMMANDS, HIDDEN, baton
from engine.errors import BatonError, ServerUnavailable
from engine.settings import Settings
from engine.store.access.accounts import find_account
from engine.store.access.keys import find_key, list_keys
from engine.store.session import transaction
from tests.admin.api_client import Api, event
from tests.admin.deciding import POLICY, decide_all, start_with_policy
from tests.admin.live import listening
from tests.present import now

Run = Callable[..., Result]
ROSTER = "format: baton.roster/1\npeople:\n  - {email: li@example.com, role: sdr}\n"


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command against this test's own servers."""
    values = {
        "BATON_DATABASE_URL": settings.database_url,
        "BATON_REDIS_URL": settings.redis_url,
        "BATON_SECRET_KEY": settings.secret_key,
        "BATON_HOME": str(settings.home),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))

    def run(*arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(baton, arguments, **more)

    return run


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    return path


def test_every_command_explains_itself(run: Run) -> None:
    told = run("--help").output
    for name, (_, says) in COMMANDS.items():
        assert (name in told) == (name not in HIDDEN)
        assert run(name, "--help").exit_code == 0, name
        assert says


def test_a_key_is_printed_once_and_alone_on_stdout(run: Run) -> None:
    made = run("key", "add", "site", "--scope", "events:write,leads:read", "--source", "web")
    assert made.exit_code == 0
    key = find_key(made.stdout.strip())
    assert key is not None
    assert (key.name, key.source, set(key.scopes)) == ("site", "web", {"events:write", "leads:read"})
    listed = run("key", "list", "--json")
    assert made.stdout.strip() not in listed.output
    assert "digest" not in listed.output
    assert run("key", "revoke", "site").exit_code == 0
    assert find_key(made.stdout.strip()) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "add", "x", "--scope", "everything"),
        ("key", "add", "x", "--public", "--scope", "leads:write"),
        ("key", "add", "x", "--public", "--person", "li@example.com"),
        ("key", "add", "a b"),
        ("key", "add", "x", "--source", "baton"),
        ("key", "revoke", "nobody"),
        ("policy", "export", "--version", "7"),
        ("explain", "nobody@example.com"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, BatonError)
    assert list_keys() == []


def test_a_user_gets_a_password_that_is_shown_once(run: Run) -> None:
    made = run("user", "add", "Li@example.com", "--role", "marketing")
    assert (made.exit_code, len(made.stdout.strip()) >= 12) == (0, True)
    account = find_account("li@example.com")
    assert account is not None
    assert account.roles == ("marketing",)
    own = run("user", "add", "wang@example.com", "--role", "sdr", "--password-stdin", input="long enough words\n")
    assert (own.exit_code, own.stdout) == (0, "")


def test_a_policy_goes_in_and_comes_out_with_its_digest(run: Run, policy_file: Path, tmp_path: Path) -> None:
    linted = json.loads(run("policy", "lint", str(policy_file), "--json").stdout)
    assert run("policy", "import", str(policy_file)).exit_code == 0
    for flag in ((), ("--json",)):
        copy = tmp_path / "copy"
        copy.write_text(run("policy", "export", *flag).stdout)
        assert json.loads(run("policy", "lint", str(copy), "--json").stdout)["digest"] == linted["digest"]
    unsigned = run("policy", "publish", "--reason", "first")
    assert (unsigned.exit_code, "not signed" in unsigned.stderr) == (1, True)
    done = run("policy", "publish", "--reason", "first", "--bypass-signoff")
    assert done.exit_code == 0, done.output
    again = run("policy", "publish", "--reason", "again", "--bypass-signoff")
    assert "in force already" in again.stdout
    (version,) = json.loads(run("policy", "versions", "--json").stdout)
    assert (version["number"], version["digest"], version["active"]) == (1, linted["digest"], True)


def test_a_bad_policy_is_refused_whole_with_every_problem(run: Run, tmp_path: Path) -> None:
    before = yaml.safe_load(run("policy", "export").stdout)["name"]
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(POLICY | {"nmae": 1, "timezone": "Mars/Base"}))
    for command in ("lint", "import"):
        result = run("policy", command, str(bad))
        assert result.exit_code == 1
        assert "nmae" in result.output
    bad.write_text("{")
    assert run("policy", "import", str(bad)).exit_code == 1
    assert yaml.safe_load(run("policy", "export").stdout)["name"] == before


def test_a_roster_goes_in_and_comes_out(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "roster.yaml"
    path.write_text(ROSTER)
    assert "added 1" in run("roster", "import", str(path)).stdout
    assert json.loads(run("roster", "export", "--json").stdout)["people"][0]["email"] == "li@example.com"
    path.write_text(ROSTER.replace("sdr", "wizard"))
    refused = run("roster", "import", str(path))
    assert (refused.exit_code, "people[0].role" in refused.output) == (1, True)


def test_a_file_is_replayed_and_once_more_without_effect(run: Run, api: Api, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    lines = [json.dumps(event(n)) for n in range(450)] + ["", "{broken", json.dumps(event(999, lead={}))]
    path.write_text("\n".join(lines))
    key = api.key("replay")["Authorization"].removeprefix("Bearer ")
    with listening(api.app) as url:
        first = run("replay", str(path), "--url", url, "--key", key, "--json")
        second = run("replay", str(path), "--url", url, "--key", key)
    found = json.loads(first.stdout)
    assert (first.exit_code, found["accepted"], found["duplicates"]) == (1, 450, 0)
    assert [(r["line"], r["code"]) for r in found["rejected"]] == [(452, "malformed_json"), (453, "no_identifier")]
    assert "duplicates 450" in second.stdout
    assert "line 452" in second.stderr


def test_a_replay_waits_for_a_server_that_is_away_and_says_when_it_gives_up(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(json.dumps(event()))
    result = run("replay", str(path), "--url", "http://127.0.0.1:9", "--key", "x", "--patience", "0.3")
    assert isinstance(result.exception, ServerUnavailable)


def test_a_wrong_key_stops_a_replay(run: Run, api: Api, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(json.dumps(event()))
    with listening(api.app) as url:
        result = run("replay", str(path), "--url", url, "--key", "baton_nonsense")
    assert (result.exit_code, "401" in str(result.exception)) == (1, True)


def test_explaining_and_verifying_read_what_was_decided(run: Run, api: Api) -> None:
    api.clock.moment = now()
    start_with_policy(now=now())
    sent = [event(1, type="demo.requested", company={"employees": 120}), event(2)]
    api.send([one | {"occurred_at": now().isoformat()} for one in sent], api.key())
    decide_all(api.clock)
    told = run("explain", "lead-1")
    assert told.exit_code == 0, told.output
    assert "+40  size.mid" in told.stdout
    chinese = run("explain", "lead-1", "--lang", "zh_Hans")
    assert "静态评分" in chinese.stdout
    assert json.loads(run("explain", "lead-2", "--json").stdout)["lead"]["identities"] == {"external_id": "lead-2"}
    assert json.loads(run("verify", "--json").stdout) == {"decisions": 2, "leads": 2, "differences": []}


def test_the_doctor_names_what_is_wrong_and_the_mend(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {check["check"]: check for check in json.loads(run("doctor", "--json").stdout)}
    assert found["database"]["ok"]
    assert not found["policy"]["ok"]
    assert "baton policy publish" in found["policy"]["message"]
    monkeypatch.setenv("BATON_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    sick = run("doctor")
    assert sick.exit_code == 1
    assert "MEND  database" in sick.stdout


def test_the_demo_is_refused_to_other_machines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_HOST", "0.0.0.0")  # noqa: S104 - refused
    assert "this machine only" in str(run("up", "--demo").exception)


def test_two_policies_are_compared_wherever_they_are(run: Run, policy_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(POLICY | {"name": "Three doors"}))
    told = run("policy", "diff", str(policy_file), str(other))
    assert (told.exit_code, told.output.splitlines()[:2]) == (0, ["name: changed", "    name Two doors → Three doors"])
    run("policy", "import", str(other))
    run("policy", "publish", "--reason", "first", "--bypass-signoff")
    assert run("policy", "diff", "1", "active").output == "no difference\n"
    (change,) = json.loads(run("policy", "diff", "draft", str(policy_file), "--json").output)
    assert change == {"path": "name", "kind": "changed", "old": "Three doors", "new": "Two doors"}


def test_a_side_that_is_not_there_is_named(run: Run, policy_file: Path, tmp_path: Path) -> None:
    assert "name a file" in run("policy", "diff", "nowhere.yaml", str(policy_file)).stderr
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    assert "timezone" in run("policy", "diff", str(broken), str(policy_file)).stderr
    broken.write_text("{")
    assert "line 2" in run("policy", "diff", str(broken), str(policy_file)).stderr
    assert isinstance(run("policy", "diff", "active", str(policy_file)).exception, BatonError)


def test_an_old_version_becomes_the_draft_again(run: Run, policy_file: Path, tmp_path: Path) -> None:
    run("policy", "import", str(policy_file))
    run("policy", "publish", "--reason", "first", "--bypass-signoff")
    assert "already: nothing was changed" in run("policy", "restore", "1").output
    policy_file.write_text(json.dumps(POLICY | {"name": "Three doors"}))
    run("policy", "import", str(policy_file))
    assert "is version 1 again" in run("policy", "restore", "1").output
    assert json.loads(run("policy", "export", "--json").output)["name"] == "Two doors"
    assert isinstance(run("policy", "restore", "7").exception, BatonError)


def test_a_policy_is_scheduled_listed_and_cancelled(run: Run, policy_file: Path) -> None:
    run("policy", "import", str(policy_file))
    planned = ("policy", "publish", "--reason", "new year", "--bypass-signoff", "--at", "2099-01-01T09:00")
    assert "scheduled as 1 for 2099-01-01T" in run(*planned).output
    (plan,) = json.loads(run("policy", "scheduled", "--json").output)
    assert (plan["state"], plan["reason"]) == ("scheduled", "new year")
    assert "new year" in run("policy", "scheduled").output
    assert "is cancelled" in run("policy", "cancel", "1", "--reason", "too early").output
    assert run("policy", "cancel", "1", "--reason", "again").exit_code == 1


@pytest.mark.parametrize("command", [("migrate",), ("web",), ("worker",), ("scheduler",), ("verify",), ("doctor",)])
def test_every_command_says_that_a_newer_database_needs_a_newer_baton(
    run: Run, settings: Settings, command: tuple[str, ...]
) -> None:
    with transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    done = run(*command)
    told = done.output + str(done.exception)
    assert done.exit_code == 1
    assert told.count("the database is of a newer version of Baton (revision 9999") == 1
    assert "run `baton migrate`" not in told


def test_readiness_says_that_a_newer_database_needs_a_newer_baton(api: Api) -> None:
    with transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    answer = api.client.get("/readyz")
    assert answer.status_code == 503
    assert "newer version of Baton" in answer.text
