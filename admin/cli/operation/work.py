"""`baton worker` decides events. `baton scheduler` wakes workers and fires clocks."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading

import click

from admin.cli.terminal import connected
from admin.delivering import deliverer
from workers.jobs import run_worker
from workers.live_scores import run_live_scores
from workers.queues import EVENTS
from workers.scheduler import run_scheduler
from workers.servers.embedded import redis_url
from workers.simulator import SIMULATIONS

DELIVERIES_STOP_SECONDS = 3.0
"""Seconds for deliveries in progress when the scheduler stops. Others are sent again after their lease."""


@click.command()
@click.option("-n", "number", type=click.IntRange(1, 256), default=1, show_default=True, help="How many processes.")
@click.option(
    "--simulator", "--asks", "simulator", is_flag=True, help="Answer the web's simulations instead of deciding events."
)
@click.option(
    "--live-scores",
    "--reads",
    "live_scores",
    is_flag=True,
    help="Tell the web the scores of the moment instead of deciding events.",
)
def worker(number: int, *, simulator: bool, live_scores: bool) -> None:
    """Decide waiting events."""
    if simulator and live_scores:
        raise click.UsageError("--simulator and --live-scores are two workers: start one of each")
    settings = connected()
    if number > 1:
        sys.exit(_many_workers(number, "--simulator" if simulator else "--live-scores" if live_scores else None))
    if live_scores:
        run_live_scores()
    else:
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        run_worker(redis_url(settings), name, SIMULATIONS if simulator else EVENTS)


def _many_workers(number: int, kind: str | None) -> int:
    """Run several workers. If one ends unexpectedly, stop the others and return 1: the service manager restarts all."""
    command = (sys.executable, "-m", "admin.cli", "worker", *filter(None, [kind]))
    children = [subprocess.Popen(command) for _ in range(number)]
    asked = []

    def stop(signum: int, _: object) -> None:
        asked.append(signum)
        for child in children:
            child.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    os.waitpid(-1, 0)  # whichever ends first
    if not asked:
        stop(signal.SIGTERM, None)
    for child in children:
        child.wait()
    return 0 if len(asked) == 1 else 1


@click.command()
def scheduler() -> None:
    """Wake waiting shards, fire due clocks, retry queued leads, send messages. Several schedulers share the work."""
    settings = connected()
    stop = threading.Event()
    beside = deliverer(settings)
    beside.start(stop)
    run_scheduler(stop=stop, retention_months=settings.retention_months)
    beside.join(DELIVERIES_STOP_SECONDS)
