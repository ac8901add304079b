"""Exit codes, the keys of each `--json` output, and secrets alone on stdout.

Other tests check that the key works (tests/admin/cli/test_cli.py), that bad input of `simulate` is refused
(tests/admin/cli/test_cli_simulate.py), and the values of its lines (tests/engine/agreement).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from admin.cli import COMMANDS, HIDDEN, baton
from engine.store.due.rescore import send_next
from tests.admin.api_client import Api, event
from tests.admin.cli.test_cli import Run
from tests.admin.deciding import POLICY
from tests.admin.live import listening
from tests.outside.keys import lacking
from tests.present import decide_all, now, put_in_force, take_in
from tests.present import event as lead_event

EXAMPLES = Path(__file__).parents[2] / "examples"
OLIST = ("--policy", str(EXAMPLES / "olist-policy.yaml"), "--roster", str(EXAMPLES / "olist-roster.yaml"))
LANDED = {
    "id": "e1", "type": "landing_page.submitted", "occurred_at": "2026-11-20T09:00:00Z", "lead": {"external_id": "a"},
}  # fmt: skip
LINE = (
    "lead.external_id model fit engagement grade heat cell stage owner sdr rep route excluded flagged missing "
    "checklists fit_rules ledger adjustments decisions clocks"
)
OUTPUTS = {
    "doctor": ("doctor", "check ok message"),
    "key list": ("key list", "name prefix source scopes public person last_used_at revoked_at"),
    "policy versions": ("policy versions", "number digest name active published_at published_by reason"),
    "policy scheduled": ("policy scheduled", "id state at zone by reason base digest note"),
    "policy progress": ("policy progress", "number total done finished"),
    "policy export": ("policy export", "format name timezone models"),
    "policy diff": ("policy diff active {other}", "path kind old new"),
    "policy lint": ("policy lint {policy}", "digest findings cases.green cases.red cases.rules cases.untouched"),
    "roster export": ("roster export", "format people"),
    "roster eligibility": ("roster eligibility {list} --month 2026-12 --role sdr --preview", "added removed unchanged"),
    "webhook list": ("webhook list", "id url events active"),
    "explain": ("explain c1", "lead.id lead.identities lead.stage lead.scores ledger.ledger sentences"),
    "report": ("report load", "report from to tables"),
    "verify": ("verify", "decisions leads differences"),
}
"""Command → how it is called, and the keys of its document, or of each item where that is a list."""
ELSEWHERE = {"replay", "simulate"}
"""Commands with tests of their own below."""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Files for commands that read one."""
    texts = {"policy": json.dumps(POLICY), "other": json.dumps(POLICY), "list": "li@example.com\n", "bad": "{"}
    for name, text in texts.items():
        (tmp_path / f"{name}.json").write_text(text)
    return {name: tmp_path / f"{name}.json" for name in texts}


@pytest.fixture
def filled(run: Run, files: dict[str, Path], tmp_path: Path) -> Run:
    """The command, on a Baton that has one of everything that commands list."""
    roster = tmp_path / "roster.yaml"
    roster.write_text("format: baton.roster/1\npeople:\n  - {email: li@example.com, role: sdr}\n")
    run("roster", "import", str(roster))
    put_in_force()
    take_in(lead_event(external_id="c1"))
    decide_all()
    send_next(now())
    run("key", "add", "site")
    run("webhook", "add", "https://crm.example.com/hook")
    run("policy", "import", str(files["policy"]))
    run("policy", "publish", "--reason", "later", "--bypass-signoff", "--at", "2099-01-01T09:00")
    return run


