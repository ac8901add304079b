"""Shared by all commands: connecting to the servers, and printing tables or JSON."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

import click

from engine.keyed_hash import init_keyed_hash
from engine.secret_key import secret_key
from engine.settings import Settings, load_settings
from engine.store.read.readiness import check_tables
from engine.store.session import init_store
from workers.queues import init_queue
from workers.servers.embedded import database_url, redis_url, require_servers

Function = TypeVar("Function", bound=Callable[..., Any])


def connected() -> Settings:
    """Load the settings and connect to the running servers. Raises ServerUnavailable, which says what to start."""
    settings = load_settings()
    require_servers(settings)
    init_store(database_url(settings))
    init_queue(redis_url(settings))
    if settings.secret_key or settings.embedded:
        init_keyed_hash(secret_key(settings))
    check_tables()
    return settings


def json_option(command: Function) -> Function:
    """Add ``--json`` to a reading command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} cannot be printed as JSON")


def print_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print aligned columns. A Chinese character is two cells wide."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(_width(line[place]) for line in lines) for place in range(len(head))]
    for line in lines:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    return sum(2 if "\u1100" <= letter <= "\u115f" or "\u2e80" <= letter <= "\uffe6" else 1 for letter in text)


def fail(problems: Iterable[str]) -> NoReturn:
    """Print every problem on stderr and end with exit code 1."""
    for problem in problems:
        click.echo(problem, err=True)
    raise click.exceptions.Exit(1)
