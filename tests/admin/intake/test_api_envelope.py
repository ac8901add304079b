"""The envelope: every item is an intake or a refusal with path and mend; nothing else ever comes out."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from email_validator import validate_email
from hypothesis import given, reject
from hypothesis import strategies as st

from admin.intake.envelope import ItemRefused, Sender, read_item, read_items
from admin.intake.identifiers import PLAIN_EMAIL, PLAIN_LENGTH, READERS, UnusableIdentifier, read_identifier
from admin.intake.json_text import MAX_NESTING, UnreadableJson, fault_in, parse_json
from rulesets.policy.vocabulary import BATON_EVENTS, ENGINE_EVENTS
from tests.admin.api_client import NOW, event
from tests.admin.intake.test_api_envelope_model import ITEMS

ALL = Sender("crm", frozenset({"events:write", "leads:write"}))


def refusal(**changes: Any) -> tuple[str, str]:
    with pytest.raises(ItemRefused) as caught:
        read_item(event(**changes), ALL, NOW)
    assert caught.value.message
    return caught.value.code, caught.value.path


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"id": None}, "missing", "id"),
        ({"id": 7}, "wrong_type", "id"),
        ({"id": " "}, "bad_id", "id"),
        ({"id": "x" * 10_000}, "bad_id", "id"),
        ({"id": "a\x00b"}, "unusable_text", "id"),
        ({"id": "a\ud800"}, "unusable_text", "id"),
        ({"type": None}, "missing", "type"),
        ({"type": "Demo Requested"}, "bad_type", "type"),
        ({"type": "demo"}, "bad_type", "type"),
        ({"type": "a.b.c.d"}, "bad_type", "type"),
        ({"type": "a" * 40 + "." + "b" * 40}, "bad_type", "type"),
        ({"type": "a.b\n"}, "bad_type", "type"),
        ({"type": "lead.tuched"}, "unknown_type", "type"),
        ({"occurred_at": None}, "missing", "occurred_at"),
        ({"occurred_at": 1_700_000_000}, "wrong_type", "occurred_at"),
        ({"occurred_at": "2026-11-21T10:00:00"}, "no_zone", "occurred_at"),
        ({"occurred_at": "2026-11-21"}, "bad_moment", "occurred_at"),
        ({"occurred_at": "2026-02-30T10:00:00Z"}, "bad_moment", "occurred_at"),
        ({"occurred_at": "２０26-11-21T10:00:00Z"}, "bad_moment", "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-23:00"}, "bad_moment", "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+23:00"}, "bad_moment", "occurred_at"),
        ({"occurred_at": "1969-12-31T23:59:59Z"}, "too_early", "occurred_at"),
        ({"occurred_at": (NOW + timedelta(hours=24, seconds=1)).isoformat()}, "too_far_ahead", "occurred_at"),
        ({"lead": None}, "missing", "lead"),
        ({"lead": []}, "wrong_type", "lead"),
        ({"lead": {}}, "no_identifier", "lead"),
        ({"lead": {"email": " ", "phone": None}}, "no_identifier", "lead"),
        ({"lead": {"mail": "x@example.com"}}, "unknown_key", "lead.mail"),
        ({"lead": {"external_id": 7}}, "wrong_type", "lead.external_id"),
        ({"lead": {"email": "broken@"}}, "bad_identifier", "lead.email"),
        ({"lead": {"external_id": "", "phone": "call me"}}, "bad_identifier", "lead.phone"),
        ({"lead": {"external_id": "x" * 201}}, "bad_identifier", "lead.external_id"),
        ({"lead": {"email": "n/a", "phone": "138****8000"}}, "bad_identifier", "lead.email"),
        ({"lead": {"external_id": "undefined"}}, "bad_identifier", "lead.external_id"),
        ({"lead": {"phone": "11111111111"}}, "bad_identifier", "lead.phone"),
        ({"traits": []}, "wrong_type", "traits"),
        ({"properties": "x"}, "wrong_type", "properties"),
        ({"imported": 1}, "wrong_type", "imported"),
        ({"actor": 1}, "wrong_type", "actor"),
        ({"actor": "li@example.com"}, "actor_not_allowed", "actor"),
        ({"prperties": {}}, "unknown_key", "prperties"),
        ({"properties": {"list": [1, {"x": float("inf")}]}}, "not_a_number", "properties.list[1].x"),
        ({"properties": {"a": {"b\x00": 1}}}, "unusable_text", "properties.a"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(changes: dict[str, Any], code: str, path: str) -> None:
    given = event() | changes
    with pytest.raises(ItemRefused) as caught:
        read_item({key: value for key, value in given.items() if value is not None}, ALL, NOW)
    assert (caught.value.code, caught.value.path) == (code, path)


@pytest.mark.parametrize("event_type", ENGINE_EVENTS)
def test_no_sender_may_speak_for_the_engine(event_type: str) -> None:
    assert refusal(type=event_type)[0] == "engine_only"


def test_every_event_of_batons_own_is_either_the_engines_or_may_be_sent() -> None:
    taken = [name for name in BATON_EVENTS if name not in ENGINE_EVENTS]
    assert [read_item(event(type=name), ALL, NOW).type for name in taken] == taken


@pytest.mark.parametrize(
    ("ahead", "occurred", "due"),
    [
        (timedelta(hours=-1), timedelta(hours=-1), timedelta()),
        (timedelta(minutes=5), timedelta(), timedelta()),
        (timedelta(minutes=5, seconds=1), timedelta(minutes=5, seconds=1), timedelta(minutes=5, seconds=1)),
        (timedelta(hours=24), timedelta(hours=24), timedelta(hours=24)),
    ],
)
def test_a_little_ahead_is_now_and_more_ahead_waits(ahead: timedelta, occurred: timedelta, due: timedelta) -> None:
    intake = read_item(event(occurred_at=(NOW + ahead).isoformat()), ALL, NOW)
    assert (intake.occurred_at - NOW, intake.due_at - NOW) == (occurred, due)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21t09:00:00z", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026-11-21 17:00:00.5+08:00", datetime(2026, 11, 21, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-21T09:00:00.123456789Z", datetime(2026, 11, 21, 9, 0, 0, 123_456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_moments_are_read_as_rfc_3339_writes_them(text: str, moment: datetime) -> None:
    assert read_item(event(occurred_at=text), ALL, datetime(2026, 11, 21, 10, tzinfo=UTC)).occurred_at == moment


@pytest.mark.parametrize(
    ("kind", "text", "normal"),
    [
        ("email", " Li.Na+News@Example.COM ", "li.na+news@example.com"),
        ("phone", "138 1234 5678", "+8613812345678"),
        ("phone", "13812345678", "+8613812345678"),
        ("phone", "+86-138-1234-5678", "+8613812345678"),
        ("phone", "（010）6234 5678", "+861062345678"),
        ("phone", "+1 (212) 555-0100", "+12125550100"),
        ("phone", "021 6234 5678 ext 12", "+862162345678;ext=12"),
        ("phone", "+49 0030 123456", "+4930123456"),
        ("phone", "13800138000.0", "+8613800138000"),
        ("phone", "１３８－００１３－８０００", "+8613800138000"),
        ("phone", "\u202d138\u200b00138000\u202c", "+8613800138000"),
        ("phone", "+86 (138) 0013.8000", "+8613800138000"),
        ("phone", "0086 138 0013 8000", "+8613800138000"),
        ("phone", "+44 (0)20 7946 0958", "+442079460958"),
        ("phone", "021-62345678-801", "+862162345678;ext=801"),
        ("phone", "021-62345678 转 801", "+862162345678;ext=801"),
        ("phone", "02162345678分机801", "+862162345678;ext=801"),
        ("phone", "+86 21 6234 5678 x801", "+862162345678;ext=801"),
        ("phone", "+86 21 6234 5678#801", "+862162345678;ext=801"),
        ("email", "ann\u200b@acme.test", "ann@acme.test"),
        ("email", "\ufeffann@acme.test\u00ad", "ann@acme.test"),
        ("external_id", "crm\u200e-1", "crm-1"),
        ("wechat", "  a \t b ", "a b"),
        ("external_id", "", None),
    ],
)
def test_two_spellings_of_one_identifier_meet(kind: str, text: str, normal: str | None) -> None:
    assert read_identifier(kind, text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "138****8000", "1380013800o", "13800138000/13900139000", "13800138000 13900139000", "1.3800138E+10",
        "1380013800", "138001380001", "12012345678", "62345678/79", "+86+13800138000", "1-800-FLOWERS", "00000000000",
        "11111111111", "1234567890", "12345678901", "13800138000-801", "13800138000.5", "tel 13800138000", "+", "()",
        "+999 123 456 789",
    ],
)  # fmt: skip
def test_what_is_no_valid_number_is_unreadable_and_never_another_number(text: str) -> None:
    """R1.15."""
    with pytest.raises(UnusableIdentifier):
        read_identifier("phone", text)


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(" -.()/*x#转oO,;:~１")), max_size=3))
def test_no_text_becomes_another_number(marks: list[tuple[int, str]]) -> None:
    """R1.15: a number with marks in it is that number or unreadable."""
    text = "13800138000"
    for place, mark in marks:
        text = f"{text[:place]}{mark}{text[place:]}"
    with contextlib.suppress(UnusableIdentifier):
        assert read_identifier("phone", text) == "+8613800138000"


def test_an_unreadable_identifier_costs_only_itself() -> None:
    """R1.15."""
    found = read_item(event(lead={"email": "n/a", "phone": "13800138001"}), ALL, NOW)
    assert (found.identities, found.unreadable) == ({"phone": "+8613800138001"}, {"email": "n/a"})


LABELS = st.lists(st.text("abz09", min_size=1, max_size=5), min_size=1, max_size=2).map("-".join)
WORDS = st.lists(st.text("abz09_", min_size=1, max_size=5), min_size=3, max_size=3)
PLAIN = st.builds(
    lambda words, dot, labels, top: f"{dot.join(words)}@{'.'.join(labels)}.{top}",
    WORDS, st.sampled_from(".+-"), st.lists(LABELS, min_size=1, max_size=2), st.sampled_from(["com", "cn", "hk", "uk"]),
)  # fmt: skip
NUMBERS = st.tuples(
    st.sampled_from(["", "0", "+86 ", "+1 (", "+49", "+44 (0)"]),
    st.text("0123456789", min_size=3, max_size=4),
    st.sampled_from(["", " ", "-", ") "]),
    st.text("0123456789", min_size=4, max_size=7),
    st.sampled_from(["", " ext 12"]),
).map("".join)
SPELT = {"email": st.emails() | PLAIN, "phone": NUMBERS}
SPELLINGS = st.sampled_from(sorted(READERS)).flatmap(
    lambda kind: st.tuples(st.just(kind), SPELT.get(kind, st.nothing()) | st.text(max_size=60))
)


@given(SPELLINGS)
def test_a_normal_form_is_its_own_normal_form(spelt: tuple[str, str]) -> None:
    kind, text = spelt
    try:
        normal = read_identifier(kind, text)
    except UnusableIdentifier:
        reject()
    assert normal is None or read_identifier(kind, normal) == normal


@given(PLAIN)
def test_plain_addresses_are_what_the_library_makes_of_them(address: str) -> None:
    assert PLAIN_EMAIL.fullmatch(address)
    assert len(address) <= PLAIN_LENGTH
    assert read_identifier("email", address) == validate_email(address, check_deliverability=False).normalized


def test_nesting_is_measured_and_not_walked_into() -> None:
    assert read_item(event(properties=nested(MAX_NESTING - 1)), ALL, NOW).properties
    assert refusal(properties=nested(MAX_NESTING))[0] == "nested_too_deeply"
    assert refusal(properties=nested(500))[0] == "nested_too_deeply"


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ('{"a": {"b": 1, "b": 2}}', "duplicate_key", "a"),
        ('{"a": NaN}', "not_a_number", "a"),
        ('{"a": [-Infinity]}', "not_a_number", "a[0]"),
        ('{"a": 1e999}', "not_a_number", "a"),
        ('{"a": ' + "9" * 400 + "}", "number_too_long", "a"),
        ('{"a": ' + "9" * 10_000 + "}", "number_too_long", "a"),
        ('{"a": "\\u0000"}', "unusable_text", "a"),
        ('{"a": "\\uDC00"}', "unusable_text", "a"),
        ('{"\\ud800": 1}', "unusable_text", ""),
    ],
)
def test_json_that_no_database_could_hold_is_found(text: str, code: str, path: str) -> None:
    parsed = parse_json(text.encode())
    fault = fault_in(parsed.value, suspect=parsed.suspect)
    assert fault is not None
    assert (fault.code, fault.path) == (code, path)


@pytest.mark.parametrize("text", ['{"a": "\\ud83d\\ude00"}', '{"a": 1e308}', '{"a": -0.0}', '{"a": ' + "9" * 300 + "}"])
def test_json_that_is_only_unusual_is_taken(text: str) -> None:
    parsed = parse_json(text.encode())
    assert fault_in(parsed.value, suspect=parsed.suspect) is None


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_json_or_a_reason_why_not(body: bytes) -> None:
    try:
        parsed = parse_json(body)
    except UnreadableJson as why:
        seen = why.code
    else:
        intakes, rejections = read_items([parsed.value], ALL, NOW, suspect=parsed.suspect)
        seen = str(len(intakes) + len(rejections))
    assert seen in {"not_utf8", "malformed_json", "1"}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
ENVELOPE = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=140) | ANYTHING,
        "type": st.sampled_from(["demo.requested", "lead.touched", "sla.breached"]) | ANYTHING,
        "occurred_at": st.datetimes().map(lambda moment: moment.isoformat() + "Z") | ANYTHING,
        "lead": st.dictionaries(st.sampled_from(sorted(READERS)), st.text(max_size=20) | ANYTHING) | ANYTHING,
        "traits": ANYTHING,
        "company": ANYTHING,
        "answers": ANYTHING,
        "properties": ANYTHING,
        "actor": ANYTHING,
        "imported": ANYTHING,
        "other": ANYTHING,
    },
)


@given(st.lists(ITEMS | ENVELOPE | ANYTHING, max_size=5))
def test_each_item_is_taken_or_refused_and_what_is_taken_can_be_stored(items: list[Any]) -> None:
    intakes, rejections = read_items(items, ALL, NOW)
    assert len(intakes) + len(rejections) == len(items)
    for intake in intakes:
        text = json.dumps(intake.body(), allow_nan=False)
        assert "\\u0000" not in text
        text.encode()
        assert 1 <= len(intake.id) <= 128
    for rejection in rejections:
        json.dumps(rejection.as_json()).encode()
