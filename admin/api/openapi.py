"""`/openapi.json` (OpenAPI 3.1) and the page `/docs/api`, both generated from the table of routes."""

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from flask import Response, jsonify, render_template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from admin.api.routes import Answer, Route
from admin.web.problems import KINDS, MEDIA_TYPE
from engine.store.access.keys import SCOPES

Json = dict[str, Any]
REF = "#/components/schemas/{model}"
PHRASES = {200: "OK", 202: "Accepted; it will be decided", 503: "Not ready"}


class ProblemShape(BaseModel):
    """A problem document (RFC 9457). More members may be there, such as `rejected`, `findings` or `path`."""

    type: str
    title: str
    status: int
    code: str
    detail: str


def describe(routes: Sequence[Route]) -> Json:
    """The whole API as an OpenAPI document."""
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.openapi_path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Baton", "version": version("leadbaton"), "description": "Lead events in, decisions out."},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": f"An API key. Scopes: {', '.join(SCOPES)}"},
                "writeKey": {"type": "http", "scheme": "basic", "description": "An API key as user name"},
            },
        },
    }


def _operation(route: Route) -> Json:
    scopes = [] if route.scopes is None else list(route.scopes)
    operation: Json = {
        "operationId": route.handler.__name__ if route.handler.__name__ != "handle" else _named(route),
        "summary": route.summary,
        "parameters": list(_parameters(route)),
        "responses": {**_answers(route), **_problems(route)},
        "security": [{"key": scopes}, *([{"writeKey": scopes}] if route.basic else [])] if scopes else [],
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _body(route)}}}
    return operation


def _named(route: Route) -> str:
    return "segment_" + route.path.removeprefix("/v1/")


def _parameters(route: Route) -> Iterator[Json]:
    for name, kind in route.path_parameters:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": kind}}
    for parameter in route.parameters:
        yield {
            "name": parameter.name,
            "in": parameter.where,
            "required": parameter.required,
            "description": parameter.means,
            "schema": {"type": parameter.type},
        }


def _body(route: Route) -> Json:
    one = _ref(route.body)
    return {"oneOf": [one, {"type": "array", "items": one, "maxItems": 1000}]} if route.many else one


def _ref(model: type[BaseModel] | None) -> Json:
    return {"$ref": REF.format(model=model.__name__)} if model else {"type": "string"}


def _answers(route: Route) -> Json:
    kind = "application/json"
    return {
        str(status): {
            "description": PHRASES.get(status, "Answer"),
            "content": {kind if model else "text/plain": {"schema": _ref(model)}},
        }
        for status, model in route.answers.items()
    }


def _problems(route: Route) -> Json:
    return {
        str(status): {
            "description": "; ".join(kind.title for kind in KINDS.values() if kind.status == status),
            "content": {MEDIA_TYPE: {"schema": _ref(ProblemShape)}},
        }
        for status in route.problems
        if status not in route.answers
    }


def _schemas(routes: Iterable[Route]) -> Json:
    models: list[type[BaseModel]] = list(dict.fromkeys([ProblemShape, *_models(routes)]))
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    definitions: Json = found["$defs"]
    return definitions


def _models(routes: Iterable[Route]) -> Iterator[type[BaseModel]]:
    for route in routes:
        yield from (model for model in route.answers.values() if model is not None)
        if route.body is not None:
            yield route.body


def kind_of(schema: Json) -> str:
    """A schema as a short text, for the page."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(kind_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return str(schema.get("const") or schema.get("type", "anything"))


def described_by(routes: Sequence[Route]) -> tuple[Route, ...]:
    """The two routes of the description. It describes ``routes`` and these two."""

    def get_openapi() -> Answer:
        """The description as OpenAPI."""
        return jsonify(describe((*routes, *own)))

    def get_docs() -> Answer:
        """The description as a page."""
        page = render_template(
            "docs/api.html", routes=(*routes, *own), kinds=KINDS, kind_of=kind_of, document=describe((*routes, *own))
        )
        return Response(page, content_type="text/html; charset=utf-8")

    own = (
        Route("GET", "/openapi.json", get_openapi, "This description", None, {200: None}),
        Route("GET", "/docs/api", get_docs, "This description for people", None, {200: None}),
    )
    return own
