"""No request makes the API answer 500, or a body other than the JSON it describes."""

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.api.routes import Route
from admin.api.table import ROUTES
from admin.clicks import ACTIONS, RESULTS
from engine.store.access.keys import SCOPES
from tests.admin.api_client import Api, event
from tests.admin.deciding import REPS, somebody_deciding, start_with_policy
from tests.admin.intake.test_api_envelope import ANYTHING, ENVELOPE


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


LEFT_OUT = {"/docs/api", "/metrics", "/readyz"}
"""Addresses that answer with something else than JSON, or with 503 when nobody works."""
FUZZED = [route for route in ROUTES if route.path not in LEFT_OUT]
SENT = [route for route in FUZZED if route.method in {"POST", "PUT"}]
NAMES = ["limit", "cursor", "email", "phone", "stage", "lang", "key", "replace", "x"]
QUERY = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=12), max_size=3)
CALLS = st.lists(ANYTHING | ENVELOPE, max_size=3)
SEGMENT = st.fixed_dictionaries({}, optional={"batch": CALLS, "userId": st.text(max_size=5)})
SAID = {"reason": ["no_budget"], "channel": ["call"], "result": [*RESULTS], "to": [*REPS]}
GOOD_WORK = st.one_of(
    [
        st.fixed_dictionaries({"action": st.just(name), **{need: st.sampled_from(SAID[need]) for need in action.needs}})
        for name, action in ACTIONS.items()
    ]
)
WORK = GOOD_WORK | st.fixed_dictionaries(
    {"action": st.sampled_from([*ACTIONS, "dance"])},
    optional=dict.fromkeys([*SAID, "note", "answers"], ANYTHING),
)
BODIES = st.one_of(
    ENVELOPE, st.lists(ENVELOPE, max_size=4), SEGMENT, WORK, ANYTHING
).map(as_json) | st.binary(max_size=40)  # fmt: skip


def shoot(api: Api, headers: dict[str, str], path: str, method: str, query: Any, body: bytes, kind: str) -> int:
    """Send one request, look at its answer, and return its status."""
    more: dict[str, Any] = {} if method == "GET" else {"data": body, "content_type": kind}
    answer = api.client.open(path, method=method, query_string=query, headers=headers, **more)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"
        assert set(json.loads(answer.data)) >= {"type", "title", "status", "code", "detail"}
    else:
        json.loads(answer.data)
    return answer.status_code


def bodies_for(route: Route) -> st.SearchStrategy[bytes]:
    return WORK.map(as_json) | BODIES if route.path.endswith("/work") else BODIES


def run(api: Api, route: Route, examples: int) -> set[int]:
    """Send ``examples`` random requests to an address, of which some name the lead there is; returns the statuses."""
    headers = keys(api)
    seen: set[int] = set()

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(["1", "0", "99999999999999999999", "%00", "x"]),
        QUERY,
        bodies_for(route),
        st.sampled_from(["application/json", "text/plain", "application/yaml", ""]),
    )
    def attempt(part: str, query: Any, body: bytes, kind: str) -> None:
        path = "/".join(part if step.startswith("{") else step for step in route.openapi_path.split("/"))
        seen.add(shoot(api, headers, path, route.method, query, body, kind))

    with somebody_deciding(api.clock):
        attempt()
    return seen


def keys(api: Api) -> dict[str, str]:
    """One lead, and headers with a key of a person that may do everything."""
    start_with_policy()
    assert api.send(event(), api.key()).status_code == 202
    return api.key("fuzz", SCOPES, person=REPS[0]) | {"If-Match": "*"}


def named(route: Route) -> str:
    return f"{route.method} {route.openapi_path}"


@pytest.mark.parametrize("route", FUZZED, ids=named)
def test_no_random_request_is_an_accident(api: Api, route: Route) -> None:
    assert run(api, route, 8 if route in SENT else 3) - {401, 403, 405}, "no request got past the door"


@pytest.mark.long
@pytest.mark.parametrize("route", FUZZED, ids=named)
def test_no_random_request_of_very_many_is_an_accident(api: Api, route: Route) -> None:
    run(api, route, int(os.environ.get("BATON_FUZZ", "20000")) // len(FUZZED))


def test_random_work_is_done_or_refused_in_words(api: Api) -> None:
    headers, seen = keys(api), set()

    @settings(max_examples=40, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(GOOD_WORK.map(as_json))
    def attempt(body: bytes) -> None:
        seen.add(shoot(api, headers, "/v1/leads/1/work", "POST", {}, body, "application/json"))

    with somebody_deciding(api.clock):
        attempt()
    assert seen == {200, 409}


def test_no_address_that_takes_a_body_is_left_out() -> None:
    assert [route.path for route in ROUTES if route.body is not None and route not in SENT] == []
