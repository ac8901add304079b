"""`baton policy restore`, `scheduled`, `cancel`: old versions and scheduled publications."""

import click

from admin.cli.terminal import connected, fail, json_option, print_json, print_table
from admin.publishing import OPERATOR
from engine.policy.activation import cancel
from engine.policy.life import restore
from engine.store.policy.drafts import load_draft
from engine.store.policy.plans import open_plans

SHOWN = ("id", "state", "at", "zone", "by", "reason", "base", "digest", "note")
"""Columns of a scheduled publication."""


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
    """List scheduled and suspended publications, the next first."""
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
    """Cancel the scheduled or suspended publication NUMBER."""
    connected()
    if not cancel(number, OPERATOR, reason):
        fail([f"the planned publication {number} is in force or cancelled already: nothing was changed"])
    click.echo(f"the planned publication {number} is cancelled")
