"""One table entry per route of the API: the application registers it, OpenAPI and the docs page describe it.

Each module of this package lists its own entries in ``ROUTES``. May not know a single route.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel

from admin.api.access import authenticate, check_scope

Answer = Response | tuple[Any, int] | tuple[Any, int, Mapping[str, str]] | dict[str, Any]
PLACEHOLDER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or request header: ``where`` is query or header."""

    name: str
    means: str
    where: str = "query"
    type: str = "string"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address.

    ``scopes``: a key needs one of them; None: no key is needed. ``public``: public keys may use it, from any site.
    ``basic``: the key may come by Basic. ``answers``: status → model of the body, None for text. ``problems``: statuses
    of problem documents. ``many``: the body may also be a list.
    """

    method: str
    path: str
    handler: Callable[..., Answer]
    summary: str
    scopes: tuple[str, ...] | None
    answers: Mapping[int, type[BaseModel] | None]
    problems: tuple[int, ...] = ()
    body: type[BaseModel] | None = None
    many: bool = False
    parameters: tuple[Parameter, ...] = ()
    public: bool = False
    basic: bool = False

    @property
    def openapi_path(self) -> str:
        """The path as OpenAPI writes it."""
        return PLACEHOLDER.sub(r"{\2}", self.path)

    @property
    def path_parameters(self) -> tuple[tuple[str, str], ...]:
        """(name, OpenAPI type) of each part of the path that varies."""
        return tuple((name, "integer" if kind == "int" else "string") for kind, name in PLACEHOLDER.findall(self.path))


def register(app: Flask, routes: Iterable[Route]) -> None:
    """Register every entry. Routes for public keys also answer CORS preflight requests."""
    for route in routes:
        endpoint = f"api.{route.method.lower()}.{route.path}"
        app.add_url_rule(
            route.path, endpoint, _served(route), methods=[route.method], provide_automatic_options=not route.public
        )
        if route.public:
            app.add_url_rule(route.path, f"api.preflight.{route.path}", preflight, methods=["OPTIONS"])


def _served(route: Route) -> Callable[..., Any]:
    @functools.wraps(route.handler)
    def serve(**arguments: Any) -> Any:
        if route.scopes is None:
            return route.handler(**arguments)
        key = authenticate(public=route.public, basic=route.basic)
        g.key = key
        check_scope(key, route.scopes, public=route.public)
        return _open_to_browsers(current_app.make_response(route.handler(**arguments)))

    return serve


def _open_to_browsers(response: Response) -> Response:
    """Add the CORS headers if the key is public. A secret key does not belong into a browser."""
    if g.key.public:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Vary"] = "Origin"
    return response


def preflight() -> Response:
    """Answer a CORS preflight. Credentials are not allowed: keys are not cookies."""
    response = Response(status=204)
    response.headers.update(
        {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "POST, OPTIONS",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
            "Access-Control-Max-Age": "86400",
        }
    )
    if request.headers.get("Access-Control-Request-Private-Network"):
        response.headers["Access-Control-Allow-Private-Network"] = "false"
    return response
