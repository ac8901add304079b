"""`baton hook`: sources of vendor webhooks in the terminal; secrets go in and never come out."""

import json
from pathlib import Path

import pytest

from admin.hooks.ready_made import ready_texts
from admin.hooks.sealing import unseal
from engine.settings import Settings
from engine.store.hooks import quarantine, sources
from tests.admin.cli.test_cli import Run, run
from tests.present import now

__all__ = ["run"]
FILE = "key: forms\nuse: typeform\nsecrets: [first-secret]\n"


def written(folder: Path, text: str) -> str:
    path = folder / "source.yaml"
    path.write_text(text)
    return str(path)


def secrets(settings: Settings) -> list[str]:
    row = sources.find_source("forms")
    assert row is not None
    return [unseal(one, settings.secret_key or "") for one in row.secrets]


def test_a_source_is_made_listed_rotated_and_removed(run: Run, settings: Settings, tmp_path: Path) -> None:
    made = run("hook", "add", written(tmp_path, FILE))
    assert (made.exit_code, made.stdout) == (0, "source forms is made: its address is /hooks/forms\n")
    assert secrets(settings) == ["first-secret"]
    listed = run("hook", "list", "--json").stdout
    assert "first-secret" not in listed
    assert [(one["key"], one["label"], one["valid_secrets"]) for one in json.loads(listed)] == [
        ("forms", "Typeform", 1)
    ]
    assert "hmac" in run("hook", "list").stdout
    assert run("hook", "secret", "forms", input="second\n").exit_code == 0
    assert secrets(settings) == ["second", "first-secret"]
    assert run("hook", "secret", "forms", input="third\n").exit_code == 0
    assert secrets(settings) == ["third", "second"], "two are valid, no more"
    assert run("hook", "secret", "forms", "--only", input="fourth\n").exit_code == 0
    assert secrets(settings) == ["fourth"]
    assert run("hook", "remove", "forms").exit_code == 0
    assert sources.list_sources() == []


def test_adding_a_source_again_changes_it_and_keeps_its_secrets(run: Run, settings: Settings, tmp_path: Path) -> None:
    run("hook", "add", written(tmp_path, FILE))
    run("hook", "add", written(tmp_path, "key: forms\nuse: typeform\nlabel: Our forms\n"))
    row = sources.find_source("forms")
    assert row is not None
    assert (row.label, secrets(settings)) == ("Our forms", ["first-secret"])
    run("hook", "add", written(tmp_path, FILE.replace("[first-secret]", "[b, a]")))
    assert secrets(settings) == ["b", "a"]


def test_every_ready_made_source_prints_what_can_be_tried(run: Run, tmp_path: Path) -> None:
    assert run("hook", "ready").stdout.split() == list(ready_texts())
    for name in ready_texts():
        text = run("hook", "ready", name).stdout
        tried = run("hook", "try", written(tmp_path, text))
        assert (tried.exit_code, bool(json.loads(tried.stdout)["envelopes"])) == (0, True), name
    assert run("hook", "ready", "nothing").exit_code == 1


def test_a_body_that_would_wait_says_why_and_ends_with_1(run: Run, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"event_type": "form_response", "event_id": "1"}')
    tried = run("hook", "try", written(tmp_path, FILE), str(body))
    assert (tried.exit_code, json.loads(tried.stdout)["rejected"][0]["code"]) == (1, "missing")
    assert "occurred_at is missing" in tried.stderr


def test_the_quarantine_is_listed_without_bodies(run: Run) -> None:
    quarantine.keep_body(quarantine.Held("forms", "missing", "id is missing", b'{"email": "gao@softex.cn"}', {}), now())
    table, listed = run("hook", "quarantine").stdout, run("hook", "quarantine", "--json", "--source", "forms").stdout
    assert "id is missing" in table
    assert "softex" not in table + listed
    assert json.loads(run("hook", "quarantine", "--json", "--source", "x").stdout) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("key: A B\nuse: typeform", "key: write 1 to 40"),
        ("key: a\nuse: typform", "no ready-made source"),
        ("key: a\nuse: typeform\nsecrets: x", "secrets: give a list"),
        ("key: a\nuse: wecom\nsecrets: [x]", "two parts"),
        ("key: a\nuse: typeform\nformt: x", "formt: is no key here: did you mean format?"),
        ("key: a\nuse: typeform\neach: '['", "no JMESPath expression"),
        ("key: a\nuse: typeform\neach: 'bogus(@)'", "calls bogus(), which does not exist"),
        ("key: a\nuse: typeform\nsignature: {scheme: hmac}", "needs header"),
        ("key: a\nuse: typeform\nsignature: {scheme: none}", "needs addresses"),
        ("key: a\nuse: typeform\nsignature: {scheme: bearer, addresses: [1.2.3]}", "addresses"),
        ("key: a\nuse: typeform\ntype: {}", "give either always, or from"),
        ("[]", "a source is an object"),
        ("key: a", "signature: Field required; type: Field required; map: Field required"),
    ],
)
def test_a_source_that_cannot_be_used_is_refused_with_its_problems(
    run: Run, tmp_path: Path, text: str, why: str
) -> None:
    refused = run("hook", "add", written(tmp_path, text))
    assert why in str(refused.exception)
    assert sources.list_sources() == []


def test_a_file_that_is_no_yaml_names_the_line(run: Run, tmp_path: Path) -> None:
    refused = run("hook", "add", written(tmp_path, "key: a\nlabel: [\n"))
    assert (refused.exit_code, "line 3" in refused.stderr) == (1, True)


@pytest.mark.parametrize("words", [("secret", "none"), ("remove", "none")])
def test_a_source_that_is_not_there_is_said(run: Run, words: tuple[str, ...]) -> None:
    assert "there is no source none" in str(run("hook", *words, input="x\n").exception)
