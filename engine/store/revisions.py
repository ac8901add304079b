"""Whether a database has the tables of this version of Baton. Looks only, and loads nothing of Alembic: all ask it."""

from functools import cache
from pathlib import Path

from sqlalchemy import text

from engine.store.session import transaction

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def is_current() -> bool:
    """Whether this process's database has exactly the revisions of this version of Baton."""
    with transaction() as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [latest()]


@cache
def latest() -> str:
    """The last revision: their files begin with their numbers, and each follows the one before."""
    return max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
