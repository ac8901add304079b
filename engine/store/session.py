"""Connections to PostgreSQL: one engine per process, transactions, and the raw driver for COPY.

Nothing connects before its first use, and no connection is shared over a fork: a child drops the inherited engine and
makes its own. `init_store` sets the URL once per process. Must not depend on tables or servers.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from engine.errors import ServerUnavailable, SettingError

T = TypeVar("T")
Driver = psycopg.Connection[Any]
"""The driver's connection inside an open transaction, as `raw` returns it."""
DatabaseError = (psycopg.Error, DBAPIError)
"""Errors of the database, as opposed to errors of our own code."""

CONNECT_SECONDS = 5
POOL_SIZE = 5
POOL_OVERFLOW = 5
POOL_WAIT_SECONDS = 10
# An idle transaction of a hung process would block vacuum and hold its locks: end it after 5 minutes (ms).
SESSION_OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=300000"
RETRIED_STATES = {"40001", "40P01"}
"""SQLSTATEs of a serialization failure and a deadlock: a retry of the transaction may succeed."""
LOST_STATES = {"57P01", "57P02", "57P03"}
"""SQLSTATEs of a server that shuts down, crashed, or is still starting."""
FIRST_PAUSE = 0.01
"""Longest pause before the second attempt, in seconds. Doubles with each further one."""


@dataclass(slots=True)
class _Store:
    """The database URL of this process, and the engine with the ``pid`` that made it."""

    url: str | None = None
    engine: Engine | None = None
    pid: int = 0


_store = _Store()


def sqlalchemy_url(url: str) -> str:
    """The URL in the form that SQLAlchemy needs for psycopg 3. Raises SettingError for anything but PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingError("BATON_DATABASE_URL cannot be read: write postgresql://user:password@host/name") from None
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise SettingError(f"BATON_DATABASE_URL is for {parsed.drivername}: Baton needs postgresql://…")
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def init_store(url: str) -> None:
    """Set the database of this process. Connects to nothing yet. An earlier engine is closed."""
    close_store()
    _store.url = sqlalchemy_url(url)


def close_store() -> None:
    """Close this process's connections. The next use opens new ones."""
    if _store.engine is not None:
        # A child must not close sockets that its parent still uses.
        _store.engine.dispose(close=_store.pid == os.getpid())
    _store.engine = None


def engine() -> Engine:
    """The engine of this process, made on first use. An engine inherited over a fork is left to the parent."""
    if _store.url is None:
        raise ServerUnavailable("no database was named for this process: call init_store(url) at its start")
    if _store.engine is None or _store.pid != os.getpid():
        close_store()
        _store.engine, _store.pid = make_engine(_store.url), os.getpid()
    return _store.engine


def make_engine(url: str, *, pooled: bool = True) -> Engine:
    """A new engine for ``url``; ``pooled=False`` opens a connection per use, for one-off commands."""
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "options": SESSION_OPTIONS}
    address = sqlalchemy_url(url)
    if not pooled:
        return create_engine(address, poolclass=NullPool, connect_args=arguments)
    return create_engine(
        address,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_SECONDS,
        # Costs one round trip per use, and hides a restart of the server from the caller.
        pool_pre_ping=True,
        connect_args=arguments,
    )


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """One psycopg connection outside every pool: for session locks, maintenance and checks. The caller closes it."""
    parsed = make_url(sqlalchemy_url(url))
    named = parsed.translate_connect_args(username="user", database="dbname")
    asked = {name: value if isinstance(value, str) else ",".join(value) for name, value in parsed.query.items()}
    ours = {"connect_timeout": CONNECT_SECONDS, "options": SESSION_OPTIONS}
    try:
        return psycopg.connect(autocommit=autocommit, **{**named, **asked, **ours})
    except psycopg.OperationalError as error:
        raise ServerUnavailable(f"the database does not answer ({_first_line(error)})") from error


def session_lock_connection() -> psycopg.Connection:
    """A connection outside the pool, in autocommit, for session locks. The caller closes it."""
    if _store.url is None:
        raise ServerUnavailable("no database was named for this process: call init_store(url) at its start")
    return connect(_store.url, autocommit=True)


def check_answers(url: str) -> None:
    """Raise ServerUnavailable unless the database accepts a connection and a query."""
    with connect(url, autocommit=True) as connection:
        connection.execute("SELECT 1")


@contextmanager
def transaction() -> Iterator[Connection]:
    """A SQLAlchemy connection in a transaction: committed at the end of the block, rolled back on any error.

    Raises ServerUnavailable if the database cannot be reached or is lost meanwhile. Then nothing is committed, unless
    it was lost during the commit itself.
    """
    try:
        with engine().begin() as connection:
            yield connection
    except OperationalError as error:
        if is_connection_lost(error):
            raise ServerUnavailable(f"the database was lost ({_first_line(error.orig)})") from error
        raise


def raw(connection: Connection) -> psycopg.Connection:
    """The psycopg connection under a SQLAlchemy one, in the same transaction: for COPY. Do not commit or close it."""
    return cast("psycopg.Connection", connection.connection.driver_connection)


def retrying(work: Callable[[], T], attempts: int = 6) -> T:
    """Run a whole transaction. After a deadlock or serialization failure, run it again after a growing random pause.

    ``work`` must open its transaction itself and have no other effects. The last error is raised unchanged.
    """
    for attempt in range(1, attempts):
        try:
            return work()
        except (DBAPIError, psycopg.Error) as error:
            if sqlstate(error) not in RETRIED_STATES:
                raise
            time.sleep(random.uniform(0, FIRST_PAUSE * 2**attempt))  # noqa: S311 - spreads rivals, guards nothing
    return work()


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of a driver error, wrapped by SQLAlchemy or not; None if it has none."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return origin.sqlstate if isinstance(origin, psycopg.Error) else None


def is_connection_lost(error: DBAPIError) -> bool:
    """Whether the connection was lost or never made, as opposed to a refused statement."""
    state = sqlstate(error)
    return error.connection_invalidated or state is None or state in LOST_STATES or state.startswith("08")


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]
