"""The valid parts of a document with structural errors, so that one broken row does not hide other findings.

A broken value is replaced by a neutral one if there is one (``points: 0``). Otherwise the smallest broken part is left
out. Places of the salvaged document are translated back. The keys of parts that are left out stay known
(`rulesets.lint.known`), so that a broken row is not reported as missing.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rulesets.document.findings import Place
from rulesets.document.shape import check_raw, places
from rulesets.policy.policy import FORMAT, Policy

_NEUTRAL = {"format": FORMAT, "name": "-", "timezone": "UTC", "models": [{"key": "model"}]}
_STAND_INS = {"points": 0, "when": {"all": []}, "action": "hold", "window": {"hours": 1}}
_NOTHING = object()

Repairs = dict[Place, Any]
"""Place → its replacement, or `_NOTHING` if the part is left out."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The salvaged policy, and the translation of its places to the original document."""

    policy: Policy
    original: Callable[[Place], Place]


def salvage(raw: Any, rounds: int = 100) -> Sound | None:
    """The valid part of raw data; None if it is no document, or still has errors after so many rounds of repair.

    Each round repairs every error that the validator reports. A repair can uncover further errors, so a few rounds are
    usual.
    """
    if check_raw(raw):
        return None
    repairs: Repairs = {}
    for _round in range(rounds):
        sound = {**_NEUTRAL, **_repaired(raw, (), repairs, _by_parent(repairs))}
        original = _translation(raw, frozenset(place for place, part in repairs.items() if part is _NOTHING))
        try:
            return Sound(Policy.model_validate(sound), original)
        except ValidationError as refused:
            for place in places(sound, refused):
                _repair(raw, original(place), repairs)
    return None


def _repair(raw: Any, place: Place, repairs: Repairs) -> None:
    """Repairs an error at a place: a replacement the first time, otherwise the nearest existing part is left out."""
    last = place[-1] if place else ""
    if place not in repairs and (last in _STAND_INS or last == "key"):
        repairs[place] = _STAND_INS.get(str(last), f"broken_{len(repairs)}")
        return
    # Moves up from a part that is missing or already gone, so that every repair changes something.
    while place and (repairs.get(place) is _NOTHING or (place not in repairs and _part(raw, place) is _NOTHING)):
        place = place[:-1]
    repairs[place] = _NOTHING


def _by_parent(repairs: Repairs) -> Mapping[Place, dict[str | int, Any]]:
    stand_ins: defaultdict[Place, dict[str | int, Any]] = defaultdict(dict)
    for place, part in repairs.items():
        if place and part is not _NOTHING:
            stand_ins[place[:-1]][place[-1]] = part
    return stand_ins


def _repaired(value: Any, place: Place, repairs: Repairs, stand_ins: Mapping[Place, dict[str | int, Any]]) -> Any:
    if isinstance(value, dict):
        kept = {
            k: _repaired(v, (*place, k), repairs, stand_ins) for k, v in value.items() if (*place, k) not in repairs
        }
        return kept | stand_ins.get(place, {})
    if isinstance(value, list):
        at = enumerate(value)
        return [
            _repaired(v, (*place, i), repairs, stand_ins) for i, v in at if repairs.get((*place, i)) is not _NOTHING
        ]
    return value


def _translation(raw: Any, gone: frozenset[Place]) -> Callable[[Place], Place]:
    """Positions in the salvaged document → positions in the original, where ``gone`` are left out."""
    kept: dict[Place, list[int]] = {}

    def original(place: Place) -> Place:
        value = raw
        found: Place = ()
        for step in place:
            found = (*found, _step(value, step, found, gone, kept))
            value = _child(value, found[-1])
        return found

    return original


def _step(value: Any, step: str | int, place: Place, gone: frozenset[Place], kept: dict[Place, list[int]]) -> str | int:
    """The position of a step in the original; ``kept`` caches the remaining positions of each list."""
    if not isinstance(step, int) or not isinstance(value, list):
        return step
    if place not in kept:
        kept[place] = [index for index in range(len(value)) if (*place, index) not in gone]
    return kept[place][step] if step < len(kept[place]) else step


def _child(value: Any, step: str | int) -> Any:
    """The part at a step; `_NOTHING` if there is none."""
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return _NOTHING


def _part(raw: Any, place: Place) -> Any:
    value = raw
    for step in place:
        value = _child(value, step)
    return value
