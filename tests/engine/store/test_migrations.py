"""The migrated tables are those of the code, and every revision is recorded."""

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from engine.errors import ServerUnavailable
from engine.store.read.readiness import check_tables
from engine.store.schema import migrate
from engine.store.schema.revisions import MIGRATIONS, is_current, latest
from engine.store.session import transaction
from tests.factories import column


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


def made_newer() -> None:
    """What a later version of Baton leaves behind."""
    with transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def test_a_newer_database_is_refused_in_one_sentence_and_left_as_it_is(database: str) -> None:
    made_newer()
    for look in (is_current, check_tables, lambda: migrate.upgrade(database)):
        with pytest.raises(ServerUnavailable, match=f"newer version of Baton .*9999.* up to {latest()}") as refused:
            look()
        assert "baton migrate" not in str(refused.value)
    assert column("SELECT version_num FROM alembic_version") == ["9999"]


def test_an_older_database_is_told_to_migrate(database: str) -> None:
    with transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(ServerUnavailable, match="run `baton migrate`"):
        check_tables()
