"""Keys are unique in their list, and every reference has a target (R0.2, R0.3). The roster checks people."""

from collections.abc import Iterable, Iterator
from typing import Any

from rulesets.conditions.reading import FieldType
from rulesets.document.findings import Finding, Place, did_you_mean, quoted
from rulesets.document.wording import Sentence, Word, says
from rulesets.lint.known import DocumentIndex
from rulesets.policy.policy import Chain, ClockRule, EventMatch, Model, OtherPolicy, Policy


def check_references(known: DocumentIndex) -> Iterator[Finding]:
    """Duplicate keys and dangling references outside conditions."""
    for place, rows in keyed_lists(known.policy):
        yield from _duplicates(known, place, [row.key for row in rows])
    for kind, place, key in references(known.policy):
        if key not in known.declared[kind]:
            hint = did_you_mean(key, known.declared[kind]) or says(
                "add it under %(list)s, or choose another", list=Word("list", kind)
            )
            yield known.error("dangling-reference", place, missing_in(key, kind), hint)
    for place, key in event_references(known.policy):
        yield from check_event(known, place, key)
    yield from _match_fields(known)


def missing_in(key: str, kind: str) -> Sentence:
    """The message that a list has no row with this key."""
    return says("there is no %(key)s in %(list)s", key=quoted(key), list=Word("list", kind))


def add_under(kind: str) -> Sentence:
    """The suggestion to add a row to a list."""
    return says("add it under %(list)s", list=Word("list", kind))


def keyed_lists(policy: Policy) -> Iterator[tuple[Place, Iterable[Any]]]:
    """Every list whose rows have keys."""
    for name in ("fields", "events", "segments", "models", "assignment", "sla", "tests"):
        yield (name,), getattr(policy, name)
    for name in ("exclusions", "red_flags", "checklists", "mql"):
        yield ("qualification", name), getattr(policy.qualification, name)
    for name in ("reject", "release", "disqualify", "withdraw", "lost"):
        yield ("reasons", name), getattr(policy.reasons, name)
    for c, checklist in enumerate(policy.qualification.checklists):
        yield ("qualification", "checklists", c, "items"), checklist.items
    for m, model in enumerate(policy.models):
        yield from _model_lists(("models", m), model)


def _model_lists(place: Place, model: Model) -> Iterator[tuple[Place, Iterable[Any]]]:
    yield (*place, "fit", "groups"), model.fit.groups
    for g, group in enumerate(model.fit.groups):
        yield (*place, "fit", "groups", g, "rules"), group.rules
    yield (*place, "engagement", "groups"), model.engagement.groups
    for g, signals in enumerate(model.engagement.groups):
        yield (*place, "engagement", "groups", g, "signals"), signals.signals


