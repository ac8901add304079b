"""`baton web`."""

import click

from admin.web_server import serve
from engine.settings import load_settings


@click.command()
def web() -> None:
    """Serve the API and the admin on BATON_HOST and BATON_PORT."""
    serve(load_settings())
