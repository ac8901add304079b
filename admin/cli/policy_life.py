"""`baton policy diff`, `restore`, `scheduled`, `cancel`: compare, bring back, see what waits."""

from pathlib import Path
from typing import Any

import click

from admin.cli.terminal import connected, fail, json_option, print_json, print_table
from admin.publishing import OPERATOR
from admin.views.changes import sentence
from engine.activation import cancel
from engine.errors import BatonError
from engine.life import restore
from engine.store.drafts import load_draft
from engine.store.plans import open_plans
from engine.store.versions import active_number, read_version
from rulesets import document as documents
from rulesets.diff import diff
from rulesets.document import DocumentUnreadable

SHOWN = ("id", "state", "at", "zone", "by", "reason", "base", "digest", "note")
"""What is told of a planned publication."""


@click.command("diff")
@click.argument("old")
@click.argument("new")
@json_option
def policy_diff(old: str, new: str, *, as_json: bool) -> None:
    """Tell what changes from OLD to NEW: each a file, a version's number, `draft` or `active`."""
    changes = diff(_document(old), _document(new))
    if as_json:
        print_json([change.as_json() for change in changes])
        return
    for change in changes:
        click.echo(f"{change.path}: {change.kind.value}\n    {sentence(change)}")
    click.echo(f"{len(changes)} changes" if changes else "no difference")


@click.command("restore")
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
def policy_restore(number: int) -> None:
    """Load version NUMBER into the draft; publishing it makes a new version."""
    connected()
    before = load_draft()
    revision = restore(number, None, OPERATOR)
    if revision == before.revision:
        click.echo(f"the draft is version {number} already: nothing was changed")
    else:
        click.echo(f"the draft is version {number} again, revision {revision}; `baton policy publish` puts it in force")


@click.command("scheduled")
@json_option
def policy_scheduled(*, as_json: bool) -> None:
    """List publications that wait for their moment or are suspended, the next first."""
    connected()
    plans = [{name: getattr(plan, name) for name in SHOWN} for plan in open_plans()]
    if as_json:
        print_json(plans)
    else:
        print_table(SHOWN, ([plan[name] if plan[name] is not None else "" for name in SHOWN] for plan in plans))


@click.command("cancel")
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@click.option("--reason", required=True, help="Why it is given up.")
def policy_cancel(number: int, reason: str) -> None:
    """Give up the scheduled or suspended publication NUMBER."""
    connected()
    if not cancel(number, OPERATOR, reason):
        fail([f"the planned publication {number} is in force or cancelled already: nothing was changed"])
    click.echo(f"the planned publication {number} is cancelled")


COMMANDS = (policy_diff, policy_restore, policy_scheduled, policy_cancel)


def _document(name: str) -> dict[str, Any]:
    """The plain document of a side; ends the command with every problem when there is none."""
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
