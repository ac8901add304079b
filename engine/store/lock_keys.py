"""The advisory locks of Baton: one table of keys, and the only statements that take them.

A lock without ``try`` waits. All but those of shards are held to the end of the transaction. A key is never given to
another lock: processes of the version before may still run and hold it.
"""

from collections.abc import Iterable
from enum import IntEnum, unique

from engine.store.session import Driver


@unique
class LockKey(IntEnum):
    """Keys of PostgreSQL's locks with one key of 64 bits, and what each protects."""

    PUBLISH = 7_231_101
    """Publications, one after another."""
    ROSTER = 7_231_102
    """Edits of the roster, one after another."""
    DECIDING = 7_231_103
    """Shared by transactions that decide, exclusive for an edit of the roster (`engine.store.roster.roster_lock`)."""
    DISCIPLINE = 7_231_104
    """Counters of strikes."""
    RESCORE = 7_231_105
    """Of several schedulers one sends leads to be scored anew."""
    MIGRATE = 7_231_106
    """One process migrates while others wait."""


SHARD_NAMESPACE = 0x6261746F
"""First key of the locks of shards. PostgreSQL keeps locks with two keys of 32 bits apart from those with one."""


def lock(driver: Driver, key: LockKey) -> None:
    """Take a lock alone."""
    driver.execute("SELECT pg_advisory_xact_lock(%s)", [int(key)])


def lock_shared(driver: Driver, key: LockKey) -> None:
    """Take a lock together with others who share it."""
    driver.execute("SELECT pg_advisory_xact_lock_shared(%s)", [int(key)])


def try_lock(driver: Driver, key: LockKey) -> bool:
    """Take a lock alone, or say at once that somebody else has it."""
    row = driver.execute("SELECT pg_try_advisory_xact_lock(%s)", [int(key)]).fetchone()
    return bool(row and row[0])


def try_lock_shards(driver: Driver, shards: Iterable[int]) -> tuple[int, ...]:
    """Take the locks of shards until the connection closes; those that were free."""
    rows = driver.execute(
        "SELECT shard FROM unnest(%s::int[]) AS shard WHERE pg_try_advisory_lock(%s, shard)",
        [list(shards), SHARD_NAMESPACE],
    ).fetchall()
    return tuple(shard for (shard,) in rows)
