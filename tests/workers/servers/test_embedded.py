"""The life of the embedded servers: first and later starts, every way to stop, and what a killed server leaves."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from engine.errors import ServerUnavailable
from engine.settings import load_settings
from engine.store.session import connect
from tests.workers.servers import launching
from workers.servers import embedded, programs
from workers.servers.folders import SOCKETS, lock_owner, run_folder, socket_path, take_lock


@pytest.fixture
def holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    process = launching.start_holder(home)
    yield process
    process.kill()
    process.communicate()
    launching.await_nothing_left(home)


def write_something(home: Path) -> None:
    settings = launching.settings_of(home)
    with connect(embedded.database_url(settings)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    with redis.Redis.from_url(embedded.redis_url(settings)) as client:
        client.incr("kept")


def what_is_there(home: Path) -> tuple[int, int]:
    settings = launching.settings_of(home)
    with connect(embedded.database_url(settings)) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    with redis.Redis.from_url(embedded.redis_url(settings), decode_responses=True) as client:
        return (row[0] if row else 0), int(str(client.get("kept")))


def start_and_stop(home: Path) -> None:
    with embedded.embedded_servers(launching.settings_of(home), lock_wait=0.1):
        pass


def test_data_survives_a_stop_and_a_start(tmp_path: Path) -> None:
    home = tmp_path / "made" / "on" / "the" / "way"
    settings = launching.settings_of(home)
    with embedded.embedded_servers(settings):
        write_something(home)
        assert launching.answering(settings)
    assert not launching.answering(settings)
    assert list(run_folder(home).iterdir()) == []
    with embedded.embedded_servers(settings):
        assert what_is_there(home) == (1, 1)


def test_the_database_is_utf8_with_the_builtin_locale_and_keeps_its_promises(home: Path) -> None:
    settings = launching.settings_of(home)
    shown = "server_encoding", "fsync", "synchronous_commit", "max_connections", "shared_buffers", "listen_addresses"
    with embedded.embedded_servers(settings), connect(embedded.database_url(settings)) as connection:
        values = [connection.execute(f"SHOW {name}").fetchone() for name in shown]
        locale = connection.execute(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'baton'"
        ).fetchone()
        with redis.Redis.from_url(embedded.redis_url(settings), decode_responses=True) as client:
            kept = client.config_get("append*")
    assert values == [("UTF8",), ("on",), ("on",), ("100",), ("128MB",), ("",)]
    assert locale == ("b", "C.UTF-8")
    assert (kept["appendonly"], kept["appendfsync"]) == ("yes", "everysec")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_parent_dies_nothing_is_left_and_nothing_is_lost(
    home: Path, holder: subprocess.Popen[str], how: signal.Signals
) -> None:
    write_something(home)
    assert len(launching.server_pids(home)) == 2
    holder.send_signal(how)
    holder.wait()
    launching.await_nothing_left(home)
    assert launching.server_pids(home) == []
    assert list(run_folder(home).iterdir()) == []
    with embedded.embedded_servers(launching.settings_of(home)):
        assert what_is_there(home) == (1, 1)


def test_when_the_servers_are_killed_the_next_start_recovers(home: Path, holder: subprocess.Popen[str]) -> None:
    write_something(home)
    with redis.Redis.from_url(embedded.redis_url(launching.settings_of(home))) as client:
        client.execute_command("WAITAOF", 1, 0, 5000)
    for pid in launching.server_pids(home):
        os.kill(pid, signal.SIGKILL)
    holder.kill()
    holder.wait()
    launching.await_nothing_left(home)
    assert {path.name for path in run_folder(home).iterdir()} >= set(SOCKETS.values())
    with embedded.embedded_servers(launching.settings_of(home)):
        assert what_is_there(home) == (1, 1)


def test_a_stale_pid_file_naming_a_living_process_does_not_stop_the_start(home: Path, used_home: Path) -> None:
    settings = launching.settings_of(home)
    with embedded.embedded_servers(launching.settings_of(used_home)):
        living = lock_owner(used_home, "valkey")
        stale = home / "postgres" / "data" / "postmaster.pid"
        stale.write_text(f"{living}\n{stale.parent}\n0\n5432\n\n\n  0 0\nready\n")
        with embedded.embedded_servers(settings):
            assert launching.answering(settings)


def test_a_start_cut_short_during_initialisation_is_begun_again(tmp_path: Path) -> None:
    home = tmp_path
    settings = launching.settings_of(home)
    half_made = home / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    if launching.ROOT:
        for path in (half_made.parent, half_made, half_made / "PG_VERSION"):
            os.chown(path, launching.other_user().pw_uid, launching.other_user().pw_gid)
    with embedded.embedded_servers(settings):
        assert launching.answering(settings)
    assert not half_made.exists()


@pytest.mark.parametrize("kind", ["postgres", "valkey"])
def test_a_second_owner_is_refused_with_the_process_that_has_the_folder(
    home: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = take_lock(home, kind)
    assert programs.main(["--home", str(home), "--wait", "0.1", kind]) == 1
    os.close(lock)
    said = capsys.readouterr().err
    assert f"process {os.getpid()} holds {kind}.lock" in said
    assert "BATON_HOME" in said


def test_a_second_start_on_a_running_home_fails_with_that_sentence(home: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(ServerUnavailable, match="is in use: process") as caught:
        start_and_stop(home)
    assert str(launching.server_pids(home)[0]) in str(caught.value)
    assert launching.answering(launching.settings_of(home))


def test_data_of_another_major_version_is_refused_with_the_way_out(home: Path) -> None:
    (home / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerUnavailable, match="written by PostgreSQL 17, this Baton carries 18"):
        start_and_stop(home)


def test_commands_beside_a_stopped_baton_say_what_to_do(home: Path) -> None:
    settings = launching.settings_of(home)
    with pytest.raises(ServerUnavailable, match=r"the database does not answer.*start `baton up`.*BATON_HOME is"):
        embedded.require_servers(settings)


def test_outside_servers_are_used_as_they_are_and_never_started(home: Path) -> None:
    environment = {
        "BATON_HOME": str(home),
        "BATON_DATABASE_URL": "postgres://u:p@localhost:1/x",
        "BATON_REDIS_URL": "redis://localhost:1/0",
    }
    settings = load_settings(environment)
    assert embedded.database_url(settings) == "postgresql+psycopg://u:p@localhost:1/x"
    assert embedded.redis_url(settings) == "redis://localhost:1/0"
    with embedded.embedded_servers(settings):
        assert launching.server_pids(home) == []
    with pytest.raises(ServerUnavailable, match="check BATON_DATABASE_URL"):
        embedded.require_servers(settings)


def test_sockets_and_data_are_closed_to_others(home: Path) -> None:
    with embedded.embedded_servers(launching.settings_of(home)):
        folders = [home / "postgres", home / "postgres" / "data", home / "valkey", run_folder(home)]
        sockets = [socket_path(home, kind) for kind in SOCKETS]
        assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (home, *folders, *sockets)} == {0}
