"""The advisory locks of Baton: one table of keys, and the only statements that take them.

Functions without ``try`` wait for the lock. Locks of shards are held until the connection closes, all others until the
transaction ends. A key is never reused for another lock, because processes of an older version may still hold it.
"""

from collections.abc import Iterable
from enum import IntEnum, unique

from engine.store.session import Driver


@unique
class LockKey(IntEnum):
    """Keys of the PostgreSQL advisory locks with one 64-bit key, and what each protects."""

    PUBLISH = 7_231_101
    """Serializes publications."""
    ROSTER = 7_231_102
    """Serializes edits of the roster."""
    DECIDING = 7_231_103
    """Shared by transactions that decide; exclusive for an edit of the roster (`engine.store.roster.roster_lock`)."""
    DISCIPLINE = 7_231_104
    """Protects the counters of strikes."""
    RESCORE = 7_231_105
    """Lets one of several schedulers send leads to be rescored."""
    MIGRATE = 7_231_106
    """Lets one process migrate while others wait."""


SHARD_NAMESPACE = 0x6261746F
"""First key of the locks of shards. PostgreSQL keeps locks with two 32-bit keys apart from those with one."""


def lock(driver: Driver, key: LockKey) -> None:
    """Take an exclusive lock; wait for it."""
    driver.execute("SELECT pg_advisory_xact_lock(%s)", [int(key)])


def lock_shared(driver: Driver, key: LockKey) -> None:
    """Take a shared lock; wait for it."""
    driver.execute("SELECT pg_advisory_xact_lock_shared(%s)", [int(key)])


def try_lock(driver: Driver, key: LockKey) -> bool:
    """Take an exclusive lock. Returns False at once if another transaction holds it."""
    row = driver.execute("SELECT pg_try_advisory_xact_lock(%s)", [int(key)]).fetchone()
    return bool(row and row[0])


def try_lock_shards(driver: Driver, shards: Iterable[int]) -> tuple[int, ...]:
    """Take the free locks of these shards until the connection closes. Returns the shards that were locked."""
    rows = driver.execute(
        "SELECT shard FROM unnest(%s::int[]) AS shard WHERE pg_try_advisory_lock(%s, shard)",
        [list(shards), SHARD_NAMESPACE],
    ).fetchall()
    return tuple(shard for (shard,) in rows)
