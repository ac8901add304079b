"""Become PostgreSQL or Valkey: prepare, give up root, set the death signal of the parent, exec.

``python -m workers.servers.programs --home FOLDER [--parent PID] postgres|valkey [-- OPTION…]``; `server_command` of
workers/servers/embedded.py builds that line. Imports little, because nothing can be imported after root is given up.

No Baton process remains between the process manager and the server, so signals, exit codes and logs are the server's
own. Writes the servers' own files, never a business table.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ServerUnavailable
from workers.servers.account import SystemUser, become, postgres_program, valkey_program
from workers.servers.folders import SOCKETS, data_folder, explained, prepare_folders, run_folder, take_lock
from workers.servers.lifeline import die_with_parent

DATABASE = "baton"
"""Name of the database and of its only user."""
POSTGRES_MAJOR = "18"
POSTGRES_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
VALKEY_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "loglevel": "warning",
}
STOP_SIGNALS = {"postgres": signal.SIGINT, "valkey": signal.SIGTERM}
"""Signals that stop a server quickly and cleanly. On SIGTERM, PostgreSQL would wait for its clients."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""The whole environment of a server: none of our secrets, no PG* variables of the caller."""
LOCK_WAIT = 5.0
"""Seconds to wait for the remains of a killed predecessor. A process manager retries anyway."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Paths through which the server reaches its folders.

    Inherited descriptors if the server's user has no access to the path (root's home is closed), else the paths
    themselves.
    """

    data: Path
    run: Path


def exec_server(kind: str, home: Path, *, parent: int | None, extra: Sequence[str], wait: float = LOCK_WAIT) -> None:
    """Become the server ``kind`` on ``home``. Never returns; raises ServerUnavailable on failure.

    1. Create the folders, find the user and the binaries. 2. Take the lock, whose descriptor the server inherits. 3.
    Open the folders for the server's user and become that user. 4. Initialise on the first start, and remove the
    remains of a killed predecessor. 5. Set the death signal, then exec.
    """
    account = prepare_folders(home, kind)
    program = postgres_program(account) if kind == "postgres" else valkey_program(account)
    # Before the server's own files are touched: the lock also excludes a server that is still stopping.
    _inherit(take_lock(home, kind, wait))
    with explained(home):
        doors = _open_doors(home, kind, account)
        if os.getpgrp() != os.getpid():
            # Ctrl-C in the terminal must not reach the server: the programs stop first.
            os.setsid()
        os.chdir("/")
        become(account)
        os.umask(0o077)
        command = _postgres_command if kind == "postgres" else _valkey_command
        arguments = [*command(program, doors, account), *extra]
        # After `become`, which clears the setting.
        die_with_parent(STOP_SIGNALS[kind], parent)
        os.execve(program, arguments, ENVIRONMENT)  # noqa: S606 - no shell is wanted


def _inherit(handle: int) -> int:
    os.set_inheritable(handle, True)  # noqa: FBT003 - the standard library's signature
    return handle


def _open_doors(home: Path, kind: str, account: SystemUser) -> Doors:
    folders = data_folder(home, kind), run_folder(home)
    if not account.switching:
        return Doors(*folders)
    opened = (_inherit(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)) for folder in folders)
    return Doors(*(Path(f"/proc/self/fd/{handle}") for handle in opened))


def _valkey_command(program: Path, doors: Doors, _account: SystemUser) -> list[str]:
    socket = doors.run / SOCKETS["valkey"]
    socket.unlink(missing_ok=True)
    options = VALKEY_OPTIONS | {"unixsocket": str(socket), "dir": str(doors.data)}
    return [str(program), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _postgres_command(program: Path, doors: Doors, account: SystemUser) -> list[str]:
    data, socket = doors.data / "data", doors.run / SOCKETS["postgres"]
    if not data.exists():
        _initialise(program, doors.data / "data.new")
        # Renamed only when complete, so that a killed start leaves no half cluster behind.
        (doors.data / "data.new").rename(data)
    _refuse_other_version(data)
    _let_in_only(data, {account.name, "root"} if account.switching else {account.name})
    # Safe, because this process holds the lock: no server of this folder is alive.
    for left in (data / "postmaster.pid", socket, socket.with_name(f"{socket.name}.lock")):
        left.unlink(missing_ok=True)
    options = POSTGRES_OPTIONS | {"unix_socket_directories": str(doors.run)}
    return [str(program), "-D", str(data), *(f"--{name}={value}" for name, value in options.items())]


def _initialise(program: Path, data: Path) -> None:
    """Create a cluster with the database. An incomplete one of a killed start is deleted first."""
    if data.exists():
        shutil.rmtree(data)
    words = f"--username={DATABASE} --auth-local=peer --auth-host=reject --encoding=UTF8 --locale=C --no-instructions"
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    _run([str(program.with_name("initdb")), "-D", str(data), *words.split(), *locale])
    _run([str(program), "--single", "-D", str(data), "postgres"], feed=f"CREATE DATABASE {DATABASE}\n")


def _run(command: list[str], feed: str = "") -> None:
    done = subprocess.run(
        command,
        input=feed,
        text=True,
        close_fds=False,
        env=ENVIRONMENT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        tail = " / ".join(done.stdout.strip().splitlines()[-3:])
        raise ServerUnavailable(f"PostgreSQL could not prepare its data folder: {tail}")


def _refuse_other_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != POSTGRES_MAJOR:
        raise ServerUnavailable(
            f"the data was written by PostgreSQL {found}, this Baton carries {POSTGRES_MAJOR}: "
            f"dump it with the Baton that wrote it and load the dump here (docs/operations.md, Upgrades)"
        )


def _let_in_only(data: Path, users: set[str]) -> None:
    """Allow only these system users to connect, as the one database user, through the socket."""
    lines = "".join(f'{DATABASE} "{name}" {DATABASE}\n' for name in sorted(users))
    (data / "pg_ident.conf").write_text(lines)
    (data / "pg_hba.conf").write_text(f"local all {DATABASE} peer map={DATABASE}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Become one server; returns 1 after one clear sentence on stderr when that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m workers.servers.programs", description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--wait", type=float, default=LOCK_WAIT)
    parser.add_argument("kind", choices=sorted(STOP_SIGNALS))
    parser.add_argument("extra", nargs="*")
    chosen = parser.parse_args(arguments)
    try:
        exec_server(chosen.kind, chosen.home.absolute(), parent=chosen.parent, extra=chosen.extra, wait=chosen.wait)
    except ServerUnavailable as error:
        sys.stderr.write(f"baton: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
