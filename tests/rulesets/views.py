"""A lead at a moment, as conditions see it: plain values in, for tests of the interpreter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rulesets.conditions.conditions import Condition
from rulesets.conditions.interpreter import Occurrence
from rulesets.conditions.reading import Value, read
from rulesets.document.document import parse
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import Vocabulary
from tests.rulesets.documents import with_rule

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Seen:
    """A view of plain values; ``history`` is (days before now, key, properties)."""

    policy: Policy
    facts: Mapping[str, Value | None] = field(default_factory=dict)
    history: Sequence[tuple[float, str, Mapping[str, Any]]] = ()
    properties: Mapping[str, Any] | None = None
    now: datetime = NOW

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy.timezone)

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of(self.policy)

    def value(self, field: str) -> Value | None:
        return self.facts.get(field)

    def events(self, key: str) -> Sequence[Occurrence]:
        known = [(ago, properties) for ago, type_, properties in self.history if type_ == key]
        found = [(self.now - timedelta(days=ago), properties) for ago, properties in known]
        return sorted(found, key=lambda occurrence: occurrence[0])

    def segment(self, key: str) -> Condition:
        return next(segment.when for segment in self.policy.segments if segment.key == key)


def seen(facts: Mapping[str, Any] | None = None, **parts: Any) -> Seen:
    """A view under the test vocabulary; raw facts are read as the engine reads them."""
    policy = parse(with_rule({"all": []}, segments=parts.pop("segments", []))).policy
    assert policy
    view = Seen(policy, **parts)
    fields = view.vocabulary.fields
    view.facts = {key: read(fields[key], raw, view.zone).value for key, raw in (facts or {}).items()}
    return view


def condition(raw: Any) -> Condition:
    """A condition from raw data."""
    policy = parse(with_rule(raw)).policy
    assert policy
    return policy.models[0].fit.groups[0].rules[0].when
