"""Identity: which identifiers name a person, which are trusted, what breaks a link (docs/contract/design.md §2).

Order of trust: external id, WeChat, e-mail, phone, anonymous id. Addresses of roles (info@, sales@ …), numbers of
switchboards and services and numbers with an extension name a place, not a person: they never join two leads.
"""

from collections.abc import Iterable, Mapping

import phonenumbers

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
