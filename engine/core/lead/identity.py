"""Identity: which identifiers name a person, which are trusted, what breaks a link (docs/contract/design.md §2).

Order of trust: external id, WeChat, e-mail, phone, anonymous id. Addresses of roles (info@, sales@ …), numbers of
switchboards and services and numbers with an extension name a place, not a person: they never join two leads.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

import phonenumbers

from rulesets.policy.vocabulary import fold

KINDS = ("external_id", "wechat", "email", "phone", "anonymous_id")
"""Kinds of identifiers, most trusted first."""

BREAKS: Mapping[str, frozenset[str]] = {
    "external_id": frozenset(),
    "wechat": frozenset({"external_id"}),
    "email": frozenset({"external_id"}),
    "phone": frozenset({"external_id", "wechat"}),
    "anonymous_id": frozenset({"external_id", "wechat", "email", "phone"}),
}
"""Kind of a link → the kinds whose different value breaks it. One customer number with two mailboxes is one person, and
so are two mailboxes with one mobile."""

ROLE_MAILBOXES = frozenset(
    {
        "abuse", "accounts", "admin", "billing", "business", "careers", "contact", "customerservice",
        "enquiries", "feedback", "finance", "hello", "help", "hr", "info", "inquiries", "inquiry", "jobs",
        "mail", "marketing", "media", "news", "newsletter", "no-reply", "noc", "noreply", "office", "order",
        "orders", "postmaster", "pr", "press", "privacy", "purchasing", "reception", "root", "sales",
        "security", "service", "services", "shop", "support", "team", "tech", "webmaster", "welcome",
    }
)  # fmt: skip
"""Local parts that belong to a function of a company (RFC 2142 and common use)."""

SERVICE_NUMBERS = frozenset(
    {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.UAN,
        phonenumbers.PhoneNumberType.FIXED_LINE,
    }
)
"""Types of numbers that ring at a company; US-style numbers, where fixed and mobile look alike, count as personal."""

Identifier = tuple[str, str]
Values = Mapping[str, Iterable[str]]


def is_shared(kind: str, value: str) -> bool:
    """Whether an identifier (already normalised: e-mail folded, phone in E.164) may belong to several people."""
    if kind == "email":
        return value.partition("@")[0].partition("+")[0].casefold() in ROLE_MAILBOXES
    if kind == "phone":
        return _is_service_number(value)
    return False


def naming(identities: Mapping[str, str]) -> tuple[Identifier, ...]:
    """The identifiers that may name the person, most trusted first; a shared one only when there is no other."""
    ordered = tuple((kind, identities[kind]) for kind in KINDS if kind in identities)
    personal = tuple(item for item in ordered if not is_shared(*item))
    return personal or ordered[:1]


def breaks(link: str, said: Values, known: Values) -> bool:
    """Whether what is ``said`` of a person breaks a link of this kind to a lead of which these values are ``known``.

    It does when both have values of a kind that breaks such links, and none in common.
    """
    return any(
        (mine := frozenset(said.get(kind, ()))) and (theirs := frozenset(known.get(kind, ()))) and not mine & theirs
        for kind in BREAKS[link]
    )


def _is_service_number(value: str) -> bool:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return False
    return bool(number.extension) or phonenumbers.number_type(number) in SERVICE_NUMBERS


# ------------------------------------------------------------------------------- what names nobody (R1.15)
WORDS = frozenset(
    {
        "", "undefined", "null", "none", "nil", "n/a", "na", "nan", "-", "0", "true", "false", "anonymous", "guest",
        "unknown", "test", "[object object]", "00000000-0000-0000-0000-000000000000",
    }
)  # fmt: skip
"""What programs and people write where an identifier is missing; the last is the nil UUID."""
NOBODYS_MAILBOXES = frozenset({"noreply", "no-reply"})
"""Local parts that send and are never read."""
FEWEST_DIGITS = 5
"""Shorter numbers are no phone numbers, whatever their digits."""


def names_nobody(kind: str, value: str, own: Collection[str] = frozenset()) -> bool:
    """Whether a value stands for nobody; ``own`` are further values, folded."""
    text = fold(value)
    if text in WORDS or text in own:
        return True
    if kind == "email":
        return _is_nobodys_mailbox(text)
    return kind == "phone" and _is_filler(text.partition(";")[0])


def is_filler_number(digits: str) -> bool:
    """Whether digits are one repeated, or each one more or one less than the digit before (1234567890)."""
    if len(digits) < FEWEST_DIGITS or not digits.isdecimal():
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def _is_nobodys_mailbox(address: str) -> bool:
    """`noreply@…`, and mailboxes whose name is their domain's and a word for nobody or one letter: `test@test.com`."""
    local, _, domain = address.partition("@")
    filler = local in WORDS or len(local) == 1
    return local in NOBODYS_MAILBOXES or (filler and domain.partition(".")[0] == local)


def _is_filler(number: str) -> bool:
    """Whether a number is a filler, in E.164 behind its country code; most show at their end that they are not."""
    if not is_filler_number(number[-FEWEST_DIGITS:]):
        return False
    try:
        return is_filler_number(str(phonenumbers.parse(number).national_number))
    except phonenumbers.NumberParseException:
        return is_filler_number(number.removeprefix("+"))
