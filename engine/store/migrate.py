"""Brings a database to the tables of this version of Baton."""

from importlib import import_module

from sqlmodel import SQLModel

from engine.store.session import make_engine

TABLES = ("engine.store.tables", "engine.store.admin_tables", "engine.store.draft_tables")


def upgrade(url: str) -> None:
    """Create what is missing in the database at ``url``; changes nothing that is there."""
    for module in TABLES:
        import_module(module)
    engine = make_engine(url, pooled=False)
    SQLModel.metadata.create_all(engine)
    engine.dispose()
