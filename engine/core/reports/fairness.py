"""How evenly leads were assigned: assigned leads and ideal share per assignment policy and person (R5.5).

Pure, in one pass over the decisions. The **ideal share** of a person is a sum over the decisions that were turns: their
weight ÷ the weights of all people who were eligible (departments first, if the policy balances them). Example: in a
round robin with two eligible people each decision adds ½ to both. It exists only for turns by rotation. A lead that was
assigned by hand, dispatched, or given to the owner of its account is no turn and is counted separately.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Literal

from engine.core.reports.tables import SKIPS, Row, ratio

How = Literal["turn", "sticky", "manual", "dispatched"]
"""By the policy's strategy; as an owner of the account; by hand; dispatched by the head of a team."""
HOW: dict[tuple[str, bool], How] = {
    ("turn", False): "turn",
    ("turn", True): "turn",
    ("account", False): "sticky",
    ("account", True): "sticky",
    ("named", False): "manual",
    ("named", True): "dispatched",
}
"""(`engine.core.assignment.assignment.WAYS`, whether the event was a dispatch) → column."""
IN_TURN = frozenset({"round_robin", "weighted"})
"""Strategies that give everybody a share."""
OFFERED = frozenset({"eligible", "chosen"})


@dataclass(frozen=True, slots=True)
class Rule:
    """The parts of an assignment policy that determine shares; ``by_department``: departments have equal shares."""

    strategy: str = "round_robin"
    by_department: bool = False


@dataclass(frozen=True, slots=True)
class RosterWeight:
    """Weight and department of a person in the current roster."""

    weight: int = 1
    department: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The part that many decisions share: the policy (None: by hand, without policy) and the candidates."""

    policy: str | None
    rule: Rule
    how: How
    people: tuple[str, ...]


Stood = tuple[Asked, tuple[str, ...], str | None]
"""One decision: (policy and candidates, the reason of each candidate in order, the person who got the lead)."""


@dataclass(slots=True)
class _Tally:
    """The counts of one policy."""

    decisions: int = 0
    nobody: int = 0
    shared: bool = False
    offered: Counter[str] = field(default_factory=Counter)
    expected: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    given: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    skipped: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def fairness(every: Iterable[Stood], people: Mapping[str, RosterWeight]) -> dict[str, list[Row]]:
    """Rows of the tables ``policies`` and ``people``; a person who is not in the roster has weight 1."""
    alike: dict[Asked, list[tuple[tuple[str, ...], str | None]]] = defaultdict(list)
    for asked, reasons, chosen in every:
        # Grouped first: most decisions have the same candidates, so sums run over columns and not over decisions.
        alike[asked].append((reasons, chosen))
    tallies: dict[str | None, _Tally] = defaultdict(_Tally)
    for asked, decisions in alike.items():
        _count(tallies[asked.policy], asked, decisions, people)
    ordered = sorted(tallies.items(), key=lambda item: (item[0] is None, item[0] or ""))
    rows = {policy: list(_people(policy, tally)) for policy, tally in ordered}
    return {
        "policies": [_policy(policy, tally, rows[policy]) for policy, tally in ordered],
        "people": [row for of_policy in rows.values() for row in of_policy],
    }


def due(asked: Asked, offered: Sequence[Sequence[bool]], people: Mapping[str, RosterWeight]) -> list[float]:
    """The expected number of leads of each person; ``offered[person][decision]``: whether they were eligible.

    Each decision divides one lead equally among the departments with an eligible person, and within a department by
    weight. Without `balance_by` all people are in one department; unless the strategy is `weighted`, all weights are 1.
    """
    colleagues = [people.get(person, RosterWeight()) for person in asked.people]
    weights = [one.weight if asked.rule.strategy == "weighted" else 1 for one in colleagues]
    departments: dict[str, list[int]] = defaultdict(list)
    for place, colleague in enumerate(colleagues):
        departments[colleague.department if asked.rule.by_department else ""].append(place)
    weighing = {
        department: [sum(of_one) for of_one in zip(*(map(weights[p].__mul__, offered[p]) for p in places), strict=True)]
        for department, places in departments.items()
    }
    open_departments = [sum(map(bool, of_one)) for of_one in zip(*weighing.values(), strict=True)]
    shares = [0.0] * len(weights)
    for department, places in departments.items():
        parts = [
            1 / (many * whole) if whole else 0.0
            for many, whole in zip(open_departments, weighing[department], strict=True)
        ]
        for place in places:
            shares[place] = weights[place] * sum(compress(parts, offered[place]))
    return shares


def _count(
    tally: _Tally,
    asked: Asked,
    decisions: Sequence[tuple[tuple[str, ...], str | None]],
    people: Mapping[str, RosterWeight],
) -> None:
    """Counts decisions about the same candidates: offered, skipped, assigned, and the expected numbers."""
    tally.decisions += len(decisions)
    given = Counter(chosen for _, chosen in decisions)
    tally.nobody += given.pop(None, 0)
    for person, times in given.items():
        tally.given[str(person)][asked.how] += times
    for person, column in zip(asked.people, zip(*(reasons for reasons, _ in decisions), strict=True), strict=False):
        reasons = Counter(column)
        tally.offered[person] += sum(reasons[reason] for reason in OFFERED)
        tally.skipped[person].update({reason: reasons[reason] for reason in SKIPS if reasons[reason]})
    if given and asked.people and asked.how == "turn" and asked.rule.strategy in IN_TURN:
        tally.shared = True
        turns = zip(*(reasons for reasons, chosen in decisions if chosen is not None), strict=True)
        offered = [[reason in OFFERED for reason in column] for column in turns]
        for person, share in zip(asked.people, due(asked, offered, people), strict=True):
            tally.expected[person] += share


def _people(policy: str | None, tally: _Tally) -> Iterable[Row]:
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


def _policy(policy: str | None, tally: _Tally, people: Iterable[Row]) -> Row:
    away = [abs(row["deviation"]) for row in people if row["deviation"] is not None]
    return {
        "policy": policy,
        "decisions": tally.decisions,
        "assigned": sum(given.total() for given in tally.given.values()),
        "nobody": tally.nobody,
        "deviation": max(away, default=None),
    }
