"""One application for all tests of a process: building it takes longer than most tests.

Each test sets its own database, queue, clock and settings. The application itself holds no state.
"""

from flask import Flask

from admin.app import create_app
from engine.clock import SystemClock, WallClock
from engine.settings import Settings
from engine.store.session import init_store
from workers.queues import init_queue
from workers.servers.embedded import database_url, redis_url

_made: dict[tuple[object, ...], Flask] = {}


def application(settings: Settings, clock: WallClock | None = None) -> Flask:
    """The application as `create_app` makes it with these settings."""
    kind = (settings.secret_key, settings.home, settings.public_url, settings.trusted_proxies)
    if kind not in _made:
        _made[kind] = create_app(settings, clock)
    init_store(database_url(settings))
    init_queue(redis_url(settings))
    app = _made[kind]
    app.config.update(BATON_SETTINGS=settings, BATON_CLOCK=clock or SystemClock(), BATON_LOCALE=settings.locale)
    return app
