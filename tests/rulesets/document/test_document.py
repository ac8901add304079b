"""The document as text: what is read, what is refused, and a digest that survives export and import (R0.1–R0.5)."""

import contextlib
import copy
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesets.document.document import LARGEST_TEXT, DocumentUnreadable, canonical, digest, load, parse, plain, to_yaml
from rulesets.document.yaml_text import LARGEST_TREE, read_yaml, write_yaml
from rulesets.policy.policy import Policy
from tests.rulesets.documents import LEAST, policy, with_rule
from tests.rulesets.strategies import ANY_JSON, POLICIES, TEXTS


def parsed(raw: Any) -> Policy:
    result = parse(raw)
    assert result.policy, result.findings
    return result.policy


@given(POLICIES)
def test_a_document_keeps_its_digest_on_the_way_out_and_in(raw: Any) -> None:
    """R0.5: exporting and importing keeps the digest; R0.1: JSON and YAML have one shape."""
    one = parsed(raw)
    for text in (to_yaml(one), canonical(one), json.dumps(raw), to_yaml(one).encode()):
        assert digest(parsed(load(text))) == digest(one)


@given(POLICIES)
def test_the_canonical_form_is_a_fixed_point(raw: Any) -> None:
    once = canonical(parsed(raw))
    assert canonical(parsed(load(once))) == once


DEFAULTS_WRITTEN_OUT = [
    ({}, {"fields": [], "events": [], "segments": [], "qualification": {"mql": []}, "feedback": {"on_reject": "sdr"}}),
    ({}, {"models": [{"key": "m", "priority": 100, "when": {"all": []}, "scores": "lead", "fit": {"start": 0}}]}),
    ({}, {"models": [{"key": "m", "matrix": {"default": {"action": "nurture", "priority": 3}, "cells": {}}}]}),
    (
        {"assignment": [{"key": "a", "role": "sdr"}]},
        {"assignment": [{"key": "a", "role": "sdr", "otherwise": "queue"}]},
    ),
    ({"name": "Ame\u0301lie"}, {"name": "Amélie"}),
    ({"name": "x"}, {"name": "x", "pool": None}),
]


@pytest.mark.parametrize(("short", "long"), DEFAULTS_WRITTEN_OUT)
def test_defaults_written_out_and_left_out_are_one_document(short: Any, long: Any) -> None:
    """R0.1: what is absent is empty or has its default; R0.5: defaults are left out."""
    assert digest(parsed(LEAST | short)) == digest(parsed(LEAST | long))


def test_a_change_of_meaning_changes_the_digest() -> None:
    when = {"field": "company.size_x", "op": "gt", "value": 1}
    other = {"field": "company.size_x", "op": "gt", "value": 2}
    assert digest(parsed(with_rule(when))) != digest(parsed(with_rule(other)))


def test_the_digest_of_the_least_policy_is_what_it_always_was() -> None:
    """R0.5: the digest is the SHA-256 of the canonical form."""
    expected = b'{"format":"baton.policy/1","models":[{"key":"m"}],"name":"least","timezone":"Asia/Shanghai"}'
    assert canonical(parsed(LEAST)) == expected
    assert digest(parsed(LEAST)) == "48cd9070a9a5ffbe04dbe27c38916ae23fa128bae69e34160322c777465bf3fc"


def test_numbers_and_durations_are_written_back_as_they_were() -> None:
    when = {"count": {"event": "pricing.viewed", "days": 7}, "op": "gte", "value": 3}
    clock = {"key": "c", "role": "sdr", "starts_on": {"stage": "ready"}, "window": {"minutes": 90}}
    document = plain(parsed(with_rule(when, sla=[clock])))
    assert document["models"][0]["fit"]["groups"][0]["rules"][0]["when"] == when
    assert document["sla"][0]["window"] == {"minutes": 90}
    assert "days: 7\n" in to_yaml(parsed(with_rule(when)))


def test_a_null_that_a_test_case_expects_is_kept() -> None:
    case = {"key": "t", "expect": {"fit": 0, "route": None}}
    document = plain(parsed(policy(tests=[case])))
    assert document["tests"] == [case]
    assert digest(parsed(policy(tests=[case]))) != digest(parsed(policy(tests=[{"key": "t", "expect": {"fit": 0}}])))


def test_text_is_composed_everywhere() -> None:
    """R0.5: text is in NFC."""
    decomposed = unicodedata.normalize("NFD", "é")
    event = {"type": "pricing.viewed", "days_ago": 1, "properties": {decomposed: [decomposed, 1, None]}}
    case = {"key": "t", "facts": {}, "events": [event], "expect": {"fit": 0}}
    document = plain(parsed(policy(tests=[case])))
    assert document["tests"][0]["events"][0]["properties"] == {"é": ["é", 1, None]}


