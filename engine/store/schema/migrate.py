"""Brings a database to the tables of this version of Baton, by the Alembic revisions in ``engine/migrations``."""

from importlib import import_module

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlmodel import SQLModel

from engine.store.lock_keys import LockKey, lock
from engine.store.schema.revisions import MIGRATIONS, revision_of
from engine.store.session import make_engine, raw

TABLES = (
    "engine.store.schema.tables",
    "engine.store.schema.identity_tables",
    "engine.store.schema.admin_tables",
    "engine.store.schema.draft_tables",
    "engine.store.schema.notice_tables",
)


def upgrade(url: str) -> None:
    """Apply the revisions that the database at ``url`` lacks; several processes may call this at once.

    Raises `NewerDatabase`, and changes nothing, for one that a later version of Baton has migrated.
    """
    engine = make_engine(url, pooled=False)
    try:
        with engine.begin() as connection:
            lock(raw(connection), LockKey.MIGRATE)
            revision_of(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def metadata() -> MetaData:
    """All tables of Baton."""
    for module in TABLES:
        import_module(module)
    return SQLModel.metadata


def differences(connection: Connection) -> list[object]:
    """What the tables in code and those in the database do not agree on, as Alembic tells it."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata()))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
