"""`baton replay`: sends a file of lead events through the HTTP API and prints a summary."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from admin.cli.sending import EventSender, SendingSummary, lists_of
from admin.cli.terminal import connected, json_option, print_json
from engine.clock import SystemClock
from engine.errors import SettingError
from engine.settings import Settings
from engine.store.access.keys import temporary_key

SOURCE = "replay"
"""Source of events sent without a key. It is fixed, so a second replay of a file has only duplicates."""
SCOPES = ("events:write", "leads:write")


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--url", help="Address of a Baton, such as http://host:8000; default: the one on this machine.")
@click.option("--key", envvar="BATON_KEY", help="A key with events:write (and leads:write for work and history).")
@click.option("--patience", default=120.0, show_default=True, help="Seconds to wait for a server that is away.")
@json_option
def replay(file: IO[bytes], url: str | None, key: str | None, patience: float, *, as_json: bool) -> None:
    """Send FILE (one JSON event per line, - for stdin). It is safe to interrupt and repeat."""
    summary = SendingSummary()
    with _door(url, key) as (address, secret):
        sender = EventSender(address, secret, patience)
        quiet = as_json or not sys.stderr.isatty()
        try:
            bar: Any
            with click.progressbar(length=_size(file) or 0, label="replaying", file=sys.stderr, hidden=quiet) as bar:
                for lines in lists_of(file, summary.refusals.append):
                    sender.send(lines, summary)
                    bar.update(sum(len(line.text) + 1 for line in lines))
        finally:
            sender.close()
    _tell(summary, as_json=as_json)


@contextmanager
def _door(url: str | None, key: str | None) -> Iterator[tuple[str, str]]:
    """The address and the key. For the local Baton: a temporary key, deleted at the end."""
    if key is not None:
        yield url or local_address(connected()), key
    elif url is not None:
        raise SettingError("--url needs --key (or BATON_KEY): make one there with `baton key add`")
    else:
        settings = connected()
        with temporary_key(SOURCE, SCOPES, SystemClock().now()) as secret:
            yield local_address(settings), secret


def local_address(settings: Settings) -> str:
    """The address of the local web process; a wildcard host becomes loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _size(file: IO[bytes]) -> int | None:
    if not file.seekable():
        return None
    end = file.seek(0, 2)
    file.seek(0)
    return end


def _tell(summary: SendingSummary, *, as_json: bool) -> None:
    if as_json:
        print_json(summary.as_json())
    else:
        click.echo(_counts(summary))
    for refusal in summary.refusals:
        click.echo(f"line {refusal.line}: {refusal.message} [{refusal.code}]", err=True)
    raise click.exceptions.Exit(1 if summary.refusals else 0)


def _counts(summary: SendingSummary) -> str:
    reasons: Counter[Any] = Counter(refusal.code for refusal in summary.refusals)
    told = ", ".join(f"{code} {number:,}" for code, number in reasons.most_common())
    rejected = f"{len(summary.refusals):,}" + (f" ({told})" if told else "")
    return f"accepted {summary.accepted:,}   duplicates {summary.duplicates:,}   rejected {rejected}"
