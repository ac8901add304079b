"""Published policies: immutable versions and the pointer to the version in force (docs/contract/design.md §4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from sqlalchemy import Connection

from engine.errors import NotFound
from engine.store.lock_keys import LockKey, lock
from engine.store.session import raw, transaction


@dataclass(frozen=True, slots=True)
class Version:
    """One published policy. ``document`` is canonical; the matcher loads ``compiled``."""

    number: int
    digest: str
    document: dict[str, Any]
    compiled: dict[str, Any]
    published_at: datetime
    published_by: str
    reason: str
    signatures: list[Any]
    bypassed: bool
    act_on_existing: str

    @property
    def edition(self) -> int:
        """The edition of the rules that it was published under; versions that say none are of the first."""
        return int(self.compiled.get("edition", 1))


COLUMNS = (
    "number, digest, document, compiled, published_at, published_by, reason, signatures, bypassed, act_on_existing"
)


def active_number() -> int | None:
    """The number of the version in force; None before the first publication."""
    with transaction() as connection:
        row = raw(connection).execute("SELECT number FROM active_policy").fetchone()
    return row[0] if row else None


def digest_of(number: int) -> str:
    """The digest of a version. Raises NotFound."""
    with transaction() as connection:
        row = raw(connection).execute("SELECT digest FROM policy_version WHERE number = %s", [number]).fetchone()
    if row is None:
        raise NotFound(f"there is no policy version {number}")
    return str(row[0])


def read_version(number: int) -> Version:
    """One version. Raises NotFound."""
    with transaction() as connection, raw(connection).cursor(row_factory=class_row(Version)) as cursor:
        version = cursor.execute(f"SELECT {COLUMNS} FROM policy_version WHERE number = %s", [number]).fetchone()  # noqa: S608 - a constant list
    if version is None:
        raise NotFound(f"there is no policy version {number}")
    return version


def list_versions() -> list[dict[str, Any]]:
    """All versions without their documents, newest first, each with ``active``."""
    with transaction() as connection:
        rows = raw(connection).execute(
            "SELECT number, digest, document->>'name', published_at, published_by, reason, bypassed, act_on_existing, "
            "signatures, number IN (SELECT number FROM active_policy) FROM policy_version ORDER BY number DESC"
        )
        names = (
            "number", "digest", "name", "published_at", "published_by", "reason", "bypassed", "act_on_existing",
            "signatures", "active",
        )  # fmt: skip
        return [dict(zip(names, row, strict=True)) for row in rows]


def add_version(  # noqa: PLR0913 - one argument per column of an immutable row
    connection: Connection,
    *,
    digest: str,
    document: Mapping[str, Any],
    compiled: Mapping[str, Any],
    by: str,
    reason: str,
    signatures: Sequence[Mapping[str, Any]],
    bypassed: bool,
    act_on_existing: str,
    now: datetime,
) -> int:
    """Write the next version and point to it, in the open transaction. Returns its number."""
    driver = raw(connection)
    # `max(number) + 1` below is only safe while no other publication runs.
    lock(driver, LockKey.PUBLISH)
    row = driver.execute(
        "INSERT INTO policy_version (number, digest, document, compiled, published_at, published_by, reason, "
        "signatures, bypassed, act_on_existing) "
        "SELECT coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM policy_version RETURNING number",
        [digest, Jsonb(dict(document)), Jsonb(dict(compiled)), now, by, reason, Jsonb([dict(s) for s in signatures]),
         bypassed, act_on_existing],
    ).fetchone()  # fmt: skip
    number = int(row[0]) if row else 0
    driver.execute(
        "INSERT INTO active_policy (id, number) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number",
        [number],
    )
    return number
