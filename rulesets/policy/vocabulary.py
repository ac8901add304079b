"""The vocabulary: the facts and events that a policy may use (R1.1, R1.3, R1.8; docs/contract/design.md §2).

It has the built-in fields, the read-only fields that the engine sets, Baton's own events, and all declarations of the
policy. `rulesets.conditions.reading` reads raw values; its names are exported from here too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rulesets.conditions.reading import (
    EDITION,
    Field,
    FieldType,
    Reading,
    ReadingCode,
    Value,
    fold,
    read,
    without_invisible,
)

if TYPE_CHECKING:
    from rulesets.policy.policy import EventDef, FieldDef, Policy

GROUPS = {"traits": "lead.", "company": "company.", "answers": "answers."}
"""Group of the event envelope → prefix of its fields (R1.1)."""

READ_ONLY_PREFIXES = ("score.", "checklist.", "account.")
STAGES = ("raw", "nurture", "ready", "mql", "sql", "opportunity", "won", "lost", "disqualified")
BUYER_ROLES = ("initiator", "decider", "buyer", "influencer", "user", "gatekeeper")


def _fields(type_: FieldType, *keys: str, read_only: bool = False, pii: bool = False) -> Iterable[Field]:
    return (Field(key, type_, read_only=read_only, pii=pii) for key in keys)


BUILT_IN: Mapping[str, Field] = {
    field.key: field
    for field in (
        *_fields(FieldType.TEXT, "lead.email", "lead.phone", "lead.name", pii=True),
        *_fields(FieldType.TEXT, "lead.job_title", "lead.region", "lead.city", "lead.country"),
        *_fields(FieldType.TEXT, "lead.source", "lead.language"),
        *_fields(FieldType.TEXT, "company.name", "company.domain", "company.industry", "company.type"),
        Field("lead.buyer_role", FieldType.CHOICE, BUYER_ROLES),
        Field("lead.direction", FieldType.CHOICE, ("inbound", "outbound")),
        Field("lead.tags", FieldType.CHOICES),
        *_fields(FieldType.BOOLEAN, "lead.consent.email", "lead.consent.phone", "lead.consent.wechat"),
        *_fields(FieldType.INTEGER, "company.employees", "company.founded_year"),
        *_fields(FieldType.DECIMAL, "company.registered_capital", "company.annual_revenue"),
        Field("company.is_customer", FieldType.BOOLEAN),
        Field("lead.created_at", FieldType.DATETIME),
        *_fields(FieldType.DECIMAL, "score.fit", "score.engagement", read_only=True),
        Field("score.grade", FieldType.CHOICE, ("A", "B", "C", "D"), read_only=True),
        Field("score.heat", FieldType.CHOICE, ("frenzied", "hot", "warm", "cold"), read_only=True),
        *_fields(FieldType.TEXT, "score.cell", "score.model", read_only=True),
        Field("lead.stage", FieldType.CHOICE, STAGES, read_only=True),
        *_fields(FieldType.TEXT, "lead.owner", "lead.sdr", read_only=True),
        *_fields(FieldType.INTEGER, "lead.touches", "lead.cycle", read_only=True),
        Field("lead.recycled_at", FieldType.DATETIME, read_only=True),
        *_fields(FieldType.TEXT, "lead.reject_reason", "lead.release_reason", read_only=True),
        *_fields(FieldType.INTEGER, "account.leads", "account.active_leads", read_only=True),
        Field("account.roles", FieldType.CHOICES, BUYER_ROLES, read_only=True),
    )
}

CONSENT_FIELDS = frozenset({"lead.consent.email", "lead.consent.phone", "lead.consent.wechat"})
"""Whether a person may be contacted by a channel; a withdrawal counts from any source (R1.19)."""

IDENTITY_FIELDS = frozenset({"lead.email", "lead.phone", "lead.created_at", "company.domain", "company.name"})
"""Built-in fields whose type a policy may not change: identities and accounts depend on them (R1.4, R1.7)."""

EVENT_PREFIXES = (
    "lead.", "opportunity.", "sla.", "pool.", "score.", "policy.", "roster.", "queue.", "suspension.",
)  # fmt: skip
WORK_EVENTS = (
    "lead.identified", "lead.touched", "lead.qualified", "lead.disqualified", "lead.rejected", "lead.released",
    "lead.dispatched", "lead.assigned", "lead.accepted", "lead.claimed", "lead.recycled", "lead.reopened",
    "lead.merged", "lead.separated", "lead.erased",
    "opportunity.created", "opportunity.withdrawn", "opportunity.won", "opportunity.lost",
)  # fmt: skip
"""Baton's own events that people and trusted systems send."""
ENGINE_EVENTS = (
    "sla.warned", "sla.breached", "sla.held", "pool.reclaimed", "queue.assigned", "score.refreshed",
    "policy.activated", "roster.changed", "suspension.started", "suspension.ended",
)  # fmt: skip
"""Baton's own events that only the engine creates."""
BATON_EVENTS = (*WORK_EVENTS, *ENGINE_EVENTS)


