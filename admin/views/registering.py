"""Registers all pages with the application, after sign-in, language and headers."""

from datetime import datetime

from flask import Flask, redirect
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from flask_babel import format_datetime, format_decimal
from werkzeug.wrappers import Response

from admin.text import language, terms
from admin.views import problems
from admin.views.home import Home
from admin.views.menu import pages
from admin.web import auth, headers
from engine.store.orm import page_session


def register(app: Flask) -> None:
    """Register sign-in, language, headers and every page. Call it once, while the application is built."""
    language.register(app)
    headers.register(app)
    auth.register(app)
    problems.register(app)
    app.jinja_env.globals.update(terms=terms, term=terms.term)
    app.jinja_env.filters["datetimeformat"] = format_datetime
    app.jinja_env.filters["isotime"] = _iso_time
    app.jinja_env.filters["numberformat"] = format_decimal
    app.teardown_appcontext(lambda _: page_session.remove())
    app.add_url_rule("/", "home", _to_first_page)
    admin = Admin(
        app,
        name="Baton",
        index_view=Home(),
        theme=Bootstrap4Theme(base_template="baton/page.html"),
        csp_nonce_generator=headers.nonce,
    )
    for page in pages():
        admin.add_view(page)


def _iso_time(text: str) -> str:
    """A stored moment in the reader's zone and language."""
    return str(format_datetime(datetime.fromisoformat(text), "short"))


def _to_first_page() -> Response:
    return redirect("/admin/")
