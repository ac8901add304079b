"""How a raw value becomes a fact: types, folding of text, reading (R1.2, R1.4–R1.6, R2.4).

Raw values are whatever JSON carries. Reading never raises: a value is known, unknown (nothing was said: R1.6), or
unreadable with a reason code, which leaves the old fact and a note. What a policy's fields are called is
`rulesets.policy.vocabulary`. Strictness, on purpose:

* text: numbers and booleans are taken as their text; objects, lists, NUL and lone surrogates are unreadable;
* numbers from text: sign, digits, commas in groups of three, one point. Full-width forms count as their plain ones;
  exponents, units, blanks between digits are unreadable. 12.0 is an integer, 12.5 is not, and text such as ``1.000``
  is ambiguous: a thousand to some, one to others;
* dates: ``2026-11-21``, ``2026/1/5``, ``2026.1.5``, ``2026年1月5日``, each with an optional time and zone, years 1000
  to 9998;
* one text for a set is split at ``;``, ``；`` and ``|``, unless the whole is one of the field's options.

A published version reads as it did when it was published: see `EDITION`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from rulesets.conditions.domains import registrable_domain
from rulesets.conditions.numbers import LARGEST_NUMBER

EDITION = 2
"""The edition of the rules that policies are published under; each version keeps the one of its publication.

1: before R1.10 to R1.13 and R6.10; 2: with them. A replay of an old decision reads by the edition of its version.
"""
INVISIBLE = dict.fromkeys((0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
                           *range(0x2060, 0x2065), *range(0x2066, 0x2070), 0xFEFF))  # fmt: skip
"""Soft hyphen, joiners, zero-width spaces, direction marks, byte order mark: none of them changes what is meant."""


class FieldType(StrEnum):
    """Types of facts (R1.2)."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class ReadingCode(StrEnum):
    """Why a value is unreadable; the code of a data-quality note."""

    NOT_TEXT = "not_text"
    BAD_CHARACTERS = "bad_characters"
    NOT_A_NUMBER = "not_a_number"
    FRACTION = "fraction"
    AMBIGUOUS_NUMBER = "ambiguous_number"
    TOO_MANY_DECIMALS = "too_many_decimals"
    TOO_LARGE = "too_large"
    NOT_BOOLEAN = "not_boolean"
    NOT_AN_OPTION = "not_an_option"
    NOT_A_DATE = "not_a_date"
    UNREADABLE_IDENTITY = "unreadable_identity"
    NOT_A_DOMAIN = "not_a_domain"


DOMAIN = "company.domain"
"""The field whose text is read as a domain (R1.13)."""

Value = str | tuple[str, ...] | int | Decimal | bool | date | datetime


@dataclass(frozen=True, slots=True)
class Field:
    """A field a policy may speak of: built in or declared. ``read_only`` values come from the engine.

    ``edition`` is that of the rules by which its values are read.
    """

    key: str
    type: FieldType
    options: tuple[str, ...] = ()
    unit: str | None = None
    pii: bool = False
    unknown_values: tuple[str, ...] = ()
    read_only: bool = False
    edition: int = EDITION


