"""`baton web` and `baton migrate`."""

import click

from admin.web_server import serve
from engine.settings import load_settings
from engine.store.migrate import upgrade
from workers.embedded import check_answering, database_url


@click.command()
def web() -> None:
    """Serve the API and the admin on BATON_HOST and BATON_PORT."""
    serve(load_settings())


@click.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    settings = load_settings()
    check_answering("postgres", settings)
    upgrade(database_url(settings))
    click.echo("the database has the tables of this version")