@dataclass(frozen=True, slots=True)
class EventType:
    """An event a policy may count: declared (``kind`` direct or latent), or Baton's own (``kind`` None).

    ``asset`` is the path of the property that names the asset, such as ``properties.asset_id`` (R3.4).
    """

    key: str
    kind: str | None = None
    asset: str | None = None
    aliases: tuple[str, ...] = ()


def is_read_only(key: str) -> bool:
    """Whether only the engine sets a field, so that nobody may declare or send it."""
    return key.startswith(READ_ONLY_PREFIXES) or (key in BUILT_IN and BUILT_IN[key].read_only)


def checklist_field(key: str) -> Field:
    """The field that holds how many items of a checklist are met."""
    return Field(f"checklist.{key}.met", FieldType.INTEGER, read_only=True)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Fields and events by key, and event keys of aliases by folded alias; ``edition``: of the rules of reading."""

    fields: Mapping[str, Field]
    events: Mapping[str, EventType]
    names: Mapping[str, str]
    edition: int = EDITION

    @classmethod
    def of(cls, policy: "Policy", edition: int = EDITION) -> "Vocabulary":
        """The vocabulary of a policy: built in and declared."""
        whole = cls.built(policy.fields, policy.events, (c.key for c in policy.qualification.checklists))
        if edition == EDITION:
            return whole
        fields = {key: replace(field, edition=edition) for key, field in whole.fields.items()}
        return replace(whole, fields=fields, edition=edition)

    @classmethod
    def built(
        cls, fields: Iterable["FieldDef"] = (), events: Iterable["EventDef"] = (), checklists: Iterable[str] = ()
    ) -> "Vocabulary":
        """The built-in vocabulary and these declarations; a declaration may add options to a built-in field."""
        declared = {d.key: Field(d.key, d.type, d.options, d.unit, d.pii, d.unknown_values) for d in fields}
        met = {field.key: field for field in map(checklist_field, checklists)}
        listed = {key: EventType(key) for key in BATON_EVENTS}
        listed |= {d.key: EventType(d.key, d.kind, d.asset, d.aliases) for d in events}
        # Reversed: if two events share an alias, the event declared first keeps it.
        names = {fold(alias): event.key for event in reversed(listed.values()) for alias in event.aliases}
        return cls({**BUILT_IN, **declared, **met}, listed, names)

    def field(self, key: str) -> Field | None:
        """The field of this key, if there is one."""
        return self.fields.get(key)

    def event(self, key: str) -> EventType | None:
        """The event of this key, if it is listed."""
        return self.events.get(key)

    def event_key(self, name: str) -> str:
        """The key of an event name: an alias gives the key of its event, any other name stays (R1.8)."""
        return name if name in self.events else self.names.get(fold(name), name)

    def group(self, name: str) -> Mapping[str, Field]:
        """Fields an envelope group (``traits``, ``company``, ``answers``) may set, by the name used in the group."""
        prefix = GROUPS[name]
        return {
            key.removeprefix(prefix): field
            for key, field in self.fields.items()
            if key.startswith(prefix) and not field.read_only
        }


EMPTY = Vocabulary.built()
"""Only what is built in."""

__all__ = [
    "BATON_EVENTS", "BUILT_IN", "BUYER_ROLES", "CONSENT_FIELDS", "EDITION", "EMPTY", "ENGINE_EVENTS", "EVENT_PREFIXES",
    "GROUPS",
    "IDENTITY_FIELDS", "READ_ONLY_PREFIXES", "STAGES", "WORK_EVENTS", "EventType", "Field", "FieldType", "Reading",
    "ReadingCode", "Value", "Vocabulary", "checklist_field", "fold", "is_read_only", "read", "without_invisible",
]  # fmt: skip
