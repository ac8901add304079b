"""The embedded PostgreSQL and Valkey: their URLs, whether they answer, how to start and stop them.

`server_command` gives a command that becomes the server itself (workers/servers/programs.py), for any process manager.
Commands that run beside ``baton up`` only connect: they take a URL from here and start nothing.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import redis

from engine.errors import ServerUnavailable
from engine.settings import Settings
from engine.store.session import check_answers, sqlalchemy_url
from workers.servers.folders import lock_owner, make_home, run_folder, socket_path
from workers.servers.programs import DATABASE, LOCK_WAIT, STOP_SIGNALS

START_LIMIT = 60.0
STOP_LIMIT = 20.0
"""Seconds allowed for a start, which may replay a log, and for a stop, which writes a checkpoint."""
ANSWER_POLL = 0.02
NO_EXTRA: Mapping[str, Sequence[str]] = {}


def database_url(settings: Settings) -> str:
    """SQLAlchemy URL (``postgresql+psycopg://…``) of the outside database if one is set, else of the embedded one."""
    if settings.database_url:
        return sqlalchemy_url(settings.database_url)
    folder = quote(str(run_folder(settings.home)), safe="")
    return f"postgresql+psycopg://{DATABASE}@/{DATABASE}?host={folder}"


def redis_url(settings: Settings) -> str:
    """redis-py URL of the outside queue if one is set, else ``unix://…`` of the embedded one."""
    return settings.redis_url or f"unix://{quote(str(socket_path(settings.home, 'valkey')))}"


def embedded_kinds(settings: Settings) -> tuple[str, ...]:
    """The servers that Baton runs itself with these settings, in the order of their start."""
    outside = {"postgres": settings.database_url, "valkey": settings.redis_url}
    return tuple(kind for kind, url in outside.items() if not url)


def require_servers(settings: Settings) -> None:
    """Raise ServerUnavailable, with what to do, unless both servers answer."""
    for kind in ("postgres", "valkey"):
        try:
            check_answering(kind, settings)
        except ServerUnavailable as error:
            raise ServerUnavailable(f"{error}; {_what_to_do(kind, settings)}") from error


def _what_to_do(kind: str, settings: Settings) -> str:
    if kind in embedded_kinds(settings):
        return f"start `baton up` in another terminal (BATON_HOME is {settings.home}) and try again"
    return f"check {'BATON_DATABASE_URL' if kind == 'postgres' else 'BATON_REDIS_URL'} and that the server is up"


def check_answering(kind: str, settings: Settings) -> None:
    """Raise ServerUnavailable unless this server accepts a connection and a command."""
    if kind == "postgres":
        check_answers(database_url(settings))
        return
    url = redis_url(settings)
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5, retry=None) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise ServerUnavailable(f"the queue does not answer ({type(error).__name__}: {error})") from error


def server_command(
    kind: str, settings: Settings, *, parent: int, extra: Sequence[str] = (), lock_wait: float = LOCK_WAIT
) -> list[str]:
    """The command line that becomes one embedded server. The server ends when process ``parent`` does.

    Run it with `child_environment`, from the parent's main thread.
    """
    options = ["--home", str(settings.home), "--parent", str(parent), "--wait", str(lock_wait)]
    return [sys.executable, "-m", "workers.servers.programs", *options, kind, "--", *extra]


def child_environment() -> dict[str, str]:
    """This environment, extended so that a child in any working folder imports this installation."""
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, inherited] if inherited else [root])}


@contextmanager
def embedded_servers(
    settings: Settings, extra: Mapping[str, Sequence[str]] = NO_EXTRA, lock_wait: float = LOCK_WAIT
) -> Iterator[None]:
    """Run the embedded servers for the duration of the block. Logs are in ``<home>/log``.

    ``extra`` gives more options by kind; later ones win. ``lock_wait`` is how long, in seconds, to wait for the remains
    of a killed predecessor. Call it from the main thread. Raises ServerUnavailable, with the server's last lines, if
    one does not start.
    """
    with ExitStack() as stack:
        for kind in embedded_kinds(settings):
            command = server_command(kind, settings, parent=os.getpid(), extra=extra.get(kind, ()), lock_wait=lock_wait)
            stack.enter_context(_one_server(kind, settings, command))
        yield


@contextmanager
def _one_server(kind: str, settings: Settings, command: Sequence[str]) -> Iterator[None]:
    log = settings.home / "log" / f"{kind}.log"
    make_home(settings.home, "log")
    output = log.open("wb")
    with (
        output,
        subprocess.Popen(
            command,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            await_answering(kind, settings, lambda: _is_ours(kind, settings, process, log))
            yield
        finally:
            _stop(kind, process)


def await_answering(kind: str, settings: Settings, may_look: Callable[[], bool] = lambda: True) -> None:
    """Return once the server answers. ``may_look`` is called before each check and may raise to end the wait."""
    deadline = time.monotonic() + START_LIMIT
    while True:
        looking = may_look()
        try:
            if looking:
                return check_answering(kind, settings)
        except ServerUnavailable:
            if time.monotonic() > deadline:
                raise
        time.sleep(ANSWER_POLL)


def _is_ours(kind: str, settings: Settings, process: subprocess.Popen[bytes], log: Path) -> bool:
    """Whether the started server holds the lock. Until then another server may be answering."""
    if process.poll() is not None:
        raise ServerUnavailable(_last_words(kind, log))
    return lock_owner(settings.home, kind) == process.pid


def _last_words(kind: str, log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()[-5:]
    return f"the embedded {kind} did not start: {' / '.join(lines) or 'it said nothing'}"


def _stop(kind: str, process: subprocess.Popen[bytes]) -> None:
    process.send_signal(STOP_SIGNALS[kind])
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
