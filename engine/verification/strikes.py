"""Recompute strikes and suspensions from the record and compare them with the tables, for `engine.verification.verify`.

Runs no SQL and decides nothing. Who was suspended when a clock was due is taken from the tables. The results of counted
strikes are computed again (R6.6).
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
    """A stored value that differs from the value computed from its events."""

    what: str
    number: int | str
    part: str
    stored: Any
    replayed: Any

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.part} is {self.stored!r}, its events give {self.replayed!r}"


class StrikeBook:
    """Consecutive misses of each person, decision after decision, and the suspensions they caused."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._begun: set[tuple[str, str, str, int]] = set()

    def hear(
        self, recorded: Recorded, effects: Iterable[Effect], rules: Sequence[StrikeRule]
    ) -> Iterator[RecordDifference]:
        """Apply a decision: a clock met in time resets the count, a counted strike adds one, the limit suspends."""
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
        """Compare the stored counters and suspensions with the computed ones."""
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
        """The result of a counted strike. The end of a suspension is taken from the decision."""
        person, rule, until = struck["person"], struck["rule"], struck["suspended_until"]
        count, limit = self._counts.get((person, rule), 0) + 1, limits.get(rule, 0)
        full = count >= limit
        self._counts[person, rule] = 0 if full else count
        if full and until is not None:
            self._begun.add((person, rule, until, event))
        return {**struck, "count": count, "of": limit, "suspended_until": until if full else None}
