"""Alembic's entry: runs the revisions on the connection that `engine.store.migrate` gives."""

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from engine.store.migrate import metadata


def render_item(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write SQLModel's text type as plain SQLAlchemy, so that revisions depend on nothing else."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata(), render_item=render_item
)
with context.begin_transaction():
    context.run_migrations()
