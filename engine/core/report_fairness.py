"""How evenly leads were handed out: per assignment policy and person, beside the share that was theirs (R5.5).

Pure. A decision's candidates come in as they were stored; alike ones come in once, with how often. The **ideal share**
of somebody is the sum, over the decisions that were turns, of their weight ÷ the weights of all who were eligible then
(by departments first, where the policy balances them). It is known for turns by rotation only; a lead given by hand,
dispatched, or left with the owner of its account is no turn, and counted apart.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.core.reports import SKIPS, Row, ratio

How = Literal["turn", "sticky", "manual", "dispatched"]
IN_TURN = frozenset({"round_robin", "weighted"})
"""Strategies that promise everybody a share."""
OFFERED = frozenset({"eligible", "chosen"})


@dataclass(frozen=True, slots=True)
class Rule:
    """What of an assignment policy decides about shares; ``by_department``: departments have equal shares."""

    strategy: str = "round_robin"
    by_department: bool = False


@dataclass(frozen=True, slots=True)
class Colleague:
    """Weight and department of somebody, as the roster has them now."""

    weight: int = 1
    department: str = ""


@dataclass(frozen=True, slots=True)
class Stood:
    """How candidates stood when a policy was asked for somebody: person → reason, and how often exactly so."""

    policy: str
    rule: Rule
    candidates: Mapping[str, str]
    how: How = "turn"
    times: int = 1


@dataclass(slots=True)
class _Tally:
    """What is counted of one policy."""

    decisions: int = 0
    nobody: int = 0
    shared: bool = False
    offered: Counter[str] = field(default_factory=Counter)
    expected: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    given: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    skipped: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def stood(
    assignment: Mapping[str, Any], rules: Mapping[str, Rule], how: How = "turn", times: int = 1
) -> Iterable[Stood]:
    """What a stored `assignment` (`engine.core.explain.choice_body`) says of its policy and of those tried before."""
    for one in (assignment, *assignment.get("tried", ())):
        if one["policy"] is not None:
            kind: How = "sticky" if one.get("sticky") else how
            candidates = {candidate["person"]: candidate["reason"] for candidate in one["candidates"]}
            yield Stood(one["policy"], rules.get(one["policy"], Rule()), candidates, kind, times)


def fairness(every: Iterable[Stood], people: Mapping[str, Colleague]) -> dict[str, list[Row]]:
    """Rows of the tables ``policies`` and ``people``; somebody whom the roster does not know has weight 1."""
    tallies: dict[str, _Tally] = {}
    for one in every:
        _count(tallies.setdefault(one.policy, _Tally()), one, people)
    rows = {policy: list(_people(policy, tally)) for policy, tally in sorted(tallies.items())}
    return {
        "policies": [_policy(policy, tally, rows[policy]) for policy, tally in sorted(tallies.items())],
        "people": [row for of_policy in rows.values() for row in of_policy],
    }


def shares(eligible: Iterable[str], rule: Rule, people: Mapping[str, Colleague]) -> dict[str, float]:
    """The part of one lead that was due to each of the eligible; they add up to 1."""
    rooms: dict[str, dict[str, int]] = defaultdict(dict)
    for person in eligible:
        colleague = people.get(person, Colleague())
        room = colleague.department if rule.by_department else ""
        rooms[room][person] = colleague.weight if rule.strategy == "weighted" else 1
    return {
        person: weight / sum(room.values()) / len(rooms) for room in rooms.values() for person, weight in room.items()
    }


def _count(tally: _Tally, one: Stood, people: Mapping[str, Colleague]) -> None:
    """One way of standing: who was offered, passed over and given, and what was due to whom."""
    chosen = None
    eligible = []
    for person, reason in one.candidates.items():
        if reason in OFFERED:
            eligible.append(person)
            chosen = person if reason == "chosen" else chosen
        else:
            tally.skipped[person][reason] += one.times
    tally.offered.update(dict.fromkeys(eligible, one.times))
    tally.decisions += one.times
    if chosen is None:
        tally.nobody += one.times
        return
    tally.given[chosen][one.how] += one.times
    if one.how == "turn" and one.rule.strategy in IN_TURN:
        tally.shared = True
        for person, share in shares(eligible, one.rule, people).items():
            tally.expected[person] += share * one.times


def _people(policy: str, tally: _Tally) -> Iterable[Row]:
    turns = sum(given["turn"] for given in tally.given.values())
    for person in sorted({*tally.offered, *tally.skipped, *tally.given}):
        given, skipped = tally.given[person], tally.skipped[person]
        due = tally.expected[person] if tally.shared else None
        yield {
            "policy": policy,
            "person": person,
            "offered": tally.offered[person],
            "assigned": given["turn"],
            "share": ratio(given["turn"], turns),
            "ideal_share": None if due is None else ratio(due, turns),
            "expected": None if due is None else round(due, 2),
            "deviation": None if due is None else round(given["turn"] - due, 2),
            **{how: given[how] for how in ("sticky", "manual", "dispatched")},
            "skipped": sum(skipped.values()),
            **{reason: skipped[reason] for reason in SKIPS},
        }


def _policy(policy: str, tally: _Tally, people: Iterable[Row]) -> Row:
    away = [abs(row["deviation"]) for row in people if row["deviation"] is not None]
    return {
        "policy": policy,
        "decisions": tally.decisions,
        "assigned": sum(given.total() for given in tally.given.values()),
        "nobody": tally.nobody,
        "deviation": max(away, default=None),
    }