@dataclass(frozen=True, slots=True)
class Reading:
    """What a raw value says: ``value`` if known; ``code`` if unreadable; both None if unknown.

    ``dropped`` are members of a set that could not be read, as text, each worth a note (R1.5).
    """

    value: Value | None = None
    code: ReadingCode | None = None
    dropped: tuple[str, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Nothing was said: the fact is cleared (R1.4)."""
        return self.value is None and self.code is None


UNKNOWN = Reading()


class _Unreadable(Exception):
    def __init__(self, code: ReadingCode) -> None:
        super().__init__(code)
        self.code = code


def read(field: Field, raw: object, zone: ZoneInfo) -> Reading:
    """Reads a raw value by its field; ``zone`` is the policy zone. Never raises."""
    if is_empty(raw) or _says_unknown(field, raw):
        return UNKNOWN
    if field.type is FieldType.CHOICES:
        return _read_set(field, raw)
    try:
        return Reading(_READERS[field.type](field, raw, zone))
    except _Unreadable as unreadable:
        return Reading(code=unreadable.code)


def is_empty(raw: object) -> bool:
    """Null, text of white space only, an empty list (R1.6)."""
    return raw is None or (isinstance(raw, str) and not raw.strip()) or (isinstance(raw, list | tuple) and not raw)


def fold(text: str) -> str:
    """Text as it is compared: NFKC, case folded, trimmed, white space folded (R2.4)."""
    return _fold_short(text) if len(text) <= 200 else _fold(text)


def without_invisible(text: str) -> str:
    """Text without the marks that nobody sees: zero-width spaces and joiners, BOM, direction marks, soft hyphens."""
    return text if text.isascii() else text.translate(INVISIBLE)


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", without_invisible(text)).casefold().split())


_fold_short = lru_cache(maxsize=16_384)(_fold)


@lru_cache(maxsize=1024)
def spellings(options: tuple[str, ...]) -> Mapping[str, str]:
    """Folded option → the option's own spelling; of two that fold alike, the first."""
    return {fold(option): option for option in reversed(options)}


def _says_unknown(field: Field, raw: object) -> bool:
    return bool(field.unknown_values) and isinstance(raw, str) and fold(raw) in spellings(field.unknown_values)


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _text(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float | Decimal):
        number = _number(raw)
        return format(number, "f")
    if not isinstance(raw, str):
        raise _Unreadable(ReadingCode.NOT_TEXT)
    if _UNSTORABLE.search(raw):
        raise _Unreadable(ReadingCode.BAD_CHARACTERS)
    return " ".join(raw.split())


def _read_text(field: Field, raw: object, _zone: ZoneInfo) -> Value:
    text = _text(raw)
    if field.key != DOMAIN or field.edition < 2:
        return text
    domain = registrable_domain(text)
    if domain is None:
        raise _Unreadable(ReadingCode.NOT_A_DOMAIN)
    return domain


def _option(field: Field, raw: object) -> str:
    text = _text(raw)
    if not field.options:
        return text
    spelling = spellings(field.options).get(fold(text))
    if spelling is None:
        raise _Unreadable(ReadingCode.NOT_AN_OPTION)
    return spelling


def _read_choice(field: Field, raw: object, _zone: ZoneInfo) -> Value:
    return _option(field, raw)


def _read_set(field: Field, raw: object) -> Reading:
    """One text is a set of one or is split; unknown members are dropped one by one; the rest is in the options' order.

    A set of which nothing remains is empty, hence unknown (R1.6).
    """
    if isinstance(raw, dict):
        return Reading(code=ReadingCode.NOT_TEXT)
    members: dict[str, str] = {}
    dropped: list[str] = []
    for member in _members(field, raw):
        if is_empty(member) or _says_unknown(field, member):
            continue
        try:
            option = _option(field, member)
        except _Unreadable:
            dropped.append(_sample(member))
        else:
            members.setdefault(fold(option), option)
    ordered = sorted(members.values(), key=field.options.index) if field.options else members.values()
    return Reading(tuple(ordered) or None, None, tuple(dropped))


_BETWEEN_MEMBERS = re.compile("[;；|]")


def _members(field: Field, raw: object) -> Sequence[object]:
    if isinstance(raw, list | tuple):
        return raw
    whole = not isinstance(raw, str) or field.edition < 2 or fold(raw) in spellings(field.options)
    return (raw,) if whole else _BETWEEN_MEMBERS.split(str(raw))


def _sample(member: object) -> str:
    """A dropped member as a note may show and store it."""
    try:
        return _text(member)[:200]
    except _Unreadable:
        return ascii(member)[:200] if isinstance(member, str) else f"({type(member).__name__})"


_PLAIN = {wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x2212: "-"}
_NUMBER = re.compile(r"([+-]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))?")


def _number(raw: object) -> Decimal:
    """An exact number without trailing zeros after the point."""
    if isinstance(raw, str):
        return _number_from_text(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal) or raw != raw:  # noqa: PLR0124 - NaN
        raise _Unreadable(ReadingCode.NOT_A_NUMBER)
    if not -LARGEST_NUMBER <= raw <= LARGEST_NUMBER:
        raise _Unreadable(ReadingCode.TOO_LARGE)
    return Decimal(raw) if isinstance(raw, int) else _number_from_text(format(Decimal(str(raw)), "f"))


def _match_number(raw: str) -> re.Match[str] | None:
    return _NUMBER.fullmatch(raw.strip().translate(_PLAIN).strip())


def _number_from_text(raw: str) -> Decimal:
    match = _match_number(raw)
    if match is None:
        raise _Unreadable(ReadingCode.NOT_A_NUMBER)
    sign, whole, fraction = match[1], match[2].replace(",", "").lstrip("0"), (match[3] or "").rstrip("0")
    if len(whole) > 14 or Decimal(whole or "0") + bool(fraction) > LARGEST_NUMBER:
        raise _Unreadable(ReadingCode.TOO_LARGE)
    magnitude = Decimal(f"{whole or 0}.{fraction}" if fraction else whole or "0")
    return magnitude.copy_negate() if sign == "-" and magnitude else magnitude


def _read_integer(field: Field, raw: object, _zone: ZoneInfo) -> Value:
    if field.edition >= 2 and _is_ambiguous(raw):
        raise _Unreadable(ReadingCode.AMBIGUOUS_NUMBER)
    number = _number(raw)
    if number.as_tuple().exponent != 0:
        raise _Unreadable(ReadingCode.FRACTION)
    return int(number)


def _is_ambiguous(raw: object) -> bool:
    """Text whose dot may part thousands or decimals: exactly three digits follow it (R1.10)."""
    match = _match_number(raw) if isinstance(raw, str) else None
    return match is not None and len(match[3] or "") == 3


def _read_decimal(_field: Field, raw: object, _zone: ZoneInfo) -> Value:
    number = _number(raw)
    if int(number.as_tuple().exponent) < -4:
        raise _Unreadable(ReadingCode.TOO_MANY_DECIMALS)
    return number


_BOOLEANS = {"true": True, "yes": True, "是": True, "1": True, "on": True}
_BOOLEANS |= {"false": False, "no": False, "否": False, "0": False, "off": False}


def _read_boolean(_field: Field, raw: object, _zone: ZoneInfo) -> Value:
    truth = raw if isinstance(raw, bool) else None
    if isinstance(raw, str):
        truth = _BOOLEANS.get(fold(raw))
    elif isinstance(raw, int | float | Decimal) and raw in (0, 1):
        truth = bool(raw)
    if truth is None:
        raise _Unreadable(ReadingCode.NOT_BOOLEAN)
    return truth


_DAYS = {
    1: r"([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})",
    2: r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日",
}
"""Forms of a day, by the edition they came with."""
_TIME = (
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?:(?P<utc>[Zz])|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?)?)?"
)
_MOMENTS = {
    edition: re.compile(f"(?:{'|'.join(form for since, form in _DAYS.items() if since <= edition)}){_TIME}")
    for edition in _DAYS
}


