"""The web application: settings in, a Flask application with API and pages out.

Connects to nothing by itself: the first request does. May not decide anything about leads.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from flask import Flask

from admin import problems, views
from admin.api import routes, table
from engine.clock import Clock, SystemClock
from engine.errors import SettingError
from engine.settings import Settings
from engine.store.session import init_store
from workers.embedded import database_url, redis_url
from workers.queues import init_queue

MAX_PAGE_FORM = 2 * 1024 * 1024
"""Bytes of a form or upload on the pages; the API measures its bodies itself."""


def create_app(settings: Settings, clock: Clock | None = None) -> Flask:
    """The application of one process; ``clock`` replaces the machine's in tests."""
    init_store(database_url(settings))
    init_queue(redis_url(settings))
    app = Flask("admin", root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=secret_key(settings),
        BATON_SETTINGS=settings,
        BATON_CLOCK=clock or SystemClock(),
        BATON_LOCALE=settings.locale,
        MAX_FORM_MEMORY_SIZE=MAX_PAGE_FORM,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider's attribute
    problems.register(app)
    routes.register(app, table.ROUTES)
    views.register(app)
    return app


def secret_key(settings: Settings) -> str:
    """The key that signs sessions: as set, else made once and kept under ``BATON_HOME``."""
    if settings.secret_key:
        return settings.secret_key
    if not settings.embedded:
        raise SettingError(
            "BATON_SECRET_KEY is not set: with outside servers, give every web process the same long text"
        )
    path = settings.home / "secret_key"
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"secret_key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # it was made before, or somebody was faster: theirs counts
            os.link(draft, path)
        draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(f"cannot keep a secret key in {path} ({error.strerror}): set BATON_SECRET_KEY") from None
