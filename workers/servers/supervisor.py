"""`baton up`: runs the embedded servers and Baton's programs in one terminal, and stops them in order.

Starts the servers and waits until they answer. Each program starts when the one named in its ``after`` is done. The
command line supplies the programs. On Ctrl-C, SIGTERM or SIGHUP the programs stop first, then the servers. Must not
import admin; decides nothing about leads.
"""

import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.supervisord import Supervisor

from engine.errors import ServerUnavailable, SettingError
from engine.settings import Settings
from workers.servers.embedded import child_environment, embedded_kinds, server_command
from workers.servers.folders import lock_owner, prepare_folders, take_lock
from workers.servers.programs import STOP_SIGNALS
from workers.servers.supervised import Options, Program, SupervisorState, show_output

SERVERS = "servers"
READY = "ready"
"""Names for ``after``: both servers answer; the web process is ready."""
PORT_WAIT = 3.0
"""Seconds to wait for the port, which programs of a killed `baton up` may still hold."""
SERVER_STOP_SECONDS = 20.0


def run_up(settings: Settings, programs: Sequence[Program], on_ready: Callable[[], None]) -> int:
    """Run servers and ``programs`` until stopped. Returns the exit code. Call it from the main thread.

    ``on_ready`` is called once, when ``/readyz`` answers 200; it must return at once. Raises ServerUnavailable, before
    anything is started, if Baton already runs on this data folder, the folder cannot be used, or the port is in use.

    1. Check that port and folder are free. 2. Take the lock of the data folder. 3. Start the servers, and the other
    programs as `Program.after` says. 4. On a signal stop the programs, then the servers.
    """
    lock = _claim(settings)
    _require_free_port(settings.host, settings.port)

    def tell(name: str) -> None:
        if name == READY:
            on_ready()

    stage = SupervisorState({**child_environment(), "BATON_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"}, tell)
    groups = {"servers": _servers(settings), "programs": [*_waits(settings, programs), *programs]}
    try:
        _Keeper(Options(groups, stage), stage).run()
    except ExitNow:
        return 0
    finally:
        if lock is not None:
            os.close(lock)
    return 0


class _Keeper(Supervisor):  # type: ignore[misc]  # the library carries no types
    """The library's main loop, which also shows the programs' output."""

    def __init__(self, options: Any, stage: SupervisorState) -> None:
        super().__init__(options)
        self.stage = stage

    def runforever(self) -> None:
        """The main loop. It subscribes here because the library drops earlier subscriptions when it starts."""
        show_output(self.stage)
        super().runforever()


def _claim(settings: Settings) -> int | None:
    """Lock the data folder against a second `baton up`. Not needed if both servers are outside ones."""
    if not settings.embedded:
        return None
    for kind in embedded_kinds(settings):
        prepare_folders(settings.home, kind)
    owner = lock_owner(settings.home, "up")
    if owner is not None:
        raise ServerUnavailable(
            f"Baton is already running on {settings.home} (process {owner}): use that one, stop it first, "
            f"or set BATON_HOME and BATON_PORT to run a second one"
        )
    return take_lock(settings.home, "up")


def _require_free_port(host: str, port: int) -> None:
    if port == 0:
        raise SettingError("BATON_PORT is 0: `baton up` needs a fixed port, for example 8000")
    deadline = time.monotonic() + PORT_WAIT
    while (reason := _why_not_free(host, port)) is not None:
        if time.monotonic() >= deadline:
            raise ServerUnavailable(
                f"cannot listen on {host} port {port} ({reason}): stop the program that uses the port, "
                f"or set BATON_PORT (and BATON_HOST) to others"
            )
        time.sleep(0.1)


def _why_not_free(host: str, port: int) -> str | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            # As the web process does: connections in TIME_WAIT do not count as a used port.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _servers(settings: Settings) -> list[Program]:
    return [
        Program(
            name=kind,
            argv=tuple(server_command(kind, settings, parent=os.getpid())),
            stop_signal=STOP_SIGNALS[kind],
            stop_within=SERVER_STOP_SECONDS,
            ask_again=SERVER_STOP_SECONDS,
        )
        for kind in embedded_kinds(settings)
    ]


def _waits(settings: Settings, programs: Sequence[Program]) -> list[Program]:
    """Baton's own two steps: the servers answer; the web process is ready, once the `once` steps after the servers are
    done.
    """
    python = (sys.executable, "-m")
    last = next((program.name for program in reversed(programs) if program.once and program.after == SERVERS), SERVERS)
    return [
        Program(SERVERS, (*python, "workers.servers.server_readiness"), once=True),
        Program(READY, (*python, "workers.servers.web_readiness", ready_url(settings)), once=True, after=last),
    ]


def ready_url(settings: Settings) -> str:
    """The URL of ``/readyz`` from this machine, also if the web process listens on all addresses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)  # noqa: S104 - compared
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/readyz"
