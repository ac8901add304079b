"""Advisory locks: each has its own key and blocks only what it protects."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from engine.store.due.rescore import progress, send_next
from engine.store.lock_keys import LockKey, lock, lock_shared, try_lock, try_lock_shards
from engine.store.roster.roster import import_roster
from engine.store.schema.migrate import upgrade
from engine.store.session import raw, session_lock_connection, transaction
from engine.store.shards import ShardLocks
from tests.factories import NOW, await_locked_out, decide_all, event, model, policy_document, put_in_force, take_in

pytestmark = pytest.mark.usefixtures("database")

ROOT = Path(__file__).parents[3]
LIMIT = 30
"""Seconds after which a test takes what it waits for to be locked out."""
T = TypeVar("T")


@contextmanager
def held(key: LockKey, take: Callable[..., object] = lock) -> Iterator[None]:
    """Somebody else has a lock."""
    with transaction() as connection:
        take(raw(connection), key)
        yield


def in_time(work: Callable[[], T], key: LockKey, take: Callable[..., object] = lock) -> T:
    """What ``work`` returns while somebody else has a lock; fails when it waits for it."""
    with ThreadPoolExecutor(1) as other, held(key, take):
        return other.submit(work).result(LIMIT)


@pytest.mark.parametrize("key", LockKey)
def test_a_lock_keeps_everybody_out_of_itself_alone(key: LockKey) -> None:
    with held(key), transaction() as connection:
        assert [one for one in LockKey if not try_lock(raw(connection), one)] == [key]


def test_locks_of_shards_meet_no_other_lock() -> None:
    with ShardLocks(range(64)) as shards, transaction() as connection:
        assert len(shards) == 64
        assert all(try_lock(raw(connection), key) for key in LockKey)
        with session_lock_connection() as other:
            assert try_lock_shards(other, range(64)) == ()


def test_leads_are_scored_anew_while_batches_are_at_work() -> None:
    put_in_force()
    take_in(*(event(external_id=f"x{number}") for number in range(3)))
    decide_all()
    put_in_force(policy_document(models=[model(fit={"groups": [], "grades": {"A": 60, "B": 40, "C": 5}})]))
    assert len(in_time(lambda: send_next(NOW), LockKey.DECIDING, lock_shared)) == 3
    state = progress()
    assert state is not None
    assert state.total == 3


def test_a_database_is_looked_at_for_migrations_while_batches_are_at_work(database: str) -> None:
    in_time(lambda: upgrade(database), LockKey.DECIDING, lock_shared)


@pytest.mark.parametrize("key", [LockKey.MIGRATE, LockKey.RESCORE, LockKey.PUBLISH, LockKey.ROSTER])
def test_events_are_decided_while_somebody_migrates_rescores_publishes_or_checks_a_roster(key: LockKey) -> None:
    put_in_force()
    take_in(event(external_id="x"))
    assert in_time(decide_all, key) == 1


def test_an_edit_of_the_roster_waits_for_the_batches_at_work() -> None:
    people = {"format": "baton.roster/1", "people": [{"email": "li@example.com", "role": "sdr"}]}
    with ThreadPoolExecutor(1) as other:
        with held(LockKey.DECIDING, lock_shared):
            edit = other.submit(import_roster, people, by="boss@example.com", now=NOW)
            await_locked_out(1)
            assert not edit.done()
        assert edit.result(LIMIT).added == ("li@example.com",)


def test_only_the_table_of_keys_takes_advisory_locks() -> None:
    files = [file for folder in ("rulesets", "engine", "workers", "admin") for file in (ROOT / folder).rglob("*.py")]
    takers = [str(file.relative_to(ROOT)) for file in files if "advisory_" in file.read_text()]
    assert takers == ["engine/store/lock_keys.py"]
