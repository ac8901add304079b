"""The tables in the database are those in code, and the way there is recorded."""

from engine.store import migrate
from engine.store.session import transaction


def test_a_migrated_database_has_exactly_the_tables_of_the_code(database: str) -> None:
    with transaction() as connection:
        assert migrate.differences(connection) == []


def test_a_migrated_database_is_current_and_migrating_again_changes_nothing(database: str) -> None:
    migrate.upgrade(database)
    assert migrate.is_current()


def test_a_database_without_revisions_is_not_current(database: str) -> None:
    with transaction() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    assert not migrate.is_current()
