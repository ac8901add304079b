"""Looks for a text in everything that a database and a Redis hold."""

from collections.abc import Iterator
from typing import Any

import redis
from psycopg import sql

from engine.store.session import raw, transaction


def places_of(values: list[str]) -> list[tuple[str, str, str]]:
    """(table, column, value) of every column of every table whose text holds one of these values, in any case."""
    with transaction() as connection:
        driver = raw(connection)
        columns = driver.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
        found = []
        for table, column in columns:
            query = sql.SQL("SELECT v FROM unnest(%s::text[]) v WHERE EXISTS (SELECT FROM {} t WHERE {})").format(
                sql.Identifier(table),
                sql.SQL("strpos(lower(t.{}::text), lower(v)) > 0").format(sql.Identifier(column)),
            )
            found += [(table, column, value) for (value,) in driver.execute(query, [values])]
        return sorted(found)


def redis_texts(client: "redis.Redis") -> Iterator[str]:
    """Every key with what it holds."""
    readers: dict[Any, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    for key in client.scan_iter("*"):
        yield f"{key!r} {readers[client.type(key)](key)!r}"
