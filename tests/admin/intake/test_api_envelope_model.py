"""What OpenAPI says of the envelope is what `admin.intake.envelope` takes: neither is narrower nor wider.

Not said there, hence not compared: who may send what, whether a moment is in the calendar and near, how identifiers are
spelt, and what no JSON may hold (`admin.intake.json_text`).
"""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from admin.api.events.events import EnvelopeLead, EnvelopeModel
from admin.intake.envelope import GROUPS, KEYS, TYPE, ItemRefused, Sender, read_item
from admin.intake.identifiers import READERS
from rulesets.policy.vocabulary import EVENT_PREFIXES
from tests.admin.api_client import NOW

PERSON = "li@example.com"
ALL = Sender("crm", frozenset({"events:write", "leads:write"}), person=PERSON)
LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2025, 1, 1), timezones=OFFSETS).map(datetime.isoformat)  # noqa: DTZ001 - Hypothesis puts the zone to it
VALUES = st.none() | st.booleans() | st.text(LETTERS)
GROUP = st.none() | st.dictionaries(st.text(LETTERS, max_size=5), VALUES, max_size=2)
IDENTIFIERS = {
    "external_id": "crm-7", "wechat": "li na", "email": PERSON, "phone": "+8613812345678", "anonymous_id": "a1",
}  # fmt: skip
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "id": st.text(LETTERS, min_size=1, max_size=128).filter(str.strip),
    "type": st.from_regex(TYPE, fullmatch=True).filter(
        lambda key: len(key) <= 80 and not key.startswith(EVENT_PREFIXES)
    )
    | st.sampled_from(["lead.touched", "lead.identified", f"{'a' * 39}.{'b' * 40}", f"a.b.{'c' * 40}"]),
    "occurred_at": MOMENTS
    | st.sampled_from(["2026-01-31t09:00:00z", "2026-01-31 17:00:00.5+08:00", "2026-01-31T09:00:00.123456789-03:30"]),
    "lead": st.sets(st.sampled_from(sorted(READERS)), min_size=1).map(
        lambda kinds: {kind: IDENTIFIERS[kind] if kind in kinds else None for kind in READERS}
    )
    | st.sampled_from(sorted(READERS)).map(lambda kind: {kind: IDENTIFIERS[kind]}),
}
MORE: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(GROUPS, GROUP), "actor": st.sampled_from([None, PERSON]), "imported": st.none() | st.booleans(),
}  # fmt: skip
ITEMS = st.fixed_dictionaries(GOOD, optional=MORE)
BAD: dict[str, list[Any]] = {
    "id": [None, 7, "", " ", "\u3000\t", "x" * 129, ["x"]],
    "type": [None, 7, "", "demo", "Demo.requested", "a.b.c.d", "a.b\n", " a.b", "1a.b", "a." + "b" * 41, "a.é",
             f"{'a' * 40}.{'b' * 40}"],
    "occurred_at": [None, 1_700_000_000, "", "2026-01-31", "2026-01-31T10:00:00", "２０26-01-31T10:00:00Z",
                    "2026-01-31T10:00Z", "2026-01-31T10:00:00Z\n", "2026-01-31T10:00:00+0800"],
    "lead": [None, [], "li", {"mail": "li@example.com"}, {"external_id": 7}, {"external_id": "a", "email": True}],
    **{group: [[], "x", 1, False] for group in GROUPS},
    "actor": [1, [], {}, True],
    "imported": [0, 1, "true", []],
    "prperties": [None, {}],
}  # fmt: skip


def is_taken(item: Any) -> bool:
    try:
        read_item(item, ALL, NOW)
    except ItemRefused:
        return False
    return True


def is_described(item: Any) -> bool:
    try:
        EnvelopeModel.model_validate(item)
    except ValidationError:
        return False
    return True


SPOILT = [(key, value) for key, values in BAD.items() for value in values]


@given(ITEMS)
def test_what_is_good_is_taken_and_described_so(item: dict[str, Any]) -> None:
    assert (is_taken(item), is_described(item)) == (True, True)


@settings(max_examples=400)
@given(ITEMS, st.sampled_from(SPOILT))
def test_one_bad_value_is_refused_and_described_so(item: dict[str, Any], spoilt: tuple[str, Any]) -> None:
    bad = item | dict([spoilt])
    assert (is_taken(bad), is_described(bad)) == (False, False)


@given(ITEMS, st.sampled_from(sorted(KEYS)))
def test_what_may_be_left_out_is_the_same(item: dict[str, Any], key: str) -> None:
    item.pop(key, None)
    assert is_taken(item) == is_described(item) == (key not in GOOD)


@pytest.mark.parametrize("item", [None, [], "x", 7])
def test_what_is_no_object_is_neither(item: Any) -> None:
    assert (is_taken(item), is_described(item)) == (False, False)


def test_both_know_the_same_keys_and_identifiers() -> None:
    assert set(EnvelopeModel.model_fields) == KEYS
    assert list(EnvelopeLead.model_fields) == list(READERS)
