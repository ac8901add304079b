"""Telephone numbers as people and programs write them, in one spelling each; no text becomes another number.

The library gets digits only: what it would cut off or turn into digits is refused here first.
"""

import re
import unicodedata

import phonenumbers

from engine.core.lead.identity import is_filler_number

PHONE_REGION = "CN"
"""National phone numbers, written without a country code, are read as numbers of this region."""
MAINLAND_MOBILE = re.compile(r"(?:\+86)?(1(?:3[0-9]|5[0-35-9]|8[0-9])[0-9]{8})", re.ASCII)
"""Numbers so common that they need no library; fewer than the library holds valid."""
EXTENSION = re.compile(r"(.*?)\s*[,;]?\s*(?:ext\.?|extension|x|#|[转轉]|分机|分機)\s*[:=.]?\s*([0-9]{1,7})", re.ASCII)
BEHIND_A_LANDLINE = re.compile(r"(.*[0-9])-([0-9]{1,6})", re.ASCII)
POINT_ZERO = re.compile(r"(\+?[0-9]{5,})\.0+", re.ASCII)
"""A number that a spreadsheet took for an amount."""
WRITTEN = re.compile(r"(\+?)((?:[0-9]|[ ().·-])+)", re.ASCII)
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
TRUNK = re.compile(r"^(\+[0-9]{1,3})\s*\(0\)")
LANDLINES = frozenset({phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})
MEND = "is no phone number: write it with its country code, such as +86 138 1234 5678"


class NoPhoneNumber(ValueError):
    """A text that is no valid telephone number; the message says why and how to mend it."""


def read_number(text: str) -> str:
    """The number in E.164 (`+8613812345678`), an extension as `;ext=…`; raises NoPhoneNumber."""
    mobile = MAINLAND_MOBILE.fullmatch(text)
    if mobile is not None and not is_filler_number(mobile[1]):
        return f"+86{mobile[1]}"
    plain = unicodedata.normalize("NFKC", text).translate(DASHES).strip().lower()
    cut = POINT_ZERO.fullmatch(plain)
    return _with_extension(cut[1] if cut else plain)


def _with_extension(text: str) -> str:
    extended = EXTENSION.fullmatch(text)
    if extended is not None:
        return f"{_e164(_valid(extended[1]))};ext={extended[2]}"
    try:
        return _e164(_valid(text))
    except NoPhoneNumber:
        behind = BEHIND_A_LANDLINE.fullmatch(text)
        number = _valid(behind[1]) if behind else None
        if behind is None or number is None or phonenumbers.number_type(number) not in LANDLINES:
            raise
        return f"{_e164(number)};ext={behind[2]}"


def _valid(text: str) -> phonenumbers.PhoneNumber:
    """The number that digits and separators spell, of those that exist."""
    written = WRITTEN.fullmatch(TRUNK.sub(r"\1 ", text.strip()))
    if written is None:
        raise NoPhoneNumber(MEND)
    digits = re.sub(r"[^0-9]", "", written[2])
    number = _parsed(written[1] + digits)
    # the library takes one 0 of the trunk away with each reading
    while (again := _parsed(_e164(number))) != number:
        number = again
    if is_filler_number(digits) or is_filler_number(str(number.national_number)):
        raise NoPhoneNumber(f"names nobody: {text.strip()} only fills the field, leave it out")
    if not phonenumbers.is_valid_number(number):
        raise NoPhoneNumber(MEND)
    return number


def _parsed(digits: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(digits, PHONE_REGION)
    except phonenumbers.NumberParseException:
        raise NoPhoneNumber(MEND) from None


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
