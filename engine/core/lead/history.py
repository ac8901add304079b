"""The history of a lead: its events in order, the latest 10,000 of them, indexed by type (R3.4).

A history is immutable: adding an event returns a new history, which shares the events of the old one. So a cached
history stays valid when a transaction is rolled back. This module does not know points, facts or policies.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from engine.core.lead.model import LeadEvent

LIMIT = 10_000
"""How many of the latest events of a lead count (R3.4)."""

Happening = tuple[datetime, Mapping[str, Any]]
"""Moment and properties of an event of some type; counts read them."""


class Past(NamedTuple):
    """The parts of an event that scores need; the first three define its place in history."""

    occurred_at: datetime
    source: str
    id: str
    type: str
    properties: Mapping[str, Any]


_order = itemgetter(0, 1, 2)
_Index = dict[str, tuple[Happening, ...]]


class History:
    """Events in order of (occurred_at, source, id); ``truncated``: older events were dropped and do not count."""

    __slots__ = ("_by_type", "items", "truncated")

    def __init__(self, items: tuple[Past, ...] = (), *, truncated: bool = False, by_type: _Index | None = None) -> None:
        self.items = items
        self.truncated = truncated
        self._by_type = _indexed(items) if by_type is None else by_type

    @classmethod
    def of(cls, events: Iterable[LeadEvent], *, truncated: bool = False) -> "History":
        """A history of events in any order; of those named twice by (occurred_at, source, id) the first one counts."""
        return cls.joined([], events=events, truncated=truncated)

    @classmethod
    def joined(
        cls, histories: Iterable["History"], *, events: Iterable[LeadEvent] = (), truncated: bool = False
    ) -> "History":
        """The union of several histories, for merged leads and for accounts (R3.7)."""
        known = list(histories)
        items = {_order(past): past for event in events for past in (past_of(event),)}
        for history in known:
            items.update((_order(past), past) for past in history.items)
        ordered = tuple(items[order] for order in sorted(items))
        cut = truncated or len(ordered) > LIMIT or any(history.truncated for history in known)
        return cls(ordered[-LIMIT:], truncated=cut)

    def with_event(self, event: LeadEvent) -> "History":
        """This history with one more event at its place in time; the same history if the event is in it already."""
        past = past_of(event)
        place = bisect_left(self.items, _order(past), key=_order)
        if place < len(self.items) and _order(self.items[place]) == _order(past):
            return self
        if len(self.items) >= LIMIT:
            return self._at_limit(place, past)
        items = (*self.items, past) if place == len(self) else (*self.items[:place], past, *self.items[place:])
        return History(items, truncated=self.truncated, by_type=self._index_with(items, place, past))

    def until(self, now: datetime) -> "History":
        """The events up to ``now`` (R1.9); the same object if there are no later ones."""
        if not self.items or self.items[-1].occurred_at <= now:
            return self
        end = bisect_right(self.items, now, key=itemgetter(0))
        return History(self.items[:end], truncated=self.truncated)

    def of_type(self, event_type: str) -> tuple[Happening, ...]:
        """Moments and properties of the events of a type, newest last."""
        return self._by_type.get(event_type, ())

    def types(self) -> Iterable[str]:
        """The event types in this history."""
        return self._by_type.keys()

    def __len__(self) -> int:
        return len(self.items)

    def _at_limit(self, place: int, past: Past) -> "History":
        # Older than all events of a full history: it does not count.
        if place == 0:
            return self if self.truncated else History(self.items, truncated=True, by_type=self._by_type)
        items = (*self.items[1:place], past, *self.items[place:])
        oldest = self.items[0].type
        index = {**self._by_type, oldest: self._by_type[oldest][1:]}
        shortened = History(items, truncated=True, by_type=index)
        shortened._by_type = shortened._index_with(items, place - 1, past)
        return shortened

    def _index_with(self, items: tuple[Past, ...], place: int, past: Past) -> _Index:
        """The index with one more event, which ``items`` already has at ``place``."""
        happening = (past.occurred_at, past.properties)
        before = self._by_type.get(past.type, ())
        # The usual case, the newest event: append. A late event rebuilds the index of its type.
        if place == len(items) - 1:
            return {**self._by_type, past.type: (*before, happening)}
        again = tuple((item.occurred_at, item.properties) for item in items if item.type == past.type)
        return {**self._by_type, past.type: again}


def past_of(event: LeadEvent) -> Past:
    """The parts of an event that a history keeps."""
    return Past(event.occurred_at, event.source, event.id, event.type, event.properties)


def _indexed(items: Iterable[Past]) -> _Index:
    index: dict[str, list[Happening]] = {}
    for item in items:
        index.setdefault(item.type, []).append((item.occurred_at, item.properties))
    return {event_type: tuple(happenings) for event_type, happenings in index.items()}
