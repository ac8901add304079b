"""Short descriptions of leads for lists, and search by what people type. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from engine.store.session import transaction

MOST_FOUND = 500


@dataclass(slots=True)
class LeadCard:
    """The known name, company and identifiers of a lead."""

    name: str = ""
    company: str = ""
    identities: dict[str, list[str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The best short name of the lead: its name, else its most informative identifier."""
        for kind in ("email", "phone", "external_id", "wechat", "anonymous_id"):
            if self.name:
                break
            self.name = next(iter(self.identities.get(kind, [])), "")
        return self.name


def lead_cards(lead_ids: Iterable[int]) -> dict[int, LeadCard]:
    """The cards of these leads, by id."""
    ids = list(lead_ids)
    cards: dict[int, LeadCard] = {}
    with transaction() as connection:
        for row in connection.execute(text(_NAMES), {"ids": ids}):
            cards[row.id] = LeadCard(name=_shown(row.name), company=_shown(row.company))
        for row in connection.execute(text(_IDENTITIES), {"ids": ids}):
            cards[row.lead_id].identities.setdefault(row.kind, []).append(row.value)
    return cards


def leads_in_hand(person: str, lead_ids: Iterable[int]) -> set[int]:
    """The leads of these that the person owns or owned. For a merged lead, its surviving lead counts."""
    with transaction() as connection:
        found = connection.execute(text(_IN_HAND), {"ids": list(lead_ids), "person": person})
        return {row.id for row in found}


def find_leads(typed: str) -> list[int]:
    """Leads with an identifier that begins with the text, or with a company of that name or domain; newest first.

    Prefix searches use the indexes. A company's name is also searched inside, from three letters or two Chinese
    characters on.
    """
    wanted = " ".join(typed.split()).lower()
    if not wanted:
        return []
    asked = {
        "exact": typed.strip(),
        "folded": wanted,
        "start": _like(wanted) + "%",
        "typed": _like(typed.strip()) + "%",
        "digits": _digits(wanted),
        "most": MOST_FOUND,
    }
    query = _FIND + (_FIND_INSIDE if len(wanted) >= (3 if wanted.isascii() else 2) else "")
    with transaction() as connection:
        found = connection.execute(
            text(f"SELECT DISTINCT id FROM ({query}) AS found ORDER BY id DESC LIMIT :most"),  # noqa: S608 - our own texts
            {**asked, "inside": "%" + _like(wanted) + "%"},
        )
        return [row.id for row in found]


def _shown(slots: list[Any] | None) -> str:
    """The raw value of a stored claim: the trusted one, else the public one (`engine.core.lead.facts.dump_claims`)."""
    said = next((claim[0] for claim in slots or () if claim), None)
    return "" if said is None else str(said)


def _like(wanted: str) -> str:
    return wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _digits(wanted: str) -> str:
    """A phone number with spaces and dashes, as it is stored; else a pattern that matches nothing."""
    # Fewer than 7 digits would match too many numbers by their end.
    digits = "".join(c for c in wanted if c.isdigit())
    return f"%{digits}" if len(digits) >= 7 else "-"


_IN_HAND = """
SELECT lead.id FROM lead JOIN lead AS living ON living.id = coalesce(lead.merged_into, lead.id)
WHERE lead.id = ANY(:ids) AND :person IN (living.owner, living.sdr, living.rep)
"""
_NAMES = """
SELECT l.id, l.claims->'lead.name' AS name, a.claims->'company.name' AS company
FROM lead l LEFT JOIN account a ON a.id = l.account_id WHERE l.id = ANY(:ids)
"""
_IDENTITIES = """
SELECT lead_id, kind, value FROM identity WHERE lead_id = ANY(:ids) ORDER BY kind, created_at, value
"""
_FIND = """
SELECT lead_id AS id FROM identity WHERE value IN (:exact, :folded) OR value LIKE :start OR value LIKE :typed
    OR (kind = 'phone' AND value LIKE :digits)
UNION ALL
SELECT l.id FROM account a JOIN lead l ON l.account_id = a.id
WHERE a.key LIKE 'domain:' || :start OR a.key LIKE 'name:' || :start
"""
_FIND_INSIDE = """
UNION ALL
SELECT l.id FROM account a JOIN lead l ON l.account_id = a.id
WHERE lower(coalesce(a.claims #>> '{company.name,0,0}', a.claims #>> '{company.name,1,0}')) LIKE :inside
"""
