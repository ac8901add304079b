"""Error pages: what went wrong, and what to do. The API's problem documents are in `admin.web.problems`.

Problems below the addresses of pages become HTML here.
"""

from typing import NoReturn, cast

from flask import Flask, Response, abort, make_response, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge

from admin.web.auth import GUARDED
from admin.web.draining import drain
from admin.web.problems import MEDIA_TYPE, answer, from_http, is_for_machines


def register(app: Flask) -> None:
    """Answer problems below the addresses of pages with a page."""
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(NotFound, _missing)
    app.register_error_handler(MethodNotAllowed, _other_method)
    app.after_request(_as_page)


def refuse() -> NoReturn:
    """End the request with 403: signed in, but not allowed."""
    advice = gettext("Your role does not include this page or this action. Ask an administrator if you need it.")
    abort(_page(403, gettext("Not allowed"), advice))


def not_found() -> NoReturn:
    """End the request with 404."""
    advice = gettext("Nothing is here: it may have been merged, removed or mistyped.")
    abort(_page(404, gettext("Not found"), advice))


def _stale_form(_: CSRFError) -> Response:
    advice = gettext("The form was open for too long or came from elsewhere. Go back, reload the page, send it again.")
    return _page(400, gettext("The form has expired"), advice)


def _too_large(error: RequestEntityTooLarge) -> Response:
    drain()
    if is_for_machines():
        return answer(from_http(error))
    limit = (request.max_content_length or 0) // 1024 // 1024
    advice = gettext(
        "What was sent is too large: at most %(limit)s MiB are taken at once. Go back and send less.", limit=limit
    )
    return _page(413, gettext("Too large"), advice)


def _missing(error: NotFound) -> Response:
    if error.response is not None:
        return cast("Response", error.response)
    if is_for_machines():
        return answer(from_http(error))
    return _page(404, gettext("Not found"), gettext("Nothing is here: it may have been merged, removed or mistyped."))


def _other_method(error: MethodNotAllowed) -> Response:
    if is_for_machines():
        return answer(from_http(error))
    page = _page(405, gettext("That did not work"), gettext("Open this page by its link or button instead."))
    page.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return page


def _as_page(response: Response) -> Response:
    if response.mimetype != MEDIA_TYPE or not request.path.startswith(GUARDED):
        return response
    detail = (response.get_json(silent=True) or {}).get("detail", "")
    return _page(response.status_code, gettext("That did not work"), detail)


def _page(status: int, heading: str, advice: str) -> Response:
    return make_response(render_template("baton/error.html", heading=heading, advice=advice), status)
