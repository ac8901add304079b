"""Folders and locks of the embedded servers under ``BATON_HOME``.

    postgres/   valkey/      data, mode 0700, owned by the user the server runs as
    run/                     Unix sockets, mode 0700; a link to a short private folder when BATON_HOME is too deep
    postgres.lock …          an flock each, held while any process of that server lives; the text is its process id

Creates folders and locks. Starts nothing and never deletes data.
"""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import ServerUnavailable
from workers.servers.account import SystemUser, server_account

SOCKETS = {"postgres": ".s.PGSQL.5432", "valkey": "valkey.sock"}
SOCKET_PATH_LIMIT = 107
"""Bytes the kernel allows for the path of a Unix socket."""
FREE_FIRST = 200 << 20
FREE_LATER = 32 << 20
"""Bytes that must be free on the disk for a first start and for a later one."""
POLL = 0.02


def data_folder(home: Path, kind: str) -> Path:
    """The folder of one server's data."""
    return home / kind


def run_folder(home: Path) -> Path:
    """The folder of the sockets, short enough for their paths; it exists once a server was started."""
    with explained(home):
        run = home / "run"
        return run.readlink() if run.is_symlink() else run


def socket_path(home: Path, kind: str) -> Path:
    """The Unix socket of one server."""
    return run_folder(home) / SOCKETS[kind]


def make_home(home: Path, inside: str = "") -> None:
    """Create ``home``, closed to other users, and a folder in it. Raises ServerUnavailable with what to do."""
    with explained(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / inside).mkdir(mode=0o700, exist_ok=True)


def prepare_folders(home: Path, kind: str) -> SystemUser:
    """Create the missing folders of one server under ``home``. Returns the user that the server must run as.

    Raises ServerUnavailable, with what to do, if the folder cannot be used.
    """
    make_home(home)
    with explained(home), _setting_up(home):
        account = server_account(data_folder(home, "postgres"))
        require_space(home, FREE_LATER if data_folder(home, kind).exists() else FREE_FIRST)
        _private_folder(data_folder(home, kind), account)
        _private_folder(_settled_run_folder(home), account)
    return account


@contextmanager
def explained(home: Path) -> Iterator[None]:
    """Turn errors of the operating system about ``home`` into a sentence with what to do."""
    try:
        yield
    except OSError as error:
        raise ServerUnavailable(f"cannot use the data folder {home}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    place = error.filename or "it"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return (
            f"{place} is closed to this user or not writable; give it to them, or set BATON_HOME to a folder of theirs"
        )
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; free some space, or set BATON_HOME to a folder on another disk"
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return f"{place} is no folder; remove it, or set BATON_HOME to another place"
    return f"{error.strerror} ({place}); mend that, or set BATON_HOME to another folder"


def require_space(home: Path, needed: int) -> None:
    """Raise ServerUnavailable unless ``needed`` bytes are free on the disk of ``home``."""
    free = shutil.disk_usage(home).free
    if free < needed:
        raise ServerUnavailable(
            f"the disk of {home} is nearly full: {free >> 20} MB are free and the embedded servers need "
            f"{needed >> 20} MB to start; free some space, or set BATON_HOME to a folder on another disk"
        )


@contextmanager
def _setting_up(home: Path) -> Iterator[None]:
    handle = _open_lock(home, home / "setup.lock")
    try:
        # Blocks: both servers prepare their folders at the same time.
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _private_folder(folder: Path, account: SystemUser) -> None:
    """Create ``folder`` if it is missing. It must be a real folder, closed to others and owned by ``account``."""
    folder.mkdir(mode=0o700, exist_ok=True)
    # `lstat`: a symbolic link could point to a folder of another user.
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(folder))
    if found.st_uid not in {account.uid, os.geteuid()}:
        raise PermissionError(errno.EACCES, "owned by somebody else", str(folder))
    if account.switching and found.st_uid != account.uid:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def _settled_run_folder(home: Path) -> Path:
    """The folder of the sockets. For a deep home a short folder is made once and linked as ``run``."""
    run = home / "run"
    if run.is_symlink():
        if run.exists():
            return run.readlink()
        run.unlink()
    if _fits(run):
        return run
    if run.is_dir():
        run.rmdir()
    short = Path(tempfile.mkdtemp(prefix="baton-", dir=_short_base()))
    run.symlink_to(short)
    return short


def _fits(folder: Path) -> bool:
    return max(len(os.fsencode(folder / name)) for name in SOCKETS.values()) <= SOCKET_PATH_LIMIT


def _short_base() -> Path:
    """The first folder for run-time files that exists, is writable and is short."""
    choices = [os.environ.get("XDG_RUNTIME_DIR"), "/run" if os.geteuid() == 0 else None, tempfile.gettempdir(), "/tmp"]  # noqa: S108 - the folder made there is private
    for choice in choices:
        if choice and os.access(choice, os.W_OK | os.X_OK) and _fits(Path(choice) / "baton-12345678"):
            return Path(choice)
    raise ServerUnavailable("no short folder for sockets is writable: set BATON_HOME to a path under 80 bytes")


def take_lock(home: Path, name: str, wait: float = 0.0) -> int:
    """Hold ``<name>.lock`` while the returned descriptor, or an inherited copy of it, is open.

    Waits up to ``wait`` seconds for the remains of a killed owner. Raises ServerUnavailable with the owner's process
    id.
    """
    path = home / f"{name}.lock"
    with explained(home):
        handle = _open_lock(home, path)
        deadline = time.monotonic() + wait
        while not _locked(handle):
            if time.monotonic() >= deadline:
                owner = os.pread(handle, 20, 0).decode().strip() or "unknown"
                os.close(handle)
                raise ServerUnavailable(
                    f"the data folder {home} is in use: process {owner} holds {path.name}; "
                    f"stop that one first, or set BATON_HOME to another folder"
                )
            time.sleep(POLL)
        # Written in place, never replaced: a new file would be another lock.
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def lock_owner(home: Path, name: str) -> int | None:
    """The process id that holds ``<name>.lock``; None if nobody does."""
    try:
        handle = os.open(home / f"{name}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _locked(handle, fcntl.LOCK_SH):
            return None
        return int(os.pread(handle, 20, 0).decode().strip() or 0)
    finally:
        os.close(handle)


def _open_lock(home: Path, path: Path) -> int:
    # NOFOLLOW: root must not open a file through a link that another user made.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = home.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
    return handle


def _locked(handle: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
