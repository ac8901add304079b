"""The tables in the database are those in code, and the way there is recorded."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from engine.store import migrate
from engine.store.revisions import MIGRATIONS, is_current, latest
from engine.store.session import transaction


def test_a_migrated_database_has_exactly_the_tables_of_the_code(database: str) -> None:
    with transaction() as connection:
        assert migrate.differences(connection) == []


def test_a_migrated_database_is_current_and_migrating_again_changes_nothing(database: str) -> None:
    migrate.upgrade(database)
    assert is_current()


def test_a_database_without_revisions_is_not_current(database: str) -> None:
    with transaction() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    assert not is_current()


def test_a_database_that_was_never_migrated_is_not_current(database: str) -> None:
    with transaction() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert not is_current()


def test_the_files_tell_the_revision_that_alembic_ends_with() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [latest()]
