"""Shards of leads and their locks: while a drain holds a shard, no other process decides its leads.

Session locks of PostgreSQL on their own connection: they end with the process, even if it is killed.
"""

from collections.abc import Iterable
from types import TracebackType

from engine.store.lock_keys import try_lock_shards
from engine.store.session import session_lock_connection

SHARDS = 64
"""Number of shards. A drain job locks several of them. Stored in rows: never change it."""


class ShardLocks:
    """``with ShardLocks(shards) as held``: tries each shard once, without waiting. ``held`` are the locked ones."""

    def __init__(self, shards: Iterable[int]) -> None:
        self._shards = tuple(shards)
        self._connection = session_lock_connection()

    def __enter__(self) -> tuple[int, ...]:
        return try_lock_shards(self._connection, self._shards)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
