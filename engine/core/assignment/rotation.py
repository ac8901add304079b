"""Rotation: stride scheduling with exact fractions, for people and for departments (R5.5, R5.6).

Pure arithmetic on pointers: it gets who is available and who is eligible, without the reasons. The caller holds the
lock and stores the result. Example: A, B and C have weight 1 and the pointers 2, 1 and 3. B has the lowest pointer,
gets the lead, and its pointer becomes 2. The pointers of one policy are in one mapping: a person's under their e-mail,
a department's under `department_key`, a person's inside a department under `inside_key`. So a person who changes
departments joins as a new member. Choices where the contract says nothing:

* a pointer without participant (the person left the team or changed roles) counts as an unavailable member;
* turns at one instant keep their order: each turn is at least one microsecond later than the turn before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

DEPARTMENT = "department:"
INSIDE = " in "
"""Separates e-mail and department in a key; an e-mail contains no space."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pointer:
    """A position in the rotation of one policy."""

    value: Fraction = Fraction(0)
    served: int = 0
    served_at: datetime | None = None


Pointers = Mapping[str, Pointer]


@dataclass(frozen=True, slots=True)
class Participant:
    """A person or a department in the rotation: ``available`` in general, ``eligible`` for this lead."""

    key: str
    eligible: bool
    available: bool
    step: Fraction = Fraction(1)
    department: str = ""
    rank: tuple[Any, ...] = ()
    """The sort key of the strategy; the lowest eligible comes first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The winner (None: nobody was eligible), and all pointers after the turn."""

    winner: str | None
    pointers: Pointers


def department_key(department: str) -> str:
    """The key of a department's pointer."""
    return DEPARTMENT + department


def inside_key(person: str, department: str) -> str:
    """The key of a person's pointer inside a department."""
    return f"{person}{INSIDE}{department}"


def turn(participants: Sequence[Participant], pointers: Pointers, now: datetime, *, credit: bool) -> Turn:
    """A turn among people, without departments. ``credit``: unavailable people keep their claim to turns (make_up)."""
    people = {k: p for k, p in pointers.items() if not k.startswith(DEPARTMENT) and INSIDE not in k}
    return _turn(participants, people, now, credit=credit)


def turn_by_department(participants: Sequence[Participant], pointers: Pointers, now: datetime, *, credit: bool) -> Turn:
    """A turn among departments, each with weight 1, then a turn among the people of the winning one (R5.6)."""
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
        # The other departments take part too, so that their new members start and their unavailable members rise.
        entries = people if serving else [replace(person, eligible=False) for person in people]
        inner = _turn(entries, _inside(pointers, name), now, credit=credit)
        after.update(inner.pointers)
        winner = inner.winner if serving else winner
    return Turn(winner and winner.partition(INSIDE)[0], after)


def given_back(pointers: Pointers, person: str, step: Fraction, department: str | None) -> Pointers:
    """The pointers that change when a turn is given back (R4.7); each falls by the step of a turn.

    With a ``department``, these are its pointer and the person's pointer inside it. If a pointer is missing, there was
    no turn, and nothing changes.
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
    """1. new members start at the level; 2. without credit the unavailable rise to it; 3. the first eligible wins."""
    available = {one.key for one in participants if one.available}
    # Read before the winner's pointer rises, otherwise a new member would start one turn behind (R5.5).
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
    """The start of a new member: the lowest pointer of the available members, else of all, else 0 (R5.5)."""
    theirs = [place.value for key, place in pointers.items() if key in available]
    return min(theirs or [place.value for place in pointers.values()], default=Fraction(0))


def _order(key: str, pointers: Pointers) -> tuple[Fraction, bool, datetime, str]:
    """The order of R5.5: lowest pointer, then people who were served before, longest ago first, then e-mail."""
    place = pointers[key]
    return (place.value, place.served_at is None, place.served_at or NEVER, key)


def _moment(pointers: Pointers, now: datetime) -> datetime:
    latest = max((place.served_at or NEVER for place in pointers.values()), default=NEVER)
    # A batch decides many leads at one instant; without the step the tie-break by last turn would be lost.
    return max(now, latest + timedelta(microseconds=1))
