"""Whose turn it is: stride scheduling by exact fractions, for people and for departments (R5.5, R5.6).

Pure arithmetic on pointers: it knows who is available and who is eligible, not why. The caller holds the lock and
stores what comes back. Pointers of one policy live in one mapping: a person's under their e-mail, a department's
under `department_key`, a person's inside a department under `inside_key`, so that changing departments is joining anew.
Choices made where the contract is silent:

* whoever has a pointer and is no participant any more (left the team, changed roles) counts as an unavailable member;
* turns at one instant keep their order: a turn is at least a microsecond later than the one before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

DEPARTMENT = "department:"
INSIDE = " in "
"""Between e-mail and department; no e-mail holds a space."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pointer:
    """A place in one policy's rotation."""

    value: Fraction = Fraction(0)
    served: int = 0
    served_at: datetime | None = None


Pointers = Mapping[str, Pointer]


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody (or a department) who takes turns: ``available`` at all, ``eligible`` for this very lead."""

    key: str
    eligible: bool
    available: bool
    step: Fraction = Fraction(1)
    department: str = ""
    rank: tuple[Any, ...] = ()
    """What a strategy compares before the turn: the lowest of the eligible come first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it was (None: nobody was eligible), and where everybody stands after it."""

    winner: str | None
    pointers: Pointers


def department_key(department: str) -> str:
    """Where a department's pointer is kept."""
    return DEPARTMENT + department


def inside_key(person: str, department: str) -> str:
    """Where a person's pointer inside a department is kept."""
    return f"{person}{INSIDE}{department}"


def turn(participants: Sequence[Participant], pointers: Pointers, now: datetime, *, credit: bool) -> Turn:
    """The turn among people without regard to departments. ``credit``: who is unavailable saves up turns (make_up)."""
    people = {k: p for k, p in pointers.items() if not k.startswith(DEPARTMENT) and INSIDE not in k}
    return _turn(participants, people, now, credit=credit)


def turn_by_department(participants: Sequence[Participant], pointers: Pointers, now: datetime, *, credit: bool) -> Turn:
    """First the turn of departments, each counting once, then the turn inside the one whose turn it is (R5.6)."""
    inside: dict[str, list[Participant]] = {}
    for one in participants:
        inside.setdefault(one.department, []).append(replace(one, key=inside_key(one.key, one.department)))
    departments = [
        Participant(department_key(name), any(p.eligible for p in people), any(p.available for p in people))
        for name, people in inside.items()
    ]
    outer = _turn(departments, {k: p for k, p in pointers.items() if k.startswith(DEPARTMENT)}, now, credit=credit)
    after, winner = dict(outer.pointers), None
    for name, people in inside.items():
        serving = department_key(name) == outer.winner
        entries = people if serving else [replace(person, eligible=False) for person in people]
        inner = _turn(entries, _inside(pointers, name), now, credit=credit)
        after.update(inner.pointers)
        winner = inner.winner if serving else winner
    return Turn(winner and winner.partition(INSIDE)[0], after)


def given_back(pointers: Pointers, person: str, step: Fraction, department: str | None) -> Pointers:
    """The pointers that change when a person gets a turn back (R4.7): lower by what the turn had cost.

    With a ``department``, its pointer and the person's inside it. Who has no pointer has had no turn.
    """
    costs = {person: step}
    if department is not None:
        costs = {inside_key(person, department): step, department_key(department): Fraction(1)}
    return {
        key: replace(pointers[key], value=pointers[key].value - cost)
        for key, cost in costs.items()
        if costs.keys() <= pointers.keys()
    }


def _inside(pointers: Pointers, department: str) -> Pointers:
    parts = ((key, key.partition(INSIDE)) for key in pointers if not key.startswith(DEPARTMENT))
    return {key: pointers[key] for key, (_, between, name) in parts if between and name == department}


def _turn(participants: Sequence[Participant], pointers: Pointers, now: datetime, *, credit: bool) -> Turn:
    """1. joiners start level; 2. without credit the unavailable rise to it; 3. the first eligible is served."""
    available = {one.key for one in participants if one.available}
    level = _level(pointers, available)
    after = {**dict.fromkeys((one.key for one in participants), Pointer(level)), **pointers}
    if not credit and available:
        raised = {k: replace(p, value=level) for k, p in after.items() if k not in available and p.value < level}
        after.update(raised)
    eligible = (one for one in participants if one.eligible)
    winner = min(eligible, key=lambda one: (one.rank, *_order(one.key, after)), default=None)
    if winner is not None:
        place = after[winner.key]
        after[winner.key] = Pointer(place.value + winner.step, place.served + 1, _moment(after, now))
    return Turn(winner.key if winner else None, after)


def _level(pointers: Pointers, available: set[str]) -> Fraction:
    """The lowest pointer of the available, else of all, else 0: where a joiner starts."""
    theirs = [place.value for key, place in pointers.items() if key in available]
    return min(theirs or [place.value for place in pointers.values()], default=Fraction(0))


def _order(key: str, pointers: Pointers) -> tuple[Fraction, bool, datetime, str]:
    """Lowest pointer first; of equals those served before, the one whose last turn is longest ago, then by e-mail."""
    place = pointers[key]
    return (place.value, place.served_at is None, place.served_at or NEVER, key)


def _moment(pointers: Pointers, now: datetime) -> datetime:
    latest = max((place.served_at or NEVER for place in pointers.values()), default=NEVER)
    return max(now, latest + timedelta(microseconds=1))
