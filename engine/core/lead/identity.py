"""Identity: which identifiers name a person, which are trusted, when leads are one (docs/contract/design.md §2).

Order of trust: external id, WeChat, e-mail, phone, anonymous id. Addresses of roles (info@, sales@ …) and numbers of
switchboards or services name a place, not a person: they never join two leads.
"""

from collections.abc import Iterable, Mapping

import phonenumbers

KINDS = ("external_id", "wechat", "email", "phone", "anonymous_id")
"""Kinds of identifiers, most trusted first."""

RANK = {kind: rank for rank, kind in enumerate(KINDS)}

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


def are_one_person(links: Iterable[Identifier], first: Iterable[Identifier], second: Iterable[Identifier]) -> bool:
    """Whether two leads that share an event are one person.

    ``links`` are the identifiers of the event that name them, ``first`` and ``second`` all identifiers of each lead.
    They are two people when both have an identifier of the same kind, at least as trusted as the weakest link, and
    have none of that kind in common: one browser used by two people, one mailbox in two customer records.
    """
    weakest = max(RANK[kind] for kind, _ in links)
    mine, theirs = _by_kind(first), _by_kind(second)
    return all(mine[kind] & theirs[kind] for kind in mine.keys() & theirs.keys() if RANK[kind] <= weakest)


def is_anonymous(identifiers: Iterable[Identifier]) -> bool:
    """Whether nothing but anonymous ids names a lead."""
    return all(kind == "anonymous_id" for kind, _ in identifiers)


def _by_kind(identifiers: Iterable[Identifier]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for kind, value in identifiers:
        kinds.setdefault(kind, set()).add(value)
    return kinds


def _is_service_number(value: str) -> bool:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return False
    return number.extension is None and phonenumbers.number_type(number) in SERVICE_NUMBERS
