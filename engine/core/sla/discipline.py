"""Strikes and suspensions: consecutive misses of named clocks, and the time without new leads that follows (R6.6).

Pure arithmetic on counters. The caller passes the counters of the people concerned, under a lock if several processes
write, and stores the changes. Choices where the contract says nothing:

* a counter belongs to the role and the clocks of a rule, so a change of `consecutive` or `suspend` keeps the count;
* only misses with the action `strike` count; any clock of the rule that is met in time resets the counter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.notify.effects import Effect, Reset, Strike
from rulesets.policy.policy import StrikeRule


@dataclass(frozen=True, slots=True)
class SuspensionBegun:
    """A time in which a person receives no leads of a role; ``start`` is included, ``end`` is not."""

    person: str
    role: str
    rule: str
    start: datetime
    end: datetime

    def covers(self, moment: datetime) -> bool:
        """Whether it is in force then."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Struck:
    """The result of a strike: ``count`` misses in a row of ``of``, and the suspension if it began one."""

    person: str
    rule: str
    count: int
    of: int
    suspended: SuspensionBegun | None = None


def rule_key(rule: StrikeRule) -> str:
    """The key of a rule's counters."""
    return f"{rule.role}:{','.join(sorted(rule.sla))}"


class Discipline:
    """Counters by (person, rule) and suspensions; ``changed``: changed counters, ``begun``: new suspensions."""

    def __init__(self, counts: Mapping[tuple[str, str], int], suspensions: Iterable[SuspensionBegun] = ()) -> None:
        self.counts = dict(counts)
        self.changed: set[tuple[str, str]] = set()
        self.begun: list[SuspensionBegun] = []
        self._suspensions = list(suspensions)

    def is_suspended(self, person: str, role: str, moment: datetime) -> bool:
        """Whether a person is suspended for a role at a moment."""
        return any(one.person == person and one.role == role and one.covers(moment) for one in self._suspensions)

    def feel(
        self, effects: Iterable[Effect], rules: Sequence[StrikeRule], roles: Mapping[str, str]
    ) -> tuple[Struck, ...]:
        """Counts the strikes of a decision and resets counters of clocks that were met, in order."""
        struck: list[Struck] = []
        for effect in effects:
            if isinstance(effect, Reset):
                self._reset(effect, rules)
            elif isinstance(effect, Strike):
                concerned = (
                    rule for rule in rules if effect.clock in rule.sla and roles.get(effect.person) == rule.role
                )
                struck += [one for rule in concerned if (one := self._strike(effect, rule)) is not None]
        return tuple(struck)

    def _reset(self, met: Reset, rules: Sequence[StrikeRule]) -> None:
        for rule in rules:
            place = (met.person, rule_key(rule))
            if met.clock in rule.sla and self.counts.get(place):
                self.counts[place] = 0
                self.changed.add(place)

    def _strike(self, missed: Strike, rule: StrikeRule) -> Struck | None:
        """Counts one miss; at the limit a suspension begins. Misses during a suspension do not count."""
        # By the due time and not by now: a decision may come late, also in a replay.
        if self.is_suspended(missed.person, rule.role, missed.due_at):
            return None
        key = rule_key(rule)
        count = self.counts.get((missed.person, key), 0) + 1
        full = count >= rule.consecutive
        self.counts[missed.person, key] = 0 if full else count
        self.changed.add((missed.person, key))
        if not full:
            return Struck(missed.person, key, count, rule.consecutive)
        begun = SuspensionBegun(missed.person, rule.role, key, missed.due_at, missed.due_at + rule.suspend.timedelta)
        # At once, so that a second miss in the same decision is not counted any more.
        self._suspensions.append(begun)
        self.begun.append(begun)
        return Struck(missed.person, key, count, rule.consecutive, begun)
