"""The page about the policy names every key of the document at its place, with an example."""

import re
import typing
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from rulesets.document.document import load
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from tests.rulesets.documents import LEAST

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
EVERYWHERE = {"key", "label"}
"""Said once for all parts."""
EVENTS = [{"key": key, "kind": "latent"} for key in ("content.downloaded", "pricing.viewed", "page.viewed")]


def parts_in(annotation: Any, step: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """The parts a field may hold, each with the step that leads to it: ``[]`` into a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield step, annotation
        return
    inside = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    inner = f"{step}[]" if origin is tuple else step
    for argument in inside[:1] if origin is typing.Annotated else inside:
        yield from parts_in(argument, inner)


def places() -> dict[str, set[type[BaseModel]]]:
    """Every kind of part of a policy, at the first place where it can stand."""
    found: dict[str, set[type[BaseModel]]] = {"": {Policy}}
    seen: set[type[BaseModel]] = {Policy}
    waiting: deque[tuple[str, type[BaseModel]]] = deque([("", Policy)])
    while waiting:
        place, kind = waiting.popleft()
        for name, field in kind.model_fields.items():
            for step, part in parts_in(field.annotation):
                if part not in seen:
                    seen.add(part)
                    at = f"{place}.{name}{step}".lstrip(".")
                    found.setdefault(at, set()).add(part)
                    waiting.append((at, part))
    return found


PLACES = places()


def told() -> dict[str, set[str]]:
    """The keys that the page explains, by place: lists that begin with “At `place`” or “At the top”."""
    lists = re.findall(r"^At (?:the top|`([^`]+)`)[^\n]*:\n\n((?:[* ] .*\n)+)", PAGE, re.MULTILINE)
    return {place: set().union(*map(named_in, keys.splitlines())) for place, keys in lists}


def named_in(line: str) -> set[str]:
    """The keys a line explains: ``* `a`, `b`: … `c`: …``."""
    return {
        name
        for group in re.findall(r"(?:^\* |\. )((?:`\w+`(?:, )?)+):", line)
        for name in re.findall(r"`(\w+)`", group)
    }


@pytest.mark.parametrize("place", PLACES)
def test_the_page_explains_every_key_of_a_part_and_no_other(place: str) -> None:
    fields = {name for part in PLACES[place] for name in part.model_fields} - EVERYWHERE
    assert told().get(place) == fields


def test_the_page_explains_no_part_that_does_not_exist() -> None:
    assert set(told()) <= set(PLACES)


def examples() -> list[Any]:
    return [load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]


def written(part: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Every key that is written in a policy, with the kind of part it is written in."""
    if isinstance(part, BaseModel):
        yield from ((type(part), name) for name in part.model_fields_set)
        part = [getattr(part, name) for name in part.model_fields_set]
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list | tuple):
        for member in part:
            yield from written(member)


def shown() -> set[tuple[type[BaseModel], str]]:
    policies = [lint({**LEAST, "events": EVENTS, **example}).policy for example in examples()]
    assert None not in policies
    return {key for policy in policies for key in written(policy)}


def test_every_key_of_every_part_is_in_an_example() -> None:
    every = {(part, name) for parts in PLACES.values() for part in parts for name in part.model_fields}
    labels = {(part, name) for part, name in every if name == "label"}
    missing = every - labels - shown()
    assert sorted(f"{part.__name__}.{name}" for part, name in missing) == []


def test_the_walk_reaches_the_deepest_part() -> None:
    assert "models[].engagement.groups[].signals[].decay.steps[]" in PLACES
    assert sum(map(len, PLACES.values())) > 45