def parse_moment(text: str, edition: int = EDITION) -> date | datetime:
    """A day, or a datetime with or without zone; raises ValueError. See the module's docstring for the forms."""
    match = _MOMENTS[edition].fullmatch(text.strip().translate(_PLAIN).strip())
    if match is None:
        raise ValueError("not a date")
    day = date(*[int(part) for part in match.groups()[: match.re.groups - len(match.re.groupindex)] if part])
    if not 1000 <= day.year <= 9998:
        raise ValueError("year out of range")
    if match["hour"] is None:
        return day
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    moment = datetime.combine(day, time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0), micro))
    if match["utc"]:
        return moment.replace(tzinfo=UTC)
    if match["sign"]:
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
        return moment.replace(tzinfo=timezone(-offset if match["sign"] == "-" else offset))
    return moment


def _moment(field: Field, raw: object) -> date | datetime:
    if not isinstance(raw, str):
        raise _Unreadable(ReadingCode.NOT_A_DATE)
    try:
        return parse_moment(raw, field.edition)
    except ValueError as error:
        raise _Unreadable(ReadingCode.NOT_A_DATE) from error


def _read_date(field: Field, raw: object, zone: ZoneInfo) -> Value:
    """A datetime in a date field stands for its calendar day in the policy zone.

    Midnight is how many systems write a day, each in its own zone: exactly there it is that day (R1.11).
    """
    moment = _moment(field, raw)
    if not isinstance(moment, datetime):
        return moment
    is_day = field.edition >= 2 and moment.time() == time()
    return (moment.astimezone(zone) if moment.tzinfo and not is_day else moment).date()


def _read_datetime(field: Field, raw: object, zone: ZoneInfo) -> Value:
    """A day in a datetime field stands for its midnight; without zone the policy zone counts."""
    moment = _moment(field, raw)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


_READERS: dict[FieldType, Callable[[Field, object, ZoneInfo], Value]] = {
    FieldType.TEXT: _read_text,
    FieldType.CHOICE: _read_choice,
    FieldType.INTEGER: _read_integer,
    FieldType.DECIMAL: _read_decimal,
    FieldType.BOOLEAN: _read_boolean,
    FieldType.DATE: _read_date,
    FieldType.DATETIME: _read_datetime,
}