def _duplicates(known: DocumentIndex, place: Place, keys: list[str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        if first.setdefault(key, index) != index:
            message = says("the key %(key)s stands twice in this list", key=quoted(key))
            yield known.error("duplicate-key", (*place, index, "key"), message, says("give each row a key of its own"))


def references(policy: Policy) -> Iterator[tuple[str, Place, str]]:
    """Every reference by key outside conditions: (list of the target, place, key)."""
    yield from _cell_references(policy)
    yield from _qualification_references(policy)
    for i, assignment in enumerate(policy.assignment):
        if isinstance(assignment.otherwise, OtherPolicy):
            yield "assignment", ("assignment", i, "otherwise", "policy"), assignment.otherwise.policy
    for i, strike in enumerate(policy.strikes):
        yield from (("sla", ("strikes", i, "sla", n), key) for n, key in enumerate(strike.sla))
    for i, key in enumerate(policy.feedback.compensate):
        yield "reasons.reject", ("feedback", "compensate", i), key
    for c, clock in enumerate(policy.sla):
        for place, action in actions(("sla", c), clock):
            if action.do == "disqualify" and action.reason:
                yield "reasons.disqualify", (*place, "reason"), action.reason


def _cell_references(policy: Policy) -> Iterator[tuple[str, Place, str]]:
    for m, model in enumerate(policy.models):
        matrix: Place = ("models", m, "matrix")
        cells = {(*matrix, "cells", key): cell for key, cell in model.matrix.cells.items()}
        for place, cell in {(*matrix, "default"): model.matrix.default, **cells}.items():
            if cell.assignment:
                yield "assignment", (*place, "assignment"), cell.assignment
            yield from (("sla", (*place, "sla", n), key) for n, key in enumerate(cell.sla or ()))


def _qualification_references(policy: Policy) -> Iterator[tuple[str, Place, str]]:
    for i, exclusion in enumerate(policy.qualification.exclusions):
        if exclusion.reason:
            yield "reasons.disqualify", ("qualification", "exclusions", i, "reason"), exclusion.reason
    for i, route in enumerate(policy.qualification.mql):
        if route.checklist:
            yield "checklists", ("qualification", "mql", i, "checklist"), route.checklist


def actions(place: Place, clock: ClockRule) -> Iterator[tuple[Place, Any]]:
    """Every action of a clock with its place."""
    for name in ("on_warn", "on_breach", "on_held"):
        yield from (((*place, name, i), action) for i, action in enumerate(getattr(clock, name)))
    if isinstance(clock.then, Chain):
        yield from (((*place, "then", "actions", i), action) for i, action in enumerate(clock.then.actions))


def event_references(policy: Policy) -> Iterator[tuple[Place, str]]:
    """Every event that is named outside conditions."""
    for m, model in enumerate(policy.models):
        for g, group in enumerate(model.engagement.groups):
            for s, signal in enumerate(group.signals):
                place: Place = ("models", m, "engagement", "groups", g, "signals", s, "event")
                single = isinstance(signal.event, str)
                yield from ((place if single else (*place, i), key) for i, key in enumerate(signal.events))
    for c, clock in enumerate(policy.sla):
        if clock.starts_on.event:
            yield ("sla", c, "starts_on", "event"), clock.starts_on.event
        for name in ("met_by", "cancelled_by", "broken_by"):
            for i, item in enumerate(getattr(clock, name)):
                place = ("sla", c, name, i)
                yield ((*place, "event"), item.event) if isinstance(item, EventMatch) else (place, item)
    if policy.pool and policy.pool.protection:
        extend_on = policy.pool.protection.extend_on
        yield from ((("pool", "protection", "extend_on", i), key) for i, key in enumerate(extend_on))


def check_event(known: DocumentIndex, place: Place, key: str) -> Iterator[Finding]:
    """An event can be counted only if it is listed (R1.8)."""
    if known.vocabulary.event(key) is None and key not in known.declared["events"]:
        hint = did_you_mean(key, known.vocabulary.events) or add_under("events")
        message = says("the event %(event)s is not listed", event=quoted(key))
        yield known.error("unknown-event", place, message, hint)


def check_field(known: DocumentIndex, place: Place, key: str) -> Iterator[Finding]:
    """A field must be built in or declared (R1.1, R1.3)."""
    if known.vocabulary.field(key) is None and not is_broken_field(known, key):
        hint = did_you_mean(key, known.vocabulary.fields) or add_under("fields")
        message = says("the field %(field)s is not in the vocabulary", field=quoted(key))
        yield known.error("unknown-field", place, message, hint)


def is_broken_field(known: DocumentIndex, key: str) -> bool:
    """Whether the document declares the field, in a row that has an error of its own."""
    parts = key.split(".")
    is_checklist = len(parts) == 3 and parts[0] == "checklist" and parts[2] == "met"
    return key in known.declared["fields"] or (is_checklist and parts[1] in known.declared["checklists"])


def _match_fields(known: DocumentIndex) -> Iterator[Finding]:
    for a, assignment in enumerate(known.policy.assignment):
        for i, match in enumerate(assignment.match):
            place = ("assignment", a, "match", i, "field")
            yield from check_field(known, place, match.field)
            field = known.vocabulary.field(match.field)
            if field and field.type not in {FieldType.TEXT, FieldType.CHOICE, FieldType.CHOICES}:
                message = says(
                    "%(field)s is of type %(type)s; a person's list is matched with text",
                    field=quoted(match.field), type=Word("type", field.type.value),
                )  # fmt: skip
                yield known.error("wrong-type", place, message, says("choose a text or choice field"))
