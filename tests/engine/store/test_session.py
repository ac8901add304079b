"""Connections: lazily made, never shared over a fork, UTC, retried after deadlocks."""

import os
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from engine.errors import ServerUnavailable, SettingError
from engine.settings import Settings
from engine.store import session


def test_each_test_has_a_database_of_its_own(database: str) -> None:
    with session.transaction() as connection:
        connection.execute(text("CREATE TABLE mine (n int)"))
    with session.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM mine")).scalar() == 0


def test_the_next_test_starts_clean(database: str) -> None:
    with session.transaction() as connection:
        assert connection.execute(text("SELECT to_regclass('mine')")).scalar() is None


def test_the_session_speaks_utc(database: str) -> None:
    with session.transaction() as connection:
        moment = connection.execute(text("SELECT now()")).scalar_one()
    assert moment.utcoffset() == timedelta(0)
    with session.connect(database) as plain:
        assert plain.execute("SHOW timezone").fetchone() == ("UTC",)


def test_an_error_rolls_the_transaction_back(database: str) -> None:
    with session.transaction() as connection:
        connection.execute(text("CREATE TABLE kept (n int)"))

    def stumble() -> None:
        with session.transaction() as connection:
            connection.execute(text("INSERT INTO kept VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()
    with session.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM kept")).scalar() == 0


def test_copy_through_the_raw_connection_belongs_to_the_transaction(database: str) -> None:
    with session.transaction() as connection:
        connection.execute(text("CREATE TABLE copied (n int)"))
        with session.raw(connection).cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
            for number in range(100):
                copy.write_row((number,))
        assert connection.execute(text("SELECT sum(n) FROM copied")).scalar() == 4950


def test_a_forked_child_makes_connections_of_its_own(database: str) -> None:
    with session.transaction() as connection:
        ours = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with session.transaction() as connection:
            os.write(writing, str(connection.execute(text("SELECT pg_backend_pid()")).scalar_one()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 20)) != ours
    os.close(reading)
    os.close(writing)
    with session.transaction() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == ours


def test_a_deadlock_is_retried_and_other_errors_are_not(database: str) -> None:
    tries: list[int] = []

    def stumbling() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise psycopg.errors.DeadlockDetected
        return "done"

    assert session.retrying(stumbling) == "done"
    assert len(tries) == 3

    def broken() -> None:
        tries.append(1)
        raise psycopg.errors.UniqueViolation

    with pytest.raises(psycopg.errors.UniqueViolation):
        session.retrying(broken)
    assert len(tries) == 4


def test_retrying_gives_up_with_the_last_failure() -> None:
    tries: list[int] = []

    def hopeless() -> None:
        tries.append(1)
        raise psycopg.errors.SerializationFailure

    with pytest.raises(psycopg.errors.SerializationFailure):
        session.retrying(hopeless, attempts=3)
    assert len(tries) == 3


def test_a_lost_connection_is_named_and_the_next_transaction_works(database: str) -> None:
    def cut_off() -> None:
        with session.transaction() as connection:
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with session.connect(database, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
            connection.execute(text("SELECT 1"))

    with pytest.raises(ServerUnavailable, match="database was lost"):
        cut_off()
    with session.transaction() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_database_that_is_not_there_is_said_to_be_unavailable(servers: Settings) -> None:
    nowhere = "postgresql://baton@/baton?host=/nonexistent"
    with pytest.raises(ServerUnavailable, match="does not answer"):
        session.check_answers(nowhere)
    session.init_store(nowhere)
    with pytest.raises(ServerUnavailable, match="lost"), session.transaction():
        raise AssertionError("a transaction began without a database")
    session.close_store()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x.db", "nonsense"])
def test_only_postgresql_is_taken(url: str) -> None:
    with pytest.raises(SettingError, match="BATON_DATABASE_URL"):
        session.init_store(url)


def test_the_common_spellings_of_the_url_mean_the_same() -> None:
    spellings = ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d")
    assert {session.sqlalchemy_url(url) for url in spellings} == {"postgresql+psycopg://u:p@h/d"}
