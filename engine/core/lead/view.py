"""What a condition may read: facts, history, values of the engine, one event, one moment.

A `LeadView` is the view for `rulesets.conditions.interpreter` and the matchers (R2.1–R2.7). It only holds values:
`engine.core.lead.facts` computes facts, `engine.core.scoring.scoring` computes scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Self
from zoneinfo import ZoneInfo

from engine.core.lead.history import Happening, History
from rulesets.conditions.conditions import Condition
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import EDITION, Vocabulary

EMPTY_HISTORY = History()


@dataclass(frozen=True, slots=True)
class Frame:
    """The values that all views under one policy share: vocabulary, policy zone, segments.

    ``renamed`` has the events with aliases; history may have them under other names (R1.8).
    """

    vocabulary: Vocabulary
    zone: ZoneInfo
    segments: Mapping[str, Condition]
    renamed: frozenset[str]

    @classmethod
    def of(cls, policy: Policy, edition: int = EDITION) -> Self:
        """The frame of a policy; build it once per policy and share it. ``edition``: the rules of reading values."""
        return cls(
            vocabulary=Vocabulary.of(policy, edition),
            zone=ZoneInfo(policy.timezone),
            segments={segment.key: segment.when for segment in policy.segments},
            renamed=frozenset(event.key for event in policy.events if event.aliases),
        )


@dataclass(frozen=True, slots=True)
class LeadView:
    """One lead at one moment. ``values`` are typed, unknown ones absent; ``history`` ends at ``now`` (R1.9)."""

    frame: Frame
    values: Mapping[str, Any]
    history: History
    now: datetime
    properties: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, frame: Frame, values: Mapping[str, Any], now: datetime, history: History = EMPTY_HISTORY) -> Self:
        """A view at a moment; later events of the history are left out."""
        return cls(frame, values, history.until(now), now)

    @property
    def vocabulary(self) -> Vocabulary:
        """The types of all fields."""
        return self.frame.vocabulary

    @property
    def zone(self) -> ZoneInfo:
        """The policy zone."""
        return self.frame.zone

    def value(self, field: str) -> Any:
        """The typed value of a field, or None when unknown."""
        return self.values.get(field)

    def segment(self, key: str) -> Condition:
        """The condition of a segment."""
        return self.frame.segments[key]

    def events(self, event: str) -> Sequence[Happening]:
        """Moments and properties of an event, newest last; events under an alias are included."""
        if event not in self.frame.renamed:
            return self.history.of_type(event)
        # History keeps the names as they arrived: the active policy decides which are aliases, and policies change.
        types = [name for name in self.history.types() if self.vocabulary.event_key(name) == event]
        found = [self.history.of_type(name) for name in types]
        return found[0] if len(found) == 1 else sorted(chain.from_iterable(found), key=itemgetter(0))

    def with_values(self, values: Mapping[str, Any]) -> "LeadView":
        """A view with more values (scores, stage, account, checklists); None makes a value unknown."""
        merged = {key: value for key, value in {**self.values, **values}.items() if value is not None}
        return LeadView(self.frame, merged, self.history, self.now, self.properties)

    def with_history(self, history: History) -> "LeadView":
        """A view with another history, such as that of the account (R3.7)."""
        return LeadView(self.frame, self.values, history.until(self.now), self.now, self.properties)

    def at_event(self, properties: Mapping[str, Any]) -> "LeadView":
        """A view with a current event, whose properties the condition of a signal may test."""
        return LeadView(self.frame, self.values, self.history, self.now, properties)
