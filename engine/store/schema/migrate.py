"""Migrate a database to the tables of this version of Baton, with the Alembic revisions in ``engine/migrations``."""

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
    "engine.store.schema.lead_tables",
    "engine.store.schema.event_tables",
    "engine.store.schema.decision_tables",
    "engine.store.schema.clock_tables",
    "engine.store.schema.roster_tables",
    "engine.store.schema.version_tables",
    "engine.store.schema.admin_tables",
    "engine.store.schema.draft_tables",
    "engine.store.schema.notice_tables",
    "engine.store.schema.intake_tables",
)
"""Modules that define tables. A module that is missing here is missing in the comparison with the database."""


def upgrade(url: str) -> None:
    """Apply the missing revisions to the database at ``url``. Several processes may call this at once.

    Raises `NewerDatabase`, and changes nothing, if a later version of Baton has migrated it.
    """
    engine = make_engine(url, pooled=False)
    try:
        with engine.begin() as connection:
            # Before the revision is read: a waiting process must see the result of the first one.
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
    """The differences between the tables in code and in the database, as Alembic reports them."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata()))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