def test_yaml_keeps_words_times_and_dates_as_text() -> None:
    text = "a: [no, on, 12:30, 2026-11-21, 007, 1_000, .inf, 0x1F]\nb: [true, ~, 1, -2.5, 1e3, .5]\nc: !!str 5\n"
    assert load(text) == {
        "a": ["no", "on", "12:30", "2026-11-21", "007", "1_000", ".inf", "0x1F"],
        "b": [True, None, 1, -2.5, 1000.0, 0.5],
        "c": "5",
    }


def test_yaml_aliases_stand_for_what_they_name() -> None:
    assert load("a: &x {b: &y [1]}\nc: *x\nd: *y\ne: &z 5\nf: *z\n") == {
        "a": {"b": [1]}, "c": {"b": [1]}, "d": [1], "e": 5, "f": 5,
    }  # fmt: skip


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12))]
)
DEEP_ALIASES = "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 80))])


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{"a": 1,\n "a": 2}', 2, "stands twice"),
        ('{"a": 1, "\\u0061": 2}', 1, "stands twice"),
        ('{"a": {"b": 1,\n"b": 2}}', 2, "stands twice"),
        ('{"a" 1}', 1, "Expecting ':'"),
        ('{"a": 1, "\\q": 2}', 1, "Invalid"),
        ('{"a": NaN}', 1, "NaN is not a number"),
        ('{"a": ' + "9" * 5000 + "}", 1, "limit"),
        ('{"a": ' + "[" * 100 + "]" * 100 + "}", 1, "nested more than"),
        ('{"a": ' * 10_000, 1, "nested more than"),
        ('{"a": "\n]', 1, "Invalid control"),
        ('{"a": 1]}}', 1, "Expecting"),
        ("a: 1\na: 2", 2, "stands twice"),
        ("a: 1\n b: 2", 2, "mapping values"),
        ("a: *x", 1, "refers to nothing"),
        ("a: &x [*x]", 1, "refers to nothing"),
        ("a: !!python/object:os.system {}", 1, "tags"),
        ("a: !!int '5'", 1, "tags"),
        ("a: 1\n---\nb: 2", 2, "more than one document"),
        ("? [a]\n: 1", 1, "plain text"),
        ("[" * 100_000, 1, "nested more than"),
        (DEEP_ALIASES, 64, "nested more than"),
        (BOMB, 6, f"more than {LARGEST_TREE:,}"),
        ("a: \x07", 1, "control characters"),
        ("a: 1\nb: \ud800", 2, "no Unicode"),
        (b"a: 1\nb: \xff", 2, "not UTF-8"),
    ],
)
def test_text_that_cannot_be_read_is_refused_with_its_line(text: str | bytes, line: int, why: str) -> None:
    with pytest.raises(DocumentUnreadable) as refused:
        load(text)
    (finding,) = refused.value.findings
    assert finding.code == "unreadable"
    assert finding.message.startswith(f"line {line}: ")
    assert why in finding.message


@pytest.mark.parametrize("text", ["x" * (LARGEST_TEXT + 1), b"x" * (LARGEST_TEXT + 1)])
def test_a_document_of_more_than_four_mebibytes_is_refused_unread(text: str | bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="larger than 4 MiB"):
        load(text)


def test_an_empty_text_and_a_byte_order_mark_are_harmless() -> None:
    assert load("") is None
    assert load(b"\xef\xbb\xbf{}") == {}
    assert load("{a: b}") == {"a": "b"}
    assert load("1: x\n~: y") == {"1": "x", "~": "y"}


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_loading_gives_data_or_a_finding_whatever_the_text(text: str | bytes) -> None:
    with contextlib.suppress(DocumentUnreadable):
        load(text)


PLAIN_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN_DATA)
def test_yaml_is_read_back_as_it_was_written(value: Any) -> None:
    assert read_yaml(write_yaml({"k": value})) == {"k": value}


@pytest.mark.parametrize(
    "text", ["no", "1e5", "007", "~", "", "12:30", "a\u2028b", "a\x85b", "- x", "=", "<<", ".5", "+1"]
)
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    assert read_yaml(write_yaml({text: [text]})) == {text: [text]}


@given(ANY_JSON)
def test_parsing_never_raises(raw: Any) -> None:
    result = parse(raw)
    assert (result.policy is None) is bool(result.findings)


def test_parsing_leaves_the_raw_data_as_it_was() -> None:
    raw = policy()
    before = copy.deepcopy(raw)
    parse(raw)
    assert raw == before