def commands_with_json(group: click.Group = baton, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command that takes `--json`."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands_with_json(command, (*path, name))
        elif command and any("--json" in parameter.opts for parameter in command.params):
            yield " ".join((*path, name))


def test_commands_have_their_names() -> None:
    named = (
        "up web worker scheduler migrate policy roster user key webhook replay simulate explain report verify doctor"
    )
    assert set(named.split()) <= COMMANDS.keys() - HIDDEN


def test_commands_that_print_json_keep_doing_so() -> None:
    """A new command with `--json` adds its keys to `OUTPUTS`."""
    assert set(commands_with_json()) >= OUTPUTS.keys() | ELSEWHERE


def test_every_json_output_is_one_document_with_its_keys(filled: Run, files: dict[str, Path]) -> None:
    for name, (call, wanted) in OUTPUTS.items():
        words = [word.format(**files) for word in call.split()]
        done = filled(*words, "--json")
        found: Any = json.loads(done.stdout)
        items = found if isinstance(found, list) else [found]
        assert items, f"baton {name} lists nothing: its keys are not seen"
        assert [lacking(item, wanted) for item in items] == [set()] * len(items), name


def test_a_finding_of_the_lint_has_its_keys(run: Run, files: dict[str, Path]) -> None:
    done = run("policy", "lint", str(files["bad"]), "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.exit_code, lacking(finding, "severity code path message suggestion")) == (1, set())


def test_a_simulation_prints_one_document_a_lead_with_its_keys(run: Run, tmp_path: Path) -> None:
    """Policy §9: fields may be added, not renamed."""
    events = tmp_path / "events.ndjson"
    events.write_text(json.dumps(LANDED))
    done = run("simulate", *OLIST, "--events", str(events), "--until", "2026-11-22T10:00:00Z", "--json")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert lacking(line, LINE) == set()
    assert lacking(line["decisions"][0], "event_id event at stage cell owner policy candidates") == set()
    assert lacking(line["decisions"][0]["candidates"][0], "person reason") == set()
    assert lacking(line["clocks"][0], "key owner started_at due_at state ended_at") == set()
    ledger = "group signal event_id occurred_at raw factor value contribution cut_by"
    assert lacking(line["ledger"][0], ledger) == set()
    assert lacking(line["fit_rules"][0], "group rule points") == set()
    report = run("simulate", *OLIST, "--events", str(events), "--until", "2026-11-22T10:00:00Z", "--report", "--json")
    assert lacking(json.loads(report.stdout)["policies"][0], "name tables.total tables.clocks tables.stages") == set()


def test_a_replay_prints_its_counts(run: Run, api: Api, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(f"{json.dumps(event(1))}\n{{\n")
    token = api.key("replay")["Authorization"].removeprefix("Bearer ")
    with listening(api.app) as url:
        found = json.loads(run("replay", str(file), "--url", url, "--key", token, "--json").stdout)
    assert lacking(found, "accepted duplicates rejected") == set()
    assert lacking(found["rejected"][0], "line code message") == set()


def test_good_input_ends_with_0_bad_input_with_1_and_wrong_use_with_2(run: Run, files: dict[str, Path]) -> None:
    calls = {
        0: ["--version", "key list", "policy lint {policy}", "policy import {policy}", "roster export", "verify"],
        1: ["policy lint {bad}", "policy import {bad}", "policy export --version 7", "explain nobody@example.com",
            "roster import {bad}", "key revoke nobody", "key add x --scope everything", "doctor"],
        2: ["nonsense", "policy", "policy lint", "policy lint nowhere.yaml", "key add", "user add li@example.com",
            "report weather", "policy publish", "worker --simulator --live-scores", "verify --yaml"],
    }  # fmt: skip
    for code, lines in calls.items():
        for line in lines:
            assert run(*(word.format(**files) for word in line.split())).exit_code == code, line


def test_the_installed_command_ends_with_1_and_one_sentence_on_stderr(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("baton")
    environment = {**os.environ, "BATON_HOME": str(tmp_path)}
    done = subprocess.run([command, "key", "list"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith("baton: ")


@pytest.mark.parametrize(
    "words",
    [("key", "add", "site"), ("user", "add", "li@example.com", "--role", "sdr"),
     ("webhook", "add", "https://crm.example.com/hook")],
)  # fmt: skip
def test_a_secret_stands_alone_on_stdout_and_is_explained_on_stderr(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    (secret,) = done.stdout.splitlines()
    assert len(secret) >= 12
    assert secret == secret.strip()
    assert " " not in secret
    assert "not shown again" in done.stderr
    assert secret not in done.stderr
