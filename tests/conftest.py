"""Real servers for the tests: one embedded PostgreSQL and Valkey per run, a clean database and queue per test.

The servers are Baton's own launcher with its own settings, but without fsync: nothing here outlives the run, and
tests of durability start servers of their own.
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

from engine.settings import Settings, load_settings
from engine.store import session
from workers import embedded

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole installations first: they take longest, and nothing should wait for them at the end."""
    items.sort(key=lambda item: "e2e" not in item.nodeid)


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
    if util.find_spec("engine.store.migrate"):
        import_module("engine.store.migrate").upgrade(url)
    return TEMPLATE


@pytest.fixture
def database(servers: Settings, template_database: str) -> Iterator[str]:
    """URL of a migrated, empty database of this test's own; `engine.store.session` is told of it.

    Copying the files takes half the time of the default strategy, which writes the copy to the log.
    """
    name = f"test_{next(_numbers)}"
    url = _url_of(servers, name)
    _administer(servers, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template_database)
    session.init_store(url)
    try:
        yield url
    finally:
        session.close_store()
        _administer(servers, "DROP DATABASE {} WITH (FORCE)", name)


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
