"""`baton migrate`. It imports no web library: every other program of `baton up` waits for it."""

import click

from engine.settings import load_settings
from engine.store.schema.migrate import upgrade
from workers.servers.embedded import check_answering, database_url


@click.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    settings = load_settings()
    check_answering("postgres", settings)
    upgrade(database_url(settings))
    click.echo("the database has the tables of this version")
