"""Raw values become facts: R1.4–R1.6."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesets.conditions.numbers import LARGEST_NUMBER
from rulesets.conditions.reading import Field, FieldType, ReadingCode, Value, fold, parse_moment, read, spellings

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPTIONS = ("Junior", "Senior", "VP")
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


OLD = 1
"""The edition of rules before R1.10."""


def of(type_: FieldType, raw: object, **options: Any) -> Value | None:
    return read(Field("lead.x", type_, **options), raw, SHANGHAI).value


def code(type_: FieldType, raw: object, **options: Any) -> ReadingCode | None:
    return read(Field("lead.x", type_, **options), raw, SHANGHAI).code


@pytest.mark.parametrize("raw", [None, "", " \t\n", "\u3000", [], ()])
@pytest.mark.parametrize("type_", list(FieldType))
def test_nothing_said_is_unknown_for_every_type(type_: FieldType, raw: object) -> None:
    """R1.6."""
    reading = read(Field("lead.x", type_), raw, SHANGHAI)
    assert reading.is_unknown
    assert reading.value is None


@pytest.mark.parametrize("raw", ["Select", " select ", "ＳＥＬＥＣＴ"])
@pytest.mark.parametrize("type_", list(FieldType))
def test_unknown_values_clear_a_fact_whatever_its_type(type_: FieldType, raw: str) -> None:
    assert read(Field("lead.x", type_, unknown_values=("Select",)), raw, SHANGHAI).is_unknown


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  a \u3000 b\t", "a b"),
        (7, "7"),
        (1.5, "1.5"),
        (3.0, "3"),
        (True, "true"),
        (False, "false"),
        ("ＣＴＯ", "ＣＴＯ"),
    ],
)
def test_text_is_trimmed_and_its_white_space_folded(raw: object, text: str) -> None:
    assert of(FieldType.TEXT, raw) == text


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({"a": 1}, ReadingCode.NOT_TEXT),
        (["a"], ReadingCode.NOT_TEXT),
        ("a\x00b", ReadingCode.BAD_CHARACTERS),
        ("a\ud800", ReadingCode.BAD_CHARACTERS),
        (float("nan"), ReadingCode.NOT_A_NUMBER),
        (float("inf"), ReadingCode.TOO_LARGE),
    ],
)
def test_what_no_text_can_hold_is_unreadable(raw: object, why: ReadingCode) -> None:
    assert code(FieldType.TEXT, raw) is why


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("1,200", 1200),
        ("１，２００", 1200),
        (" -5 ", -5),
        ("\u22125", -5),
        ("+7", 7),
        ("-0", 0),
        ("0012", 12),
        ("12.0", 12),
        (12.0, 12),
        (Decimal("12.00"), 12),
        (LARGEST_NUMBER, LARGEST_NUMBER),
        ("10,000,000,000,000", LARGEST_NUMBER),
    ],
)
def test_integers_are_read_from_numbers_and_from_text_as_people_write_it(raw: object, number: int) -> None:
    """R1.5."""
    value = of(FieldType.INTEGER, raw)
    assert value == number
    assert type(value) is int


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("12.5", ReadingCode.FRACTION),
        (0.1, ReadingCode.FRACTION),
        ("1e3", ReadingCode.NOT_A_NUMBER),
        ("1 200", ReadingCode.NOT_A_NUMBER),
        ("12,34", ReadingCode.NOT_A_NUMBER),
        ("1_000", ReadingCode.NOT_A_NUMBER),
        ("10²", ReadingCode.NOT_A_NUMBER),
        ("50 people", ReadingCode.NOT_A_NUMBER),
        (".5", ReadingCode.NOT_A_NUMBER),
        (True, ReadingCode.NOT_A_NUMBER),
        ([1], ReadingCode.NOT_A_NUMBER),
        (LARGEST_NUMBER + 1, ReadingCode.TOO_LARGE),
        (-1e300, ReadingCode.TOO_LARGE),
        ("9" * 9999, ReadingCode.TOO_LARGE),
        ("10000000000000.1", ReadingCode.TOO_LARGE),
        ("10000000000001", ReadingCode.TOO_LARGE),
    ],
)
def test_an_integer_field_refuses_fractions_units_exponents_and_the_huge(raw: object, why: ReadingCode) -> None:
    """R1.5."""
    assert code(FieldType.INTEGER, raw) is why


@pytest.mark.parametrize("raw", ["1.000", "-12.500", "１．０００", "1,234.567", "0.000"])
def test_a_dot_with_three_digits_behind_it_is_ambiguous_in_an_integer_field(raw: str) -> None:
    """R1.10: a thousand in one country, one in another."""
    assert code(FieldType.INTEGER, raw) is ReadingCode.AMBIGUOUS_NUMBER


@pytest.mark.parametrize("raw", ["1.00", "1.0000", "1,000", 1.000, Decimal("1.000"), 1000])
def test_other_text_and_numbers_are_no_less_readable_for_it(raw: object) -> None:
    """R1.10."""
    assert of(FieldType.INTEGER, raw) in {1, 1000}
    assert of(FieldType.DECIMAL, "1.000") == 1


def test_a_number_too_large_to_be_printed_is_too_large() -> None:
    assert code(FieldType.INTEGER, 10**5000) is ReadingCode.TOO_LARGE


@pytest.mark.parametrize(("raw", "number"), [("1.23450", "1.2345"), (0.5, "0.5"), (1e5, "100000"), ("-0.0", "0")])
def test_decimals_are_exact(raw: object, number: str) -> None:
    assert of(FieldType.DECIMAL, raw) == Decimal(number)


@pytest.mark.parametrize("raw", ["1.23456", 1e-7, 0.1 + 0.2])
def test_more_than_four_decimals_are_unreadable(raw: object) -> None:
    """R1.2, R1.5."""
    assert code(FieldType.DECIMAL, raw) is ReadingCode.TOO_MANY_DECIMALS


@pytest.mark.parametrize("raw", [True, "true", "Yes", "是", "1", 1, 1.0, " ON ", "ＹＥＳ"])
def test_the_ways_to_say_yes(raw: object) -> None:
    """R1.5."""
    assert of(FieldType.BOOLEAN, raw) is True


@pytest.mark.parametrize("raw", [False, "false", "NO", "否", "0", 0, "off"])
def test_the_ways_to_say_no(raw: object) -> None:
    assert of(FieldType.BOOLEAN, raw) is False


@pytest.mark.parametrize("raw", ["maybe", 2, [True], {}])
def test_anything_else_is_no_boolean(raw: object) -> None:
    assert code(FieldType.BOOLEAN, raw) is ReadingCode.NOT_BOOLEAN


def test_a_choice_takes_the_options_own_spelling() -> None:
    assert of(FieldType.CHOICE, " vp ", options=OPTIONS) == "VP"
    assert of(FieldType.CHOICE, "anything", options=()) == "anything"
    assert code(FieldType.CHOICE, "CEO", options=OPTIONS) is ReadingCode.NOT_AN_OPTION


def test_of_options_that_fold_alike_the_first_is_meant() -> None:
    assert spellings(("Vp", "VP"))["vp"] == "Vp"


def test_a_set_stands_in_the_options_order_and_drops_what_it_does_not_know() -> None:
    field = Field("lead.x", FieldType.CHOICES, OPTIONS, unknown_values=("N/A",))
    reading = read(field, ["vp", "CEO", None, "N/A", {"a": 1}, "JUNIOR", "VP"], SHANGHAI)
    assert reading.value == ("Junior", "VP")
    assert reading.dropped == ("CEO", "(dict)")


def test_notes_about_dropped_members_are_safe_to_store() -> None:
    reading = read(Field("lead.x", FieldType.CHOICES, OPTIONS), ["\ud800", "N\x00", 10**5000, 7], SHANGHAI)
    assert reading.dropped == ("'\\ud800'", "'N\\x00'", "(int)", "7")


def test_an_open_set_keeps_first_spellings_in_order_of_arrival() -> None:
    assert of(FieldType.CHOICES, ["b", "a", "B"]) == ("b", "a")


def test_one_text_is_a_set_of_one_and_an_object_is_none() -> None:
    assert of(FieldType.CHOICES, "a, b") == ("a, b",)
    assert code(FieldType.CHOICES, {"a": True}) is ReadingCode.NOT_TEXT


@pytest.mark.parametrize("raw", ["VP; junior", "VP；Junior", " junior | vp ", ";Junior;;VP|", "VP;Junior;VP"])
def test_one_text_that_is_no_option_is_split(raw: str) -> None:
    """R1.12: as systems export fields of several values."""
    assert of(FieldType.CHOICES, raw, options=OPTIONS) == ("Junior", "VP")


def test_an_option_that_contains_a_separator_is_not_split_and_neither_is_a_member_of_a_list() -> None:
    """R1.12."""
    options = ("R&D; QA", "R&D", "QA")
    assert of(FieldType.CHOICES, "r&d; qa", options=options) == ("R&D; QA",)
    reading = read(Field("lead.x", FieldType.CHOICES, options), ["R&D", "QA;R&D"], SHANGHAI)
    assert (reading.value, reading.dropped) == (("R&D",), ("QA;R&D",))


def test_of_a_split_text_unknown_parts_are_dropped_one_by_one() -> None:
    """R1.12."""
    reading = read(Field("lead.x", FieldType.CHOICES, OPTIONS, unknown_values=("N/A",)), "VP;CEO;n/a", SHANGHAI)
    assert (reading.value, reading.dropped) == (("VP",), ("CEO",))


def test_an_open_set_has_no_options_and_splits_every_text() -> None:
    """R1.12."""
    assert of(FieldType.CHOICES, "expo;vip") == ("expo", "vip")


def test_a_set_of_which_nothing_remains_is_unknown_with_notes() -> None:
    reading = read(Field("lead.x", FieldType.CHOICES, OPTIONS), ["CEO"], SHANGHAI)
    assert reading.is_unknown
    assert reading.dropped == ("CEO",)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-11-21", date(2026, 11, 21)),
        ("2026/1/5", date(2026, 1, 5)),
        ("２０２６/１/５", date(2026, 1, 5)),
        ("2026-11-21T20:00:00Z", date(2026, 11, 22)),
        ("2026-11-21 20:00", date(2026, 11, 21)),
        ("2026年11月21日", date(2026, 11, 21)),
        ("2026年1月5日 10:00", date(2026, 1, 5)),
        ("2026.11.21", date(2026, 11, 21)),
        ("２０２６．1．5", date(2026, 1, 5)),
    ],
)
def test_days_are_calendar_days_in_the_policy_zone(raw: str, day: date) -> None:
    assert of(FieldType.DATE, raw) == day


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize("offset", ["", "Z", "+08:00", "-08:00", "+05:30"])
def test_midnight_of_its_own_zone_is_that_day_whatever_the_policy_zone(zone: str, offset: str) -> None:
    """R1.11."""
    field = Field("lead.x", FieldType.DATE)
    assert read(field, f"2026-11-21T00:00:00{offset}", ZoneInfo(zone)).value == date(2026, 11, 21)


def test_a_second_after_midnight_is_a_moment_like_any_other() -> None:
    """R1.11."""
    assert of(FieldType.DATE, "2026-11-21T00:00:01-08:00") == date(2026, 11, 21)
    assert of(FieldType.DATE, "2026-11-21T00:00:00.5+14:00") == date(2026, 11, 20)


def test_versions_of_the_first_edition_read_as_they_did() -> None:
    """R1.10, R1.11, R1.12: what was decided under them stays explained."""
    assert of(FieldType.INTEGER, "1.000", edition=OLD) == 1
    assert of(FieldType.CHOICES, "VP;Junior", edition=OLD) == ("VP;Junior",)
    assert of(FieldType.DATE, "2026-11-21T00:00:00-08:00", edition=OLD) == date(2026, 11, 21)
    assert of(FieldType.DATE, "2026-11-21T00:00:00+14:00", edition=OLD) == date(2026, 11, 20)
    assert code(FieldType.DATE, "2026.11.21", edition=OLD) is ReadingCode.NOT_A_DATE


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-11-21", datetime(2026, 11, 20, 16, tzinfo=UTC)),
        ("2026/1/5 9:00".replace(" 9", " 09"), datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("2026-11-21T10:00:00", datetime(2026, 11, 21, 2, tzinfo=UTC)),
        ("2026-11-21t10:00:00.5z", datetime(2026, 11, 21, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-21T10:00:00+08:00", datetime(2026, 11, 21, 2, tzinfo=UTC)),
        ("2026-11-21T10:00-0330", datetime(2026, 11, 21, 13, 30, tzinfo=UTC)),
        ("2026-11-21T10:00+01", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026.11.21", datetime(2026, 11, 20, 16, tzinfo=UTC)),
        ("2026年11月21日 10:00", datetime(2026, 11, 21, 2, tzinfo=UTC)),
    ],
)
def test_datetimes_are_instants_and_take_the_policy_zone_if_they_name_none(raw: str, moment: datetime) -> None:
    """R1.5."""
    assert of(FieldType.DATETIME, raw) == moment


@pytest.mark.parametrize(
    "raw",
    [
        "21.11.2026",
        "2026.13.1",
        "2026年11月",
        "11月21日",
        "2026-11/21",
        "2026-13-01",
        "2026-2-3",
        "0001-01-01",
        "9999-12-31",
        "2026-01-01T24:00",
        "2026-01-01T10:00+99",
        5,
    ],
)
@pytest.mark.parametrize("type_", [FieldType.DATE, FieldType.DATETIME])
def test_other_forms_and_far_years_are_no_dates(type_: FieldType, raw: object) -> None:
    assert code(type_, raw) is ReadingCode.NOT_A_DATE


def test_a_moment_without_zone_stays_without_zone_until_it_is_read() -> None:
    moment = parse_moment("2026-11-21 10:00")
    assert isinstance(moment, datetime)
    assert moment.tzinfo is None


def test_text_folds_by_compatibility_case_and_white_space() -> None:
    assert fold("  ＣＴＯ  Straße ") == "cto strasse"
    assert fold("A" * 500) == "a" * 500


@given(st.sampled_from(FieldType), ANY_JSON)
def test_reading_never_raises_and_says_exactly_one_thing(type_: FieldType, raw: object) -> None:
    reading = read(Field("lead.x", type_, ("a", "b") if type_ is FieldType.CHOICE else ()), raw, SHANGHAI)
    assert (reading.value is not None) + (reading.code is not None) + reading.is_unknown == 1


@given(st.integers(-LARGEST_NUMBER, LARGEST_NUMBER))
def test_an_integer_reads_the_same_as_number_as_text_and_grouped(number: int) -> None:
    assert of(FieldType.INTEGER, number) == of(FieldType.INTEGER, str(number)) == of(FieldType.INTEGER, f"{number:,}")
    assert of(FieldType.INTEGER, number) == number


@given(st.decimals(-(10**9), 10**9, places=4))
def test_a_decimal_reads_back_as_it_was_written(number: Decimal) -> None:
    assert of(FieldType.DECIMAL, format(number, "f")) == number


@given(st.datetimes(datetime(1000, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_an_instant_reads_back_as_it_was_written(moment: datetime) -> None:
    assert of(FieldType.DATETIME, moment.isoformat()) == moment
