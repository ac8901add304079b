"""Problem documents (RFC 9457): every error of the API, from one table of codes.

The caller raises `Problem` with a code and a text: what, where, how to fix it. May not decide what is wrong.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from engine.errors import BatonError, IllegalMove, NotFound, ServerUnavailable

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem. Its code is its key in `KINDS`, and its anchor at `/docs/api`."""

    status: int
    title: str


KINDS: dict[str, ProblemKind] = {
    "malformed_json": ProblemKind(400, "The body is not JSON"),
    "malformed_xml": ProblemKind(400, "The body is not XML that is taken here"),
    "not_utf8": ProblemKind(400, "The body is not UTF-8"),
    "bad_encoding": ProblemKind(400, "The body is not what Content-Encoding says"),
    "bad_request": ProblemKind(400, "The request cannot be read"),
    "key_missing": ProblemKind(401, "A key is needed"),
    "key_unknown": ProblemKind(401, "The key opens nothing"),
    "bad_signature": ProblemKind(401, "The signature is missing, wrong or too old"),
    "scope_missing": ProblemKind(403, "The key may not do this"),
    "not_for_public_keys": ProblemKind(403, "A public key may not do this"),
    "not_yours": ProblemKind(403, "This belongs to somebody else"),
    "not_found": ProblemKind(404, "There is no such thing"),
    "method_not_allowed": ProblemKind(405, "This address does not take this method"),
    "illegal_move": ProblemKind(409, "The lead cannot make this move"),
    "conflict": ProblemKind(409, "This conflicts with what is there"),
    "revision_changed": ProblemKind(412, "It was changed meanwhile"),
    "body_too_large": ProblemKind(413, "The body is too large"),
    "wrong_media_type": ProblemKind(415, "The body is of a kind this address does not take"),
    "invalid": ProblemKind(422, "What was sent cannot be used"),
    "too_much": ProblemKind(422, "This takes more time or memory than one request may have"),
    "all_rejected": ProblemKind(422, "No item of the request can be used"),
    "revision_missing": ProblemKind(428, "If-Match is needed"),
    "internal": ProblemKind(500, "Something is broken in Baton"),
    "unavailable": ProblemKind(503, "A server behind Baton does not answer"),
}


class Problem(Exception):
    """Ends a request with a problem document. ``extra`` members are added to it."""

    def __init__(self, code: str, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.code, self.detail, self.headers, self.extra = code, detail, headers or {}, extra


def document(code: str, detail: str, status: int | None = None, **extra: Any) -> dict[str, Any]:
    """The problem document of one code."""
    kind = KINDS[code]
    return {
        "type": f"/docs/api#{code}",
        "title": kind.title,
        "status": status or kind.status,
        "code": code,
        "detail": detail,
        **extra,
    }


def answer(problem: Problem) -> Response:
    """The response of a problem."""
    body = document(problem.code, problem.detail, **problem.extra)
    text = json.dumps(body, ensure_ascii=False)
    response = Response(text.encode("utf-8", "replace"), status=body["status"], content_type=MEDIA_TYPE)
    response.headers.update(problem.headers)
    return response


def from_error(error: BatonError) -> Problem:
    """The problem of an error of a lower layer."""
    match error:
        case ServerUnavailable():
            return Problem("unavailable", f"{error}. Send it again in a moment.", headers={"Retry-After": "5"})
        case IllegalMove():
            return Problem("illegal_move", str(error), reason=error.code)
        case NotFound():
            return Problem("not_found", str(error))
        case _:
            return Problem("invalid", str(error))


HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "wrong_media_type",
}


def from_http(error: HTTPException) -> Problem:
    """The problem of an error that Flask raised itself."""
    code = HTTP_CODES.get(error.code or 500, "bad_request" if (error.code or 500) < 500 else "internal")
    allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    detail = {
        "not_found": f"There is nothing at {request.path}. The addresses are listed at /docs/api.",
        "method_not_allowed": f"{request.path} takes {allowed}, not {request.method}.",
    }.get(code, error.description or HTTPStatus(error.code or 500).phrase)
    return Problem(code, detail, headers={"Allow": allowed} if allowed else None)


def is_for_machines() -> bool:
    """Whether this request gets problem documents instead of pages."""
    return request.path.startswith(("/v1/", "/hooks/", "/healthz", "/readyz", "/metrics", "/openapi.json"))


def register(app: Flask) -> None:
    """Answer problems everywhere, and turn any other error of the API into one."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(BatonError, _on_baton_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_accident)


def _on_baton_error(error: BatonError) -> Response:
    if isinstance(error, ServerUnavailable):
        log.warning("web.server_unavailable", path=request.path, error=str(error))
    return answer(from_error(error))


def _on_http_error(error: HTTPException) -> Response | HTTPException:
    return answer(from_http(error)) if is_for_machines() and error.response is None else error


def _on_accident(error: Exception) -> Response:
    """Answer 500 without the text of the error: it may hold personal data. The log has it."""
    log.error("web.accident", path=request.path, method=request.method, exc_info=error)
    return answer(Problem("internal", "This was recorded. Send it again; if it stays, tell the operator the time."))
