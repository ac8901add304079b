"""`baton up`: everything in one terminal."""

import sys
from ipaddress import ip_address

import click

from engine.errors import SettingError
from engine.settings import Settings, load_settings
from workers.servers.supervised import Program
from workers.servers.supervisor import READY, SERVERS, run_up


@click.command()
@click.option("--demo", is_flag=True, help="Also load a policy and a roster, and stream made-up leads (loopback only).")
def up(*, demo: bool) -> None:
    """Run everything in this terminal: servers, web, workers, scheduler."""
    settings = load_settings()
    if demo and not _is_loopback(settings.host):
        raise SettingError(
            f"--demo is for this machine only, and BATON_HOST is {settings.host}: unset it, or leave --demo out"
        )
    sys.exit(run_up(settings, programs(settings, demo=demo), lambda: click.echo(ready_line(settings))))


def programs(settings: Settings, *, demo: bool) -> list[Program]:
    """The programs of `baton up`. Migrations run first; the demo starts when `/readyz` answers 200."""
    found = [
        Program("migrate", _own("migrate"), once=True, after=SERVERS),
        Program("web", _own("web"), after="migrate"),
        Program("worker", _own("worker"), copies=settings.workers, after="migrate"),
        Program("simulator", (*_own("worker"), "--simulator"), after="migrate"),
        Program("live-scores", (*_own("worker"), "--live-scores"), after="migrate"),
        Program("scheduler", _own("scheduler"), after="migrate"),
    ]
    return [*found, Program("demo", _own("demo-stream"), once=True, after=READY)] if demo else found


def _own(command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "admin.cli", command)


def ready_line(settings: Settings) -> str:
    """The line that says where Baton is. Scripts wait for `Baton is ready`."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    return (
        f"Baton is ready: {address}/admin/ (sign-in: `baton user add`), API docs {address}/docs/api. Ctrl-C stops it."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
