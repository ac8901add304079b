"""Alembic's entry: runs the revisions on the connection of `engine.store.schema.migrate`."""

from alembic import context

from engine.store.schema.migrate import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata())
with context.begin_transaction():
    context.run_migrations()
