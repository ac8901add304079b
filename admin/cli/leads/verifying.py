"""`baton verify`: recomputes everything from the events and compares it with what is stored."""

import sys
from typing import Any

import click

from admin.cli.terminal import connected, json_option, print_json
from engine.verification.verify import verify as run

SHOWN = 50


@click.command()
@json_option
def verify(*, as_json: bool) -> None:
    """Replay every decision in one snapshot and compare; exit 1 on any difference."""
    connected()
    bar: Any
    with click.progressbar(
        length=1, label="verifying", file=sys.stderr, hidden=as_json or not sys.stderr.isatty()
    ) as bar:

        def show(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        found = run(show)
    differences = [str(difference) for difference in found.differences]
    if as_json:
        print_json({"decisions": found.decisions, "leads": found.leads, "differences": differences})
    else:
        for difference in differences[:SHOWN]:
            click.echo(difference, err=True)
        if len(differences) > SHOWN:
            click.echo(f"… and {len(differences) - SHOWN} more", err=True)
        click.echo(f"{found.decisions:,} decisions of {found.leads:,} leads replayed: {len(differences)} differences")
    raise click.exceptions.Exit(1 if differences else 0)
