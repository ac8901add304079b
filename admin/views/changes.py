"""What is different between two policy documents, as a flat list: what, before, after. Pure; reads no draft itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rulesets.yaml_text import write_yaml


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs; an absent side is None."""

    place: str
    before: str | None
    after: str | None


def changes(old: Any, new: Any, place: str = "") -> Iterator[Change]:
    """Differences from ``old`` to ``new``; members of lists are matched by their key where they have one."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and "op" not in {*old, *new}:
        for name in {**old, **new}:
            yield from changes(old.get(name), new.get(name), f"{place}.{name}" if place else name)
    elif _keyed(old) and _keyed(new) and (old or new):
        before, after = ({member["key"]: member for member in members or ()} for members in (old, new))
        for key in {**before, **after}:
            yield from changes(before.get(key), after.get(key), f"{place}[{key}]")
        if [*before] != [*after] and {*before} == {*after}:
            yield Change(place, ", ".join(before), ", ".join(after))
    else:
        yield Change(place, _text(old), _text(new))


def _keyed(value: Any) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(member, dict) and "key" in member for member in value)
    )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return write_yaml(value).strip() if isinstance(value, dict | list) else str(value)
