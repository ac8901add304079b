"""Real servers for the tests: one embedded PostgreSQL and Valkey per run, a clean database and queue per test.

Baton's own launcher starts them, without fsync: no data outlive the run. Tests of durability start their own servers.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path

import hypothesis
import pytest
import redis
from psycopg import sql
from sqlalchemy.engine import make_url

from engine.keyed_hash import init_keyed_hash
from engine.settings import Settings, load_settings
from engine.store import session
from workers.servers import embedded

UNSAFE_BUT_FAST = {
    "postgres": (
        "--fsync=off",
        "--full_page_writes=off",
        "--synchronous_commit=off",
        "--autovacuum_naptime=300s",
        "--wal_level=minimal",
        "--max_wal_senders=0",
    ),
    "valkey": ("--appendfsync", "no"),
}
# How long one example takes says how busy the machine is, not whether the rule holds.
hypothesis.settings.register_profile("baton", deadline=None, print_blob=True, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("baton")

TEMPLATE = "baton_template"
_numbers = itertools.count(1)
_standing: list[str] = []
"""Databases of this process that are empty again."""
_made: dict[str, tuple[object, ...]] = {}
"""Database → what its tables were like when it was new."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole installations first: they take longest, and nothing should wait for them at the end.

    What decides is covered by its own tests; those of pages and processes are not slowed down by counting branches.
    """
    items.sort(key=lambda item: "e2e" not in item.nodeid)
    for item in items:
        if item.nodeid.startswith(("tests/admin", "tests/workers", "tests/e2e")) and "roster" not in item.nodeid:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def servers() -> Iterator[Settings]:
    """Settings of embedded servers that run until the end of the test run, in a short folder of their own."""
    home = Path(tempfile.mkdtemp(prefix="baton-test-"))
    settings = load_settings({"BATON_HOME": str(home), "BATON_PORT": "0", "BATON_SECRET_KEY": "for-tests-only" * 4})
    try:
        with embedded.embedded_servers(settings, UNSAFE_BUT_FAST):
            yield settings
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(servers: Settings) -> str:
    """Name of a database with every migration applied; each test gets a copy of it."""
    url = _url_of(servers, TEMPLATE)
    _administer(servers, "CREATE DATABASE {}", TEMPLATE)
    if util.find_spec("engine.store.schema.migrate"):
        import_module("engine.store.schema.migrate").upgrade(url)
    return TEMPLATE


@pytest.fixture
def database(servers: Settings, template_database: str) -> Iterator[str]:
    """URL of a migrated, empty database of this test's own; `engine.store.session` is told of it.

    One database of a process is emptied for the next test, which costs a tenth of a new one; whoever changes its tables
    leaves it to nobody.
    """
    name = _standing.pop() if _standing else f"test_{next(_numbers)}"
    url = _url_of(servers, name)
    if name not in _made:
        _administer(servers, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template_database)
        _made[name] = _shape(url)
    session.init_store(url)
    init_keyed_hash("for-tests-only" * 4)
    try:
        yield url
    finally:
        session.close_store()
        if _emptied(url, _made[name]):
            _standing.append(name)
        else:
            _administer(servers, "DROP DATABASE {} WITH (FORCE)", name)


def _shape(url: str) -> tuple[object, ...]:
    """The tables of a database and the revision they are of; nothing when there is no telling."""
    with session.connect(url, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        names = [table for (table,) in tables]
        known = "alembic_version" in names
        return (*names, *(connection.execute("SELECT version_num FROM alembic_version").fetchall() if known else ()))


def _emptied(url: str, shape: tuple[object, ...]) -> bool:
    """End what others still do in a database and take everything out of it; False when its tables have changed."""
    with session.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if _shape(url) != shape:
            return False
        tables = [sql.Identifier(name) for name in shape if isinstance(name, str) and name != "alembic_version"]
        asked = sql.SQL(", ").join(sql.SQL("EXISTS (SELECT FROM {})").format(table) for table in tables)
        found = connection.execute(sql.SQL("SELECT {}").format(asked)).fetchone() or ()
        full = [table for table, has_rows in zip(tables, found, strict=True) if has_rows]
        if full:
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(full)))
        connection.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) "
            "FROM pg_sequences WHERE last_value IS NOT NULL"
        )
        return True


@pytest.fixture
def redis_url(servers: Settings) -> str:
    """URL of the queue, emptied before the test."""
    url = embedded.redis_url(servers)
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


def _url_of(servers: Settings, name: str) -> str:
    return make_url(embedded.database_url(servers)).set(database=name).render_as_string(hide_password=False)


def _administer(servers: Settings, statement: str, *names: str) -> None:
    with session.connect(_url_of(servers, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
