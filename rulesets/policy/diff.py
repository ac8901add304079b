"""The difference between two policies as data: a list of changes that turns the old document into the new one.

``diff`` compares plain documents (`rulesets.document.document.plain`). ``apply`` applies the changes to the old
document and returns the new one. Rows are matched by key, at any position. Conditions, durations, curves and lists
without keys change as a whole. The admin makes sentences of changes. This module does not interpret documents.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

Document = dict[str, Any]


class ChangeKind(StrEnum):
    """What happened at a place."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class RowStep(NamedTuple):
    """A step of a path into a list: the row with this key."""

    key: str


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One difference. ``steps`` is the path from the top; ``at`` is the position of an added or moved row, from 0.

    ``old`` and ``new`` are the values; for a moved row they are its positions before and after.
    """

    steps: tuple[str | RowStep, ...]
    kind: ChangeKind
    old: Any = None
    new: Any = None
    at: int | None = None

    @property
    def path(self) -> str:
        """The place as text: ``models[smb].fit.groups[size].rules[s50].points``."""
        text = "".join(f"[{step.key}]" if isinstance(step, RowStep) else f".{step}" for step in self.steps)
        return text.removeprefix(".")

    def as_json(self) -> Document:
        """The change as the API and the command line show it."""
        shown: Document = {"path": self.path, "kind": self.kind.value, "old": self.old, "new": self.new}
        return shown if self.at is None else {**shown, "at": self.at}


# -------------------------------------------------------------------------------------------------- shape of a policy
@dataclass(frozen=True, slots=True)
class Parts:
    """An object whose members are compared one by one; members that are not in ``known`` are compared as a whole.

    An ``implied`` object may be absent, which equals empty. So adding its first member is a change of the member, not
    of the object.
    """

    known: Mapping[str, "Shape"] = field(default_factory=dict)
    others: "Shape | None" = None
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of rows with keys; an absent list equals an empty one."""

    row: Parts = Parts()


Shape = Parts | Rows


def _implied(**known: Shape) -> Parts:
    return Parts(known, implied=True)


POLICY = Parts(
    {
        "models": Rows(
            Parts(
                {
                    "fit": _implied(grades=_implied(), groups=Rows(Parts({"rules": Rows()}))),
                    "engagement": _implied(heats=_implied(), groups=Rows(Parts({"signals": Rows()}))),
                    "matrix": _implied(default=Parts(), cells=Parts(others=Parts(), implied=True)),
                }
            )
        ),
        "fields": Rows(),
        "events": Rows(),
        "segments": Rows(),
        "calendar": Parts({"hours": Parts()}),
        "qualification": _implied(
            exclusions=Rows(), red_flags=Rows(), checklists=Rows(Parts({"items": Rows()})), mql=Rows()
        ),
        "assignment": Rows(),
        "sla": Rows(),
        "pool": Parts({"protection": Parts(), "claim": _implied()}),
        "feedback": _implied(),
        "reasons": _implied(reject=Rows(), release=Rows(), disqualify=Rows(), withdraw=Rows(), lost=Rows()),
        "tests": Rows(Parts({"expect": Parts()})),
    }
)
"""Which parts of a policy are compared member by member; all others change as a whole."""


# --------------------------------------------------------------------------------------------------------- comparing
def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[PolicyChange, ...]:
    """Every difference from ``old`` to ``new``, in the order of the new document; removed rows of a list come first."""
    return tuple(_parts(POLICY, old, new, ()))


def _parts(
    shape: Parts, old: Mapping[str, Any], new: Mapping[str, Any], steps: tuple[str | RowStep, ...]
) -> Iterator[PolicyChange]:
    for name in {**new, **old}:
        below = shape.known.get(name, shape.others)
        here = (*steps, name)
        if isinstance(below, Rows) and _keyed(old.get(name, [])) and _keyed(new.get(name, [])):
            yield from _rows(below, old.get(name, []), new.get(name, []), here)
        elif isinstance(below, Parts) and (below.implied or (name in old and name in new)):
            yield from _parts(below, old.get(name, {}), new.get(name, {}), here)
        elif name not in old:
            yield PolicyChange(here, ChangeKind.ADDED, new=new[name])
        elif name not in new:
            yield PolicyChange(here, ChangeKind.REMOVED, old=old[name])
        elif old[name] != new[name]:
            yield PolicyChange(here, ChangeKind.CHANGED, old[name], new[name])


