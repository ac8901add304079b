"""No request whatever makes the API answer 500, or anything but JSON it promised."""

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.api.openapi import describe
from admin.api.table import ROUTES
from engine.store.keys import SCOPES
from tests.admin.api_client import Api
from tests.admin.test_api_envelope import ANYTHING, ENVELOPE

PATHS = sorted({route.openapi_path for route in ROUTES if route.path.startswith("/v1/")})
SENT = [route for route in ROUTES if route.method in {"POST", "PUT"}]
NAMES = ["limit", "cursor", "email", "phone", "stage", "lang", "key", "replace", "x"]
QUERY = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=12), max_size=3)
CALLS = st.lists(ANYTHING | ENVELOPE, max_size=3)
SEGMENT = st.fixed_dictionaries({}, optional={"batch": CALLS, "userId": st.text(max_size=5)})
WORK = st.fixed_dictionaries({"action": st.sampled_from(["touch", "reject", "dance"])}, optional={"reason": ANYTHING})
BODIES = st.one_of(
    ENVELOPE, st.lists(ENVELOPE, max_size=4), SEGMENT, WORK, ANYTHING
).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)  # fmt: skip


def shoot(api: Api, headers: dict[str, str], path: str, method: str, query: Any, body: bytes, kind: str) -> None:
    more: dict[str, Any] = {} if method == "GET" else {"data": body, "content_type": kind}
    answer = api.client.open(path, method=method, query_string=query, headers=headers, **more)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"
        assert set(json.loads(answer.data)) >= {"type", "title", "status", "code", "detail"}
    else:
        json.loads(answer.data)


def run(api: Api, examples: int) -> None:
    """Send ``examples`` random requests to random addresses."""
    headers = api.key("fuzz", SCOPES) | {"If-Match": "*"}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(SENT) | st.sampled_from(ROUTES),
        st.sampled_from(["1", "0", "99999999999999999999", "%00", "x"]),
        QUERY,
        BODIES,
        st.sampled_from(["application/json", "text/plain", "application/yaml", ""]),
    )
    def attempt(route: Any, part: str, query: Any, body: bytes, kind: str) -> None:
        if route.path in {"/docs/api", "/metrics", "/readyz"} or route.path.endswith("/work"):
            return
        path = "/".join(part if step.startswith("{") else step for step in route.openapi_path.split("/"))
        shoot(api, headers, path, route.method, query, body, kind)

    attempt()


def test_no_random_request_is_an_accident(api: Api) -> None:
    run(api, 150)


@pytest.mark.long
def test_no_random_request_of_very_many_is_an_accident(api: Api) -> None:
    run(api, int(os.environ.get("BATON_FUZZ", "20000")))


def test_the_fuzz_reaches_every_address_that_takes_a_body() -> None:
    assert {route.openapi_path for route in SENT} <= set(describe(ROUTES)["paths"])
