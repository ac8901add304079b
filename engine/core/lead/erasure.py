"""What goes and what stays when a person's data are erased (R4.8; docs/contract/design.md §2).

What stays can name nobody: declared fields that are not ``pii`` and hold a number, a date, a yes or no or one of their
options, four text fields that reports read, amounts of deals, and what was said of a company that other people
belong to. Everything else goes: names nobody declared, text, answers in words, properties.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.lead.facts import FIRST, is_free_mail
from engine.core.lead.model import JsonObject
from rulesets.policy.vocabulary import GROUPS, FieldType, Vocabulary, fold, read

TEXT_KEPT = frozenset({"lead.region", "lead.country", "lead.source", "lead.language"})
"""Text fields that name nobody; job title and city do, in a small company."""
PROPERTIES_KEPT = ("to", "reason", "result", "channel", "amount", "undo", "leads", "assign")
"""Properties of people's work that say what was done; texts among them only if they look like a key."""
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
AMOUNT = re.compile(r"\d{1,13}(\.\d{1,4})?")
GONE = "[erased]"
"""What stands in place of a text that held one of the person's values."""
LONG_IDENTIFIER = 6
TEXT_TYPES = (FieldType.TEXT, FieldType.CHOICE, FieldType.CHOICES)
Hash = Callable[[str, str], str]
"""(kind, value) of an identifier → its keyed hash."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """How to erase: by which vocabulary, with which hash; ``company``: others belong to the company, what was said of
    it stays.
    """

    vocabulary: Vocabulary
    zone: ZoneInfo
    hashed: Hash
    company: bool

    def body(self, event_type: str, body: JsonObject, *, own: bool) -> dict[str, Any]:
        """What stays of an event's body; ``own``: the engine made the event, its properties are numbers and keys."""
        lead = body.get("lead", {})
        groups = {
            "lead": {kind: self.hashed(kind, value) for kind, value in lead.items()},
            **{group: self._group(group, body.get(group, {})) for group in GROUPS},
            "properties": body.get("properties", {}) if own else _work_kept(event_type, body.get("properties", {})),
        }
        domain = _domain(body.get("traits", {}).get("email")) or _domain(lead.get("email"))
        if self.company and domain:
            groups["company"] = {"domain": domain, **groups["company"]}
        return {name: group for name, group in groups.items() if group}

    def claims(self, stored: JsonObject) -> dict[str, Any]:
        """What stays of stored claims, as JSON (`engine.core.lead.facts.dump_claims`)."""
        kept = {name: slots for name, slots in stored.items() if name == FIRST or self._keeps_slots(name, slots)}
        mailbox = next((slots for name in ("lead.email", "identity.email") if (slots := stored.get(name))), None)
        claim = next(filter(None, mailbox or ()), None)
        domain = _domain(claim[0]) if claim else None
        if self.company and claim and domain and "company.domain" not in kept:
            kept["company.domain"] = [[domain, *claim[1:]], None]
        return kept

    def _group(self, group: str, said: JsonObject) -> dict[str, Any]:
        return {name: left for name, raw in said.items() if (left := self._left(GROUPS[group] + name, raw)) is not None}

    def _left(self, key: str, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            return {step: one for step, one in raw.items() if self._keeps(f"{key}.{step}", one)} or None
        return raw if self._keeps(key, raw) else None

    def _keeps_slots(self, name: str, slots: Iterable[Any]) -> bool:
        said = [claim for claim in slots if claim is not None]
        return bool(said) and all(self._keeps(name, claim[0]) for claim in said)

    def _keeps(self, key: str, raw: Any) -> bool:
        """Whether a statement may stay: its field can name nobody, and what was said is a value of it."""
        field = self.vocabulary.field(key)
        of_company = key.startswith("company.")
        if field is None or field.pii or (of_company and not self.company):
            return False
        if field.type in TEXT_TYPES and not field.options and not of_company and key not in TEXT_KEPT:
            return False
        reading = read(field, raw, self.zone)
        return reading.code is None and not reading.dropped


def personal_values(
    bodies: Iterable[JsonObject], kept: Iterable[JsonObject], identifiers: Iterable[str]
) -> frozenset[str]:
    """The texts that went, folded, as far as they could be found again elsewhere; longer identifiers always.

    Keys and short or numeric texts are left out: they would be found in places that have nothing to do with the person.
    """
    before, after = (
        {fold(text) for body in several for text in _leaves(body)} for several in (list(bodies), list(kept))
    )
    names = {fold(text) for text in identifiers if len(text) >= LONG_IDENTIFIER}
    return frozenset(text for text in before - after if _is_telling(text)) | names


def without(value: Any, personal: frozenset[str], ids: Mapping[str, str]) -> Any:
    """A JSON value in which nothing of these values is left; ids of events become what ``ids`` says."""
    if isinstance(value, Mapping):
        return {
            name: ids[part]
            if name in {"id", "event_id"} and isinstance(part, str) and part in ids
            else without(part, personal, ids)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [without(part, personal, ids) for part in value]
    return GONE if isinstance(value, str) and holds(value, personal) else value


def holds(text: str, personal: frozenset[str]) -> bool:
    """Whether a text is or contains one of these folded values."""
    folded = fold(text)
    return any(one in folded for one in personal)


def _work_kept(event_type: str, said: JsonObject) -> dict[str, Any]:
    if not event_type.startswith(("lead.", "opportunity.")):
        return {}
    return {name: said[name] for name in PROPERTIES_KEPT if name in said and _is_work_value(name, said[name])}


def _is_work_value(name: str, value: Any) -> bool:
    """Numbers, yes or no, lists of numbers; the person who gets the lead; texts that look like a key or an amount."""
    if isinstance(value, str):
        return name == "to" or (AMOUNT if name == "amount" else KEY).fullmatch(value) is not None
    several = value if isinstance(value, list) else [value]
    return all(isinstance(one, int | float) for one in several)


def _domain(mailbox: Any) -> str | None:
    """The domain of a company's mailbox, None for anything else."""
    domain = fold(mailbox.rpartition("@")[2]) if isinstance(mailbox, str) and "@" in mailbox else ""
    return domain if "." in domain and not is_free_mail(domain) else None


def _leaves(value: Any) -> Iterator[str]:
    """Every text in a JSON value, numbers too."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _is_telling(text: str) -> bool:
    """Whether a text, found elsewhere, would be the person's: letters that are no key, or a long number."""
    if text.removeprefix("+").isdecimal():
        return len(text) >= 7
    if not any(letter.isalpha() for letter in text):
        return False
    return len(text) >= (2 if not text.isascii() else 4) and KEY.fullmatch(text) is None
