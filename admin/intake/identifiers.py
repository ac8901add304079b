"""Identifiers of people in one spelling each, so that two spellings of one person meet (docs/contract/design.md §2).

Syntax only: nothing is looked up outside. May not know which lead an identifier belongs to.
"""

import re
from collections.abc import Callable

import phonenumbers
from email_validator import EmailNotValidError, validate_email

PHONE_REGION = "CN"
"""National phone numbers, written without a country code, are read as numbers of this region."""
MAX_LENGTH = 200
MAINLAND_MOBILE = re.compile(r"(?:\+86)?(1[3-9][0-9]{9})")
PLAIN_EMAIL = re.compile(
    r"[a-z0-9_]+(?:[.+-][a-z0-9_]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:com|cn|net|org|edu|io|co|br|hk|tw|de|uk)",
    re.ASCII,
)
PLAIN_LENGTH = 60
"""Addresses so plain and short need no library, which takes twenty times as long to say the same."""
SPACE = re.compile(r"\s+")


class UnusableIdentifier(ValueError):
    """An identifier that names nobody; the message says why and how to mend it."""


def read_email(text: str) -> str:
    """The address in lower case and NFC; raises UnusableIdentifier."""
    folded = text.lower()
    if PLAIN_EMAIL.fullmatch(folded) is not None and len(folded) <= PLAIN_LENGTH:
        return folded
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise UnusableIdentifier(f"is no e-mail address ({str(error).rstrip('.')}): mend or leave it out") from None


def read_phone(text: str) -> str:
    """The number in E.164 (`+8613812345678`), an extension as `;ext=…`; raises UnusableIdentifier."""
    mobile = MAINLAND_MOBILE.fullmatch(text)
    if mobile is not None:
        return f"+86{mobile[1]}"
    number = _read_number(text)
    written = _in_e164(number)
    while (again := _in_e164(_read_number(written))) != written:  # each reading takes one 0 of the trunk away
        written = again
    return f"{written};ext={number.extension}" if number.extension else written


def _read_number(text: str) -> phonenumbers.PhoneNumber:
    try:
        number = phonenumbers.parse(text, PHONE_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise UnusableIdentifier("is no phone number: write it with its country code, such as +86 138 1234 5678")
    return number


def _in_e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_name(text: str) -> str:
    """An identifier of another system, white space folded; raises UnusableIdentifier when it is too long."""
    folded = SPACE.sub(" ", text)
    if len(folded) > MAX_LENGTH:
        raise UnusableIdentifier(f"has {len(folded)} characters: {MAX_LENGTH} at most")
    return folded


READERS: dict[str, Callable[[str], str]] = {
    "external_id": read_name,
    "wechat": read_name,
    "email": read_email,
    "phone": read_phone,
    "anonymous_id": read_name,
}
"""Kinds of identifiers in their order of trust, and how each is read."""


def read_identifier(kind: str, text: str) -> str | None:
    """The normal form of one identifier, None when it is empty; raises UnusableIdentifier."""
    trimmed = text.strip()
    if not trimmed:
        return None
    if len(trimmed) > 2 * MAX_LENGTH:
        raise UnusableIdentifier(f"has {len(trimmed)} characters: {MAX_LENGTH} at most")
    return READERS[kind](trimmed)
