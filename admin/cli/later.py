"""A click group that imports a command only when it runs, so that a short command starts fast."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

Where = Mapping[str, tuple[str, str]]
"""Command → (module of this package and function, help text)."""


class Later(click.Group):
    """A group that imports the commands of ``later`` on use. `--help` reads the table and imports nothing."""

    def __init__(self, *arguments: Any, later: Where, hidden: frozenset[str] = frozenset(), **rest: Any) -> None:
        super().__init__(*arguments, **rest)
        self._later = later
        self._hidden = hidden

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands of the table in its order, then those added by decorator."""
        return [*(name for name in self._later if name not in self._hidden), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in self._later:
            return super().get_command(ctx, cmd_name)
        module, function = self._later[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(f"admin.cli.{module}"), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing those of the table."""
        own = {name: command.get_short_help_str() for name, command in self.commands.items()}
        told = {name: does for name, (_, does) in self._later.items()} | own
        with formatter.section("Commands"):
            formatter.write_dl([(name, told[name]) for name in self.list_commands(ctx)])
