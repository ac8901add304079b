"""Identifiers of people in one spelling each, so that two spellings of one person meet (docs/contract/design.md §2).

Syntax only: nothing is looked up outside. May not know which lead an identifier belongs to.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from admin.intake.phones import NoPhoneNumber, read_number
from engine.core.lead.identity import names_nobody
from rulesets.policy.vocabulary import without_invisible

MAX_LENGTH = 200
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
    try:
        return read_number(text)
    except NoPhoneNumber as why:
        raise UnusableIdentifier(str(why)) from None


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


def read_identifier(kind: str, text: str, nobody: Collection[str] = frozenset()) -> str | None:
    """The normal form of one identifier, None when it is empty; raises UnusableIdentifier.

    ``nobody`` are further values that stand for nobody, folded.
    """
    trimmed = without_invisible(text).strip()
    if not trimmed:
        return None
    if len(trimmed) > 2 * MAX_LENGTH:
        raise UnusableIdentifier(f"has {len(trimmed)} characters: {MAX_LENGTH} at most")
    if names_nobody(kind, trimmed, nobody):
        raise UnusableIdentifier(f"names nobody: {trimmed} only fills the field, leave it out")
    normal = READERS[kind](trimmed)
    if names_nobody(kind, normal, nobody):
        raise UnusableIdentifier(f"names nobody: {trimmed} only fills the field, leave it out")
    return normal


class ReadIdentifiers(NamedTuple):
    """Identifiers that can be used, those that cannot as they came, and the first fault: (kind, why)."""

    usable: dict[str, str]
    unreadable: dict[str, str]
    fault: tuple[str, str] | None


def read_identifiers(given: Mapping[str, str], nobody: Collection[str] = frozenset()) -> ReadIdentifiers:
    """Every identifier by itself: one that cannot be read costs no other."""
    usable: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    fault = None
    for kind, value in given.items():
        try:
            normal = read_identifier(kind, value, nobody)
        except UnusableIdentifier as why:
            unreadable[kind] = value[:MAX_LENGTH]
            fault = fault or (kind, str(why))
        else:
            usable |= {} if normal is None else {kind: normal}
    return ReadIdentifiers(usable, unreadable, fault)