def _rows(
    shape: Rows, old: Sequence[Document], new: Sequence[Document], steps: tuple[str | RowStep, ...]
) -> Iterator[PolicyChange]:
    before = {row["key"]: (place, row) for place, row in enumerate(old)}
    after = {row["key"] for row in new}
    for key, (_, row) in before.items():
        if key not in after:
            yield PolicyChange((*steps, RowStep(key)), ChangeKind.REMOVED, old=row)
    # The most rows that keep their order stay, so that moving one row reports one change and not all rows after it.
    staying = _longest_rise([before[row["key"]][0] for row in new if row["key"] in before])
    for at, row in enumerate(new):
        here = (*steps, RowStep(row["key"]))
        if row["key"] not in before:
            yield PolicyChange(here, ChangeKind.ADDED, new=row, at=at)
            continue
        place, known = before[row["key"]]
        if place not in staying:
            yield PolicyChange(here, ChangeKind.MOVED, old=place, new=at, at=at)
        yield from _parts(shape.row, known, row, here)


def _keyed(rows: Any) -> bool:
    """Whether each row has its own key; a draft may still contain a key twice."""
    return len({row["key"] for row in rows}) == len(rows)


def _longest_rise(places: Sequence[int]) -> frozenset[int]:
    """The longest increasing subsequence of distinct positions: the rows that count as not moved."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for number, place in enumerate(places):
        at = bisect_left(ends, place)
        ends[at:] = [place, *ends[at + 1 :]]
        last[at:] = [number, *last[at + 1 :]]
        before.append(last[at - 1] if at else None)
    rise = []
    number_ = last[-1] if last else None
    while number_ is not None:
        rise.append(places[number_])
        number_ = before[number_]
    return frozenset(rise)


# ---------------------------------------------------------------------------------------------------------- applying
def apply(changes: Iterable[PolicyChange], old: Mapping[str, Any]) -> Document:
    """The new document: ``apply(diff(old, new), old) == new``. The changes must come from a diff of ``old``."""
    return _applied(POLICY, old, [(change.steps, change) for change in changes])


Steps = Sequence[tuple[tuple[str | RowStep, ...], PolicyChange]]


def _applied(shape: Parts, old: Mapping[str, Any], changes: Steps) -> Document:
    new = deepcopy(dict(old))
    for name, below in _by_first_step(changes).items():
        part = shape.known.get(str(name), shape.others)
        value = _value(part, new.get(str(name)), below)
        gone = value is None and below[0][1].kind is ChangeKind.REMOVED
        if gone or (value in ({}, []) and (isinstance(part, Rows) or (part is not None and part.implied))):
            new.pop(str(name), None)
        else:
            new[str(name)] = value
    return new


def _value(shape: Shape | None, old: Any, changes: Steps) -> Any:
    (steps, change), *_ = changes
    if not steps:
        return deepcopy(change.new)
    if isinstance(shape, Rows):
        return _applied_rows(shape, old or [], changes)
    return _applied(shape or Parts(), old or {}, changes)


def _applied_rows(shape: Rows, old: Sequence[Document], changes: Steps) -> list[Document]:
    here = {change.steps[-1]: change for steps, change in changes if len(steps) == 1}
    inside = _by_first_step([entry for entry in changes if len(entry[0]) > 1])
    rows = {RowStep(row["key"]): _applied(shape.row, row, inside.get(RowStep(row["key"]), ())) for row in old}
    new = [row for key, row in rows.items() if key not in here]
    # In order of the new position: each insert needs the rows before it in place.
    for key, change in sorted(here.items(), key=lambda entry: entry[1].at or 0):
        if change.kind is not ChangeKind.REMOVED:
            new.insert(change.at or 0, deepcopy(change.new) if change.kind is ChangeKind.ADDED else rows[key])  # type: ignore[index]
    return new


def _by_first_step(changes: Steps) -> dict[str | RowStep, list[tuple[tuple[str | RowStep, ...], PolicyChange]]]:
    grouped: dict[str | RowStep, list[tuple[tuple[str | RowStep, ...], PolicyChange]]] = {}
    for steps, change in changes:
        grouped.setdefault(steps[0], []).append((steps[1:], change))
    return grouped
