"""`baton hook`: sources of vendor webhooks."""

import sys
from typing import Any, TextIO

import click

from admin.cli.terminal import connected, fail, json_option, print_json, print_table
from admin.hooks.definition import DefinitionRefused, read_definition
from admin.hooks.keeping import check_key, complete, sample_text, sealed, try_body
from admin.hooks.mapping import Mapped
from admin.hooks.ready_made import ready_texts
from engine.clock import SystemClock
from engine.errors import NotFound
from engine.secret_key import secret_key
from engine.store.hooks import quarantine, sources
from engine.store.schema.intake_tables import HookSource
from rulesets.document.wording import says
from rulesets.document.yaml_text import YamlRefused, read_yaml

OPERATOR = "operator"


@click.group()
def hook() -> None:
    """Sources of vendor webhooks, taken at /hooks/{source}."""


def _document(file: TextIO) -> dict[str, Any]:
    try:
        raw = read_yaml(file.read())
    except YamlRefused as refused:
        fail([f"line {refused.line}: {refused}"])
    if not isinstance(raw, dict):
        raise DefinitionRefused("a source is an object with key, label, signature, type and map")
    return raw


@hook.command("add")
@click.argument("file", type=click.File(encoding="utf-8"))
def hook_add(file: TextIO) -> None:
    """Make a source of a YAML file, or change the one with its key; without secrets in the file, they stay.

    The file has key, secrets (the newest first, two at most) and the definition; `use: NAME` begins with a ready-made
    one.
    """
    raw = _document(file)
    key, secrets = check_key(raw.pop("key", None)), raw.pop("secrets", [])
    if not isinstance(secrets, list) or not all(isinstance(one, str) for one in secrets):
        raise DefinitionRefused("secrets: give a list of texts, the newest first")
    definition = complete(raw)
    settings = connected()
    closed = sealed(secrets, definition, secret_key(settings))
    found = sources.find_source(key)
    if found is None:
        sources.add_source(key, definition, closed, SystemClock().now(), OPERATOR)
        click.echo(f"source {key} is made: its address is /hooks/{key}")
        return
    sources.change_source(key, definition, active=found.active, by=OPERATOR)
    for number, one in enumerate(reversed(closed)):
        sources.renew_secret(key, one, keep_old=number > 0, by=OPERATOR)
    click.echo(f"source {key} is changed")


@hook.command("list")
@json_option
def hook_list(*, as_json: bool) -> None:
    """All sources, without their secrets."""
    connected()
    rows = sources.list_sources()
    if as_json:
        print_json([{**row.model_dump(exclude={"secrets", "id"}), "valid_secrets": len(row.secrets)} for row in rows])
        return
    shown = (
        (
            row.key,
            row.label,
            row.definition["signature"]["scheme"],
            len(row.secrets),
            "active" if row.active else "paused",
        )
        for row in rows
    )
    print_table(("key", "label", "signature", "secrets", "state"), shown)


@hook.command("ready")
@click.argument("name", required=False)
def hook_ready(name: str | None) -> None:
    """Print the names of the ready-made sources, or one of them as YAML to begin with."""
    texts = ready_texts()
    if name is None:
        click.echo("\n".join(texts))
        return
    if name not in texts:
        fail([f"there is no ready-made source {name}; there are {', '.join(texts)}"])
    click.echo(texts[name], nl=False)


@hook.command("secret")
@click.argument("key")
@click.option("--only", is_flag=True, help="End the secret before it at once; else both are valid.")
def hook_secret(key: str, *, only: bool) -> None:
    """Give a source a new secret, read from stdin."""
    settings = connected()
    (closed,) = sealed([sys.stdin.readline().strip()], _row(key).definition, secret_key(settings))
    sources.renew_secret(key, closed, keep_old=not only, by=OPERATOR)
    click.echo(f"source {key} has a new secret{'' if only else '; the one before it stays valid'}")


@hook.command("remove")
@click.argument("key")
def hook_remove(key: str) -> None:
    """Take nothing from a source any more; its events and quarantine stay."""
    connected()
    sources.remove_source(key, OPERATOR)
    click.echo(f"source {key} is removed")


@hook.command("try")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.argument("body", type=click.File(encoding="utf-8"), required=False)
def hook_try(file: TextIO, body: TextIO | None) -> None:
    """Print the envelopes that a definition makes of a body (its sample by default); nothing is stored or sent.

    Exit code 1 when something would wait in quarantine. Needs no server.
    """
    raw = _document(file)
    key = check_key(raw.pop("key", "trial"))
    raw.pop("secrets", None)
    definition = read_definition(complete(raw))
    found = try_body(key, definition, body.read() if body else sample_text(definition), SystemClock().now())
    print_json(_as_json(found))
    if found.reason:
        fail([found.message])


def _as_json(found: Mapped) -> dict[str, Any]:
    rejected = [one.as_json() for one in found.rejections]
    return {"envelopes": list(found.envelopes), "rejected": rejected, "failure": found.failure or None}


@hook.command("quarantine")
@click.option("--source", help="Only of this source.")
@json_option
def hook_quarantine(source: str | None, *, as_json: bool) -> None:
    """What came and could not be taken, the latest first, without the bodies."""
    connected()
    rows = quarantine.list_quarantined(source)
    if as_json:
        print_json([row.model_dump(exclude={"body", "headers", "digest"}) for row in rows])
        return
    shown = ((row.id, row.source, f"{row.received_at:%Y-%m-%d %H:%M}", row.times, row.message) for row in rows)
    print_table(("number", "source", "first came", "times", "reason"), shown)


def _row(key: str) -> HookSource:
    found = sources.find_source(key)
    if found is None:
        raise NotFound(says("there is no source %(key)s", key=key))
    return found
