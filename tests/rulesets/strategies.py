"""Random policy documents for property tests: sound ones, and any JSON at all."""

from typing import Any

from hypothesis import strategies as st

from tests.rulesets.documents import EVENTS, FIELDS, LEAST

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)
POINTS = st.integers(-10_000, 10_000).map(lambda cents: cents / 100)
LABELS = TEXTS | st.fixed_dictionaries({}, optional={"en": TEXTS, "zh_Hans": TEXTS, "zh_Hant": TEXTS})

TESTS = st.one_of(
    st.builds(lambda op: {"field": "lead.title_x", "op": op}, st.sampled_from(["known", "unknown"])),
    st.builds(
        lambda op, value: {"field": "lead.title_x", "op": op, "value": value},
        st.sampled_from(["eq", "neq", "contains", "not_contains", "starts_with", "ends_with"]),
        TEXTS,
    ),
    st.builds(
        lambda op, value: {"field": "company.size_x", "op": op, "value": value},
        st.sampled_from(["eq", "neq", "lt", "lte", "gt", "gte"]),
        st.integers(-100, 100),
    ),
    st.builds(
        lambda low, more: {"field": "company.ratio_x", "op": "between", "value": [low, low + more]},
        st.integers(-5, 5),
        st.integers(0, 5),
    ),
    st.builds(
        lambda op, value: {"field": "lead.flags_x", "op": op, "value": value},
        st.sampled_from(["has_any", "has_all", "has_none"]),
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3),
    ),
    st.builds(
        lambda days, number: {"count": {"event": "content.downloaded", "days": days}, "op": "gte", "value": number},
        st.integers(1, 90) | st.just(0.5),
        st.integers(0, 5),
    ),
    st.builds(
        lambda number: {"days_since": {"event": "pricing.viewed"}, "op": "lt", "value": number}, st.integers(0, 60)
    ),
)


def _grouped(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kinds = st.sampled_from(["all", "any", "none"])
    return st.builds(lambda kind, parts: {kind: parts}, kinds, st.lists(inner, min_size=1, max_size=3))


CONDITIONS: st.SearchStrategy[Any] = TESTS | _grouped(TESTS | _grouped(TESTS)) | st.just({"all": []})


def _rows(row: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    rows = st.fixed_dictionaries({"key": KEYS, **row}, optional={"label": LABELS, **optional})
    return st.lists(rows, max_size=3, unique_by=lambda one: one["key"])


RULES = _rows({"when": CONDITIONS, "points": POINTS}, {"enabled": st.booleans()})
DECAYS = st.sampled_from(
    [
        {"curve": "none"},
        {"curve": "half_life", "days": 30, "floor": 0.5},
        {"curve": "linear", "percent": 10, "period": {"hours": 1.5}},
        {"curve": "step", "steps": [{"after_days": 7, "percent": 50}]},
        {"curve": "expire", "days": 7},
    ]
)
REPEATS = st.sampled_from([{"per": "day", "times": 1, "window": {"days": 7}}, {"per": "asset", "times": None}])
SIGNALS = _rows(
    {"event": st.sampled_from(["pricing.viewed", ["pricing.viewed", "lead.touched"]]), "points": POINTS},
    {"when": CONDITIONS, "max": st.integers(0, 50), "decay": DECAYS, "repeat": REPEATS, "enabled": st.booleans()},
)
MODEL: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"key": KEYS},
    optional={
        "label": LABELS,
        "priority": st.integers(0, 200),
        "when": st.just({"all": []}),
        "fit": st.fixed_dictionaries(
            {},
            optional={
                "start": POINTS,
                "min": st.just(0),
                "max": st.just(100),
                "groups": _rows({"rules": RULES}, {"max": POINTS}),
                "grades": st.just({"A": 60, "B": 40.5, "C": 20}),
            },
        ),
        "engagement": st.fixed_dictionaries(
            {}, optional={"groups": _rows({"signals": SIGNALS}, {"max": st.just(40)}), "heats": st.just({"hot": 50})}
        ),
        "matrix": st.sampled_from([{}, {"default": {"action": "hold"}, "cells": {"A.hot": {"action": "sales"}}}]),
    },
)
POLICIES = st.fixed_dictionaries(
    {
        **{key: st.just(value) for key, value in LEAST.items()},
        "name": TEXTS,
        "models": st.lists(MODEL, min_size=1, max_size=1),
    },
    optional={
        "segments": _rows({"when": CONDITIONS}, {}),
        "reasons": st.fixed_dictionaries({}, optional={"reject": _rows({}, {"justified": st.booleans()})}),
        "feedback": st.sampled_from([{}, {"on_reject": "sdr"}, {"on_release": "pool"}]),
    },
).map(lambda policy: {**policy, "fields": FIELDS, "events": EVENTS})
"""Policies without errors."""

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
