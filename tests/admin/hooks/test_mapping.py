"""Mapping: whatever a vendor sends is events, a rejection or a failure with its reason, and never an accident."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.hooks.bodies import Payload
from admin.hooks.definition import read_definition
from admin.hooks.functions import MappingFailed, evaluate
from admin.hooks.keeping import complete
from admin.hooks.mapping import Mapped, map_payload
from admin.hooks.ready_made import ready_made, ready_texts
from tests.admin.hooks.signing import NOW

JSON_NAMES = [name for name in ready_texts() if ready_made(name).get("format") != "xml"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def mapped(body: str, **changes: Any) -> Mapped:
    definition = read_definition(complete({"use": "bearer", **changes}))
    return map_payload("demo", definition, Payload(body.encode(), {}), NOW, NOW)


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """The value with something else in place of some of its parts."""
    if draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        return {name: draw(spoilt(member)) for name, member in value.items()}
    if isinstance(value, list):
        return [draw(spoilt(member)) for member in value]
    return value


@pytest.mark.parametrize("name", JSON_NAMES)
@given(data=st.data())
def test_a_spoilt_body_ends_in_a_reason_or_in_events(name: str, data: st.DataObject) -> None:
    body = data.draw(spoilt(ready_made(name)["sample"]))
    definition = read_definition(ready_made(name))
    found = map_payload(name, definition, Payload(json.dumps(body).encode(), {}), NOW, NOW)
    assert len(found.intakes) + len(found.rejections) == len(found.envelopes)
    assert bool(found.reason) == bool(found.failure or found.rejections) == bool(found.message)
    assert not (found.failure and found.envelopes)


@pytest.mark.parametrize(
    ("expression", "value", "found"),
    [
        ("text(@)", 12, "12"),
        ("text(@)", None, None),
        ("text(@)", "  ", None),
        ("text(@)", False, "false"),
        ("text(@)", ["高"], '["高"]'),
        ("moment(@)", 1763712000, "2025-11-21T08:00:00Z"),
        ("moment(@)", 1763712000000, "2025-11-21T08:00:00Z"),
        ("moment(@)", "1763712000", "2025-11-21T08:00:00Z"),
        ("moment(@)", "2025-11-21 08:00:00", "2025-11-21T08:00:00Z"),
        ("moment(@)", "2025-11-21T16:00:00+08:00", "2025-11-21T16:00:00+08:00"),
        ("moment(@)", 10**30, None),
        ("moment(@)", {}, None),
        ("object(@)", [["a", 1], ["", 2], ["b", None], ["c"], 4], {"a": 1}),
        ("object(@)", None, {}),
        ("entries(@)", {"a": 1}, [["a", 1]]),
        ("entries(@)", None, []),
    ],
)
def test_our_functions_find(expression: str, value: Any, found: Any) -> None:
    assert evaluate(expression, value) == found


def test_a_digest_is_stable_and_differs_with_its_values() -> None:
    assert evaluate("digest([a, b])", {"a": 1, "b": "x"}) == evaluate("digest([b, a])", {"b": 1, "a": "x"})
    assert evaluate("digest([a])", {"a": 1}) != evaluate("digest([a])", {"a": "1"})


@pytest.mark.parametrize("expression", ["[", "bogus(@)", "length(`1`)", "a" * 2_001])
def test_what_cannot_be_evaluated_says_so(expression: str) -> None:
    with pytest.raises(MappingFailed):
        evaluate(expression, {})


def test_a_value_that_cannot_be_carried_is_found_wherever_the_mapping_puts_it() -> None:
    body = (
        '{"id": "1", "type": "page.viewed", "occurred_at": "2026-11-21T08:00:00Z", "lead": {"email": {"a": 1, "a": 2}}}'
    )
    found = mapped(body, map={**ready_made("bearer")["map"], "lead": {"email": "text(item.lead.email)"}})
    assert found.reason == "duplicate_key"


def test_items_that_are_no_list_fail() -> None:
    assert "finds no list" in mapped("{}", each="body.items").failure
