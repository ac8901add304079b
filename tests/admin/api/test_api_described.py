"""Every route of the table is described, served and guarded, and answers problems; the docs page loads nothing else."""

import re
from typing import Any

from admin.api.routes import Route
from admin.api.table import ROUTES
from admin.web.problems import KINDS
from tests.admin.api_client import Api, told


def address(route: Route) -> str:
    return re.sub(r"<int:\w+>", "1", re.sub(r"<(?:path:)?\w+>", "x", route.path))


def test_the_description_names_every_route_and_nothing_else(api: Api) -> None:
    described = told(api.client.get("/openapi.json"))
    assert described["openapi"] == "3.1.0"
    found = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert found == {(route.method, route.openapi_path) for route in ROUTES}
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in api.app.url_map.iter_rules()
        if rule.rule.startswith("/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served <= found


def test_every_reference_of_the_description_leads_somewhere(api: Api) -> None:
    described = told(api.client.get("/openapi.json"))
    names = [operation["operationId"] for methods in described["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    found = references(described)
    assert "#/components/schemas/EventsAnswer" in found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in described["components"]["schemas"]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for part in value.values() for found in references(part)]
    return [found for part in value for found in references(part)] if isinstance(value, list) else []


def test_a_guarded_address_answers_nobody_without_a_key_or_with_a_lesser_one(api: Api) -> None:
    page = api.key("page", public=True)
    lesser = {scope: api.key(scope[:6], [scope]) for scope in ("roster:read", "policy:read")}
    for route in (route for route in ROUTES if route.scopes is not None):
        stranger = api.client.open(address(route), method=route.method)
        assert (stranger.status_code, stranger.content_type) == (401, "application/problem+json"), route
        other = "roster:read" if route.scopes != ("roster:read",) else "policy:read"
        assert api.client.open(address(route), method=route.method, headers=lesser[other]).status_code == 403, route
        if not route.public:
            assert api.client.open(address(route), method=route.method, headers=page).status_code == 403, route


def test_every_address_refuses_other_methods_with_a_problem(api: Api) -> None:
    for route in ROUTES:
        answer = api.client.open(address(route), method="DELETE")
        assert answer.status_code == 405, route
        assert route.method in answer.headers["Allow"], route
        if route.path.startswith("/v1/"):
            assert told(answer)["code"] == "method_not_allowed", route


def test_the_docs_page_shows_every_address_and_problem_without_scripts_or_other_hosts(api: Api) -> None:
    page = api.client.get("/docs/api")
    assert page.status_code == 200
    for route in ROUTES:
        assert f"{route.method} {route.openapi_path}" in page.text
    for code in KINDS:
        assert f'id="{code}"' in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    outside = re.findall(r'(?:src|href)="(https?:[^"]+)"', page.text)
    assert outside == []
