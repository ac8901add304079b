"""Strikes and suspensions as the record tells them, for `engine.verification.verify`: counted again and held against
the tables.

Knows no SQL and decides nothing. Who was suspended when a clock was due is the tables' word; what a strike that counted
came to is arithmetic, and is done once more (R6.6).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.explain import moment
from engine.core.notify.effects import Effect, Reset
from engine.core.sla.discipline import rule_key
from engine.store.read.record import Recorded, SuspensionRow
from rulesets.policy.policy import StrikeRule


@dataclass(frozen=True, slots=True)
class RecordDifference:
    """Something that is not what its events make of it."""

    what: str
    number: int | str
    part: str
    stored: Any
    replayed: Any

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.part} is {self.stored!r}, its events give {self.replayed!r}"


class StrikeBook:
    """Everybody's misses in a row, decision after decision, and the suspensions they led to."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._begun: set[tuple[str, str, str, int]] = set()

    def hear(
        self, recorded: Recorded, effects: Iterable[Effect], rules: Sequence[StrikeRule]
    ) -> Iterator[RecordDifference]:
        """A decision: a clock met in time begins anew, a strike that counted is one more, a suspension at the limit."""
        for effect in effects:
            if isinstance(effect, Reset):
                self._reset(effect, rules)
        limits = {rule_key(rule): rule.consecutive for rule in rules}
        for struck in recorded.body.get("strikes", ()):
            again = self._strike(struck, limits, recorded.event.seq)
            if again != struck:
                yield RecordDifference("decision", recorded.id, "strikes", struck, again)

    def compare(
        self, counts: Mapping[tuple[str, str], int], suspensions: Iterable[SuspensionRow]
    ) -> Iterator[RecordDifference]:
        """The stored counters and suspensions against those of the record."""
        for person, rule in sorted(counts.keys() | self._counts.keys()):
            stored, replayed = counts.get((person, rule), 0), self._counts.get((person, rule), 0)
            if stored != replayed:
                yield RecordDifference("strikes", person, rule, stored, replayed)
        there = {(one.person, one.rule, moment(one.until), one.event_id) for one in suspensions}
        for person, rule, until, event in sorted(there ^ self._begun):
            known = (person, rule, until, event) in there
            yield RecordDifference("suspension", person, rule, until if known else None, None if known else event)

    def _reset(self, met: Reset, rules: Sequence[StrikeRule]) -> None:
        for rule in rules:
            if met.clock in rule.sla and (met.person, rule_key(rule)) in self._counts:
                self._counts[met.person, rule_key(rule)] = 0

    def _strike(self, struck: Mapping[str, Any], limits: Mapping[str, int], event: int) -> dict[str, Any]:
        """What a strike that counted comes to; until when a suspension lasts is kept with the decision."""
        person, rule, until = struck["person"], struck["rule"], struck["suspended_until"]
        count, limit = self._counts.get((person, rule), 0) + 1, limits.get(rule, 0)
        full = count >= limit
        self._counts[person, rule] = 0 if full else count
        if full and until is not None:
            self._begun.add((person, rule, until, event))
        return {**struck, "count": count, "of": limit, "suspended_until": until if full else None}
