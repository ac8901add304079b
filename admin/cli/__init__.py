"""The `baton` command: one table of commands, each loaded only when it is asked for.

Commands that change something refuse bad input whole, print every problem and exit with 1. May not decide anything
about leads: they call what the web application calls.
"""

import sys
from importlib import import_module

import click

from engine.errors import BatonError

COMMANDS = {
    "up": "up:up",
    "web": "serve:web",
    "worker": "work:worker",
    "scheduler": "work:scheduler",
    "migrate": "serve:migrate",
    "policy": "policies:policy",
    "roster": "rosters:roster",
    "user": "accounts:user",
    "key": "accounts:key",
    "replay": "replay:replay",
    "explain": "reading:explain",
    "verify": "reading:verify",
    "doctor": "doctor:doctor",
    "demo-stream": "demo:demo_stream",
}
"""Command → module of this package and function."""
HIDDEN = frozenset({"demo-stream"})


class Commands(click.Group):
    """Loads a command's module when the command is named or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The table's order: from running Baton to looking at it."""
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"admin.cli.{module}"), function)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="leadbaton")
def baton() -> None:
    """Carry leads from marketing to sales by rules that business people own."""


def main() -> None:
    """Entry point: errors made on purpose are one sentence on stderr and exit code 1."""
    try:
        baton()
    except BatonError as error:
        click.echo(f"baton: {error}", err=True)
        sys.exit(1)
