"""`baton web`."""

import click

from admin.web.web_server import serve
from engine.errors import ServerUnavailable
from engine.settings import Settings, load_settings
from engine.store.schema.revisions import NewerDatabase, is_current
from engine.store.session import close_store, init_store
from workers.servers.embedded import database_url


@click.command()
def web() -> None:
    """Serve the API and the admin on BATON_HOST and BATON_PORT."""
    settings = load_settings()
    refuse_newer(settings)
    serve(settings)


def refuse_newer(settings: Settings) -> None:
    """Raise `NewerDatabase` before the server starts. A database that does not answer yet may answer later."""
    init_store(database_url(settings))
    try:
        is_current()
    except NewerDatabase:
        raise
    except ServerUnavailable:
        return
    finally:
        close_store()  # gunicorn forks after this; a connection must not be shared by two processes
