"""Builds the Flask application with API and pages from the settings.

Building it opens no connection; the first request does. May not decide anything about leads.
"""

from pathlib import Path

from flask import Flask

from admin.api import routes, table
from admin.api.bodies import read_body
from admin.hooks import door
from admin.views import registering
from admin.web import problems
from admin.web.proxies import BehindProxies
from engine.clock import SystemClock, WallClock
from engine.keyed_hash import init_keyed_hash
from engine.secret_key import secret_key
from engine.settings import Settings
from engine.store.session import init_store
from workers.queues import init_queue
from workers.servers.embedded import database_url, redis_url

MAX_PAGE_FORM = 2 * 1024 * 1024
"""Most bytes of form fields on the pages. They are held in memory."""
MAX_FORM_PARTS = 1_000
MAX_PAGE_BODY = 3 * 1024 * 1024
"""Most bytes of a request to the pages, uploads included. The API has its own limit (`admin.api.bodies`)."""


def create_app(settings: Settings, clock: WallClock | None = None) -> Flask:
    """The application of one process. Tests pass a ``clock``."""
    init_store(database_url(settings))
    init_queue(redis_url(settings))
    secret = secret_key(settings)
    init_keyed_hash(secret)
    app = Flask("admin", root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=secret,
        BATON_SETTINGS=settings,
        BATON_CLOCK=clock or SystemClock(),
        BATON_LOCALE=settings.locale,
        MAX_FORM_MEMORY_SIZE=MAX_PAGE_FORM,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        MAX_CONTENT_LENGTH=MAX_PAGE_BODY,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider's attribute
    problems.register(app)
    routes.register(app, table.ROUTES)
    door.register(app, read_body)
    registering.register(app)
    app.wsgi_app = BehindProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    return app
