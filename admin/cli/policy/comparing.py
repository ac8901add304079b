"""`baton policy diff`: the changes from one policy to another, in sentences."""

from pathlib import Path
from typing import Any

import click

from admin.cli.terminal import connected, fail, json_option, print_json
from admin.text.policy.changes import sentence
from engine.errors import BatonError
from engine.store.policy.drafts import load_draft
from engine.store.policy.versions import active_number, read_version
from rulesets.document import document as documents
from rulesets.document.document import DocumentUnreadable
from rulesets.policy.diff import diff


@click.command("diff")
@click.argument("old")
@click.argument("new")
@json_option
def policy_diff(old: str, new: str, *, as_json: bool) -> None:
    """Print the changes from OLD to NEW. Each is a file, a version's number, `draft` or `active`."""
    changes = diff(_document(old), _document(new))
    if as_json:
        print_json([change.as_json() for change in changes])
        return
    for change in changes:
        click.echo(f"{change.path}: {change.kind.value}\n    {sentence(change)}")
    click.echo(f"{len(changes)} changes" if changes else "no difference")


def _document(name: str) -> dict[str, Any]:
    """The document of one side. Exits with every problem if it cannot be read."""
    path = Path(name)
    if name in {"draft", "active"} or (name.isascii() and name.isdigit() and not path.exists()):
        return _stored(name)
    try:
        parsed = documents.parse(documents.load(path.read_bytes()))
    except OSError as refused:
        fail([f"{name}: {refused.strerror}; name a file, a version's number, draft or active"])
    except DocumentUnreadable as refused:
        fail([f"{name}: {refused}"])
    if parsed.policy is None:
        fail(f"{name}: {finding.path}: {finding.message}" for finding in parsed.findings)
    return documents.plain(parsed.policy)


def _stored(name: str) -> dict[str, Any]:
    connected()
    if name == "draft":
        return load_draft().document
    number = active_number() if name == "active" else min(int(name[:12]), 2**31 - 1)
    if number is None:
        raise BatonError("no policy is in force yet: publish one, or compare files")
    return read_version(number).document
