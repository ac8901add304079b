"""From a body to envelopes, and from these to events: one way for requests, trials and replays. Stores nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from admin.hooks.bodies import Payload, read_payload
from admin.hooks.definition import Group, HookDefinition, TypeRule
from admin.hooks.functions import MappingFailed, evaluate
from admin.intake.envelope import Rejection, Sender, read_items
from engine.store.inbox.inbox import Intake

MAX_ENVELOPES = 1_000
GROUPS = ("traits", "company", "answers", "properties")


@dataclass(frozen=True, slots=True)
class Mapped:
    """What became of a payload: envelopes, the events of those that are good, and the rejections of the others.

    ``failure`` says why nothing could be mapped, and is empty otherwise.
    """

    envelopes: tuple[dict[str, Any], ...] = ()
    intakes: tuple[Intake, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    failure: str = ""

    @property
    def reason(self) -> str:
        """A code for what keeps the payload in quarantine; empty when nothing does."""
        if self.failure:
            return "mapping_failed"
        return self.rejections[0].code if self.rejections else ""

    @property
    def message(self) -> str:
        """The reason as a sentence."""
        if self.failure:
            return self.failure
        first = self.rejections[0].as_json()["message"] if self.rejections else ""
        more = len(self.rejections) - 1
        return f"{first} (and {more} more)" if more > 0 else first


def map_payload(key: str, definition: HookDefinition, payload: Payload, received_at: datetime, now: datetime) -> Mapped:
    """Map a payload and check every envelope. Raises UnreadableJson, UnreadableXml or TooDeep."""
    parsed = read_payload(payload.text, definition)
    try:
        envelopes = _envelopes(definition, parsed.value, payload.headers, received_at)
    except MappingFailed as error:
        return Mapped(failure=str(error))
    intakes, rejections = read_items(list(envelopes), sender_of(key, definition), now, suspect=True)
    return Mapped(tuple(envelopes), tuple(intakes), tuple(rejections))


def sender_of(key: str, definition: HookDefinition) -> Sender:
    """Who a source is to the intake: what anybody could have sent is trusted no more than a public key."""
    return Sender(key, frozenset(definition.scopes), public=definition.signature.scheme == "none")


def _envelopes(
    definition: HookDefinition, body: Any, headers: Mapping[str, str], received_at: datetime
) -> list[dict[str, Any]]:
    seen = {"body": body, "headers": dict(headers), "received_at": received_at.isoformat()}
    items = evaluate(definition.each, seen)
    if not isinstance(items, list):
        raise MappingFailed(f"each ({definition.each}) finds no list in the body")
    if len(items) > MAX_ENVELOPES:
        raise MappingFailed(f"the body holds {len(items)} items, at most {MAX_ENVELOPES} are taken")
    made = [_envelope(definition, {**seen, "item": item}) for item in items]
    return [envelope for envelope in made if envelope is not None]


def _envelope(definition: HookDefinition, seen: Mapping[str, Any]) -> dict[str, Any] | None:
    event_type = _type(definition.type, seen)
    if event_type is None:
        return None
    rules = definition.map
    lead = {str(kind): evaluate(expression, seen) for kind, expression in rules.lead.items()}
    groups = {name: _group(getattr(rules, name), seen) for name in GROUPS}
    envelope = {
        "id": evaluate(rules.id, seen),
        "type": event_type,
        "occurred_at": evaluate(rules.occurred_at, seen),
        "lead": _given(lead),
        **{name: group for name, group in groups.items() if group},
        "imported": evaluate(rules.imported, seen) if rules.imported else None,
    }
    return _given(envelope)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _type(rule: TypeRule, seen: Mapping[str, Any]) -> str | None:
    """The type of an event, None for one that is ignored; raises MappingFailed for a value without a rule."""
    if rule.always is not None:
        return rule.always
    value = str(evaluate(rule.from_ or "", seen))
    if value in rule.ignore:
        return None
    if rule.table is None:
        return value
    if value not in rule.table:
        raise MappingFailed(f"type: {value[:80]!r} is neither in table nor in ignore")
    return rule.table[value]


def _group(group: Group | None, seen: Mapping[str, Any]) -> Any:
    if group is None:
        return None
    if isinstance(group, str):
        found = evaluate(group, seen)
        return _given(found) if isinstance(found, dict) else found
    return _given({name: evaluate(expression, seen) for name, expression in group.items()})
