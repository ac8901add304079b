"""Language and time zone of a page: the reader's choice, else `BATON_LOCALE`, else the browser's languages."""

from pathlib import Path

from flask import Flask, current_app, g, redirect, request, session
from flask_babel import Babel, get_locale
from flask_security import current_user
from werkzeug.wrappers import Response

from engine.store.outbox.mail_queue import save_language
from engine.store.read.overview import active_timezone

LANGUAGES = {"en": ("en", "English"), "zh_Hans": ("zh_Hans_CN", "简体中文"), "zh_Hant": ("zh_Hant_TW", "繁體中文")}
"""Our code of a language → (Babel's catalog, its own name). Babel finds no catalog for a bare `zh_Hans`."""

BROWSER = {
    "zh-hant": "zh_Hant",
    "zh-tw": "zh_Hant",
    "zh-hk": "zh_Hant",
    "zh-mo": "zh_Hant",
    "zh": "zh_Hans",
    "en": "en",
}
HTML = {"en": "en", "zh_Hans_CN": "zh-Hans", "zh_Hant_TW": "zh-Hant"}


def register(app: Flask) -> None:
    """Set up Babel and the route that changes the language."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = f"{app.root_path}/translations"
    Babel(app, locale_selector=_locale, timezone_selector=_timezone)
    app.add_url_rule("/language", "language", _choose, methods=["POST"])
    app.context_processor(lambda: {"languages": LANGUAGES, "language": language(), "html_language": html_language()})


def bare_app() -> Flask:
    """An application with translations only, for sentences outside of a request."""
    app = Flask("admin", root_path=str(Path(__file__).parent.parent))
    register(app)
    return app


def language() -> str:
    """Our code of the language of this request: en, zh_Hans or zh_Hant."""
    chosen = session.get("language")
    return str(chosen) if chosen in LANGUAGES else _default()


def keep_language(name: str) -> None:
    """Store the language of this session."""
    session["language"] = name


def html_language() -> str:
    """The language as HTML writes it."""
    return HTML.get(str(get_locale()), "en")


def _locale() -> str:
    return LANGUAGES[language()][0]


def _timezone() -> str:
    if "zone" not in g:
        g.zone = active_timezone() or "UTC"
    return str(g.zone)


def _default() -> str:
    fixed = current_app.config.get("BATON_LOCALE")
    if fixed in LANGUAGES:
        return str(fixed)
    for wanted, _ in request.accept_languages:
        tag = wanted.lower()
        for known, name in BROWSER.items():
            if tag == known or tag.startswith(f"{known}-"):
                return name
    return "en"


def _choose() -> Response:
    if request.form.get("language") in LANGUAGES:
        keep_language(request.form["language"])
        if current_user.is_authenticated:
            save_language(str(current_user.email), request.form["language"])
    back = request.form.get("next", "")
    # only our own paths: browsers read `//host` and `/\host` as another site (open redirect)
    return redirect(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/admin/")
