"""Whether a database has the tables of this version of Baton. Reads only, and does not load Alembic, because every
process checks.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

from engine.errors import ServerUnavailable
from engine.store.session import transaction

MIGRATIONS = Path(__file__).parents[2] / "migrations"


class NewerDatabase(ServerUnavailable):
    """A later version of Baton migrated the database. This version must not use it."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is of a newer version of Baton (revision {revision}, this version knows up to {latest()}): "
            "install that version or a later one, or restore a backup made before the upgrade"
        )


def is_current() -> bool:
    """Whether this process's database has exactly the revisions of this version. Raises `NewerDatabase`."""
    with transaction() as connection:
        return revision_of(connection) == latest()


def revision_of(connection: Connection) -> str | None:
    """The revision of a database; None if it was never migrated. Raises `NewerDatabase`."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if revision is not None and revision not in known():
        raise NewerDatabase(revision)
    return revision


def latest() -> str:
    """The last revision."""
    return max(known())


@cache
def known() -> frozenset[str]:
    """All revisions of this version of Baton, by the numbers in their file names."""
    return frozenset(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
