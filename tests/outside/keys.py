"""What a body must have: every key named, whatever else it has."""

from collections.abc import Iterable
from typing import Any


def lacking(body: Any, wanted: str) -> set[str]:
    """The names of ``wanted`` (words) that ``body`` has no key for; a dotted name is a key of a key's object."""
    return {name for name in wanted.split() if not _has(body, name.split("."))}


def _has(body: Any, path: Iterable[str]) -> bool:
    for key in path:
        if not isinstance(body, dict) or key not in body:
            return False
        body = body[key]
    return True
