"""JMESPath with five functions that vendors' bodies need; unknown names are found when an expression is written."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from admin.intake.json_text import BadValue

LONGEST = 2_000
"""Characters of one expression."""
MILLISECONDS_FROM = 100_000_000_000
"""A number of this size counts milliseconds; as seconds it would be the year 5138."""
NUMBER = re.compile(r"\d{1,15}", re.ASCII)


class MappingFailed(ValueError):
    """An expression cannot be written so, or cannot be evaluated on a body."""


class _Functions(functions.Functions):
    """The functions of JMESPath, and ours."""

    @functions.signature({"types": []})
    def _func_text(self, value: Any) -> Any:
        """``text(value)``: numbers and truth as text; null and empty text are null.

        What stands for a value that cannot be carried stays, so that the check of the envelope finds it.
        """
        if isinstance(value, BadValue):
            return value
        if value is None or isinstance(value, dict | list):
            return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value).strip() or None

    @functions.signature({"types": []})
    def _func_moment(self, value: Any) -> str | None:
        """``moment(value)``: seconds or milliseconds since 1970, or text with a zone; without one it is UTC."""
        if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
            text = value.strip().replace(" ", "T", 1)
            return text if re.search(r"([Zz]|[+-]\d\d:?\d\d)$", text) else f"{text}Z"
        try:
            number = int(value)
            seconds = number / 1000 if number >= MILLISECONDS_FROM else number
            return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
        except (TypeError, ValueError, OverflowError, OSError):
            return None

    @functions.signature({"types": ["array"]})
    def _func_digest(self, value: list[Any]) -> str:
        """``digest([…])``: a stable id of 32 characters made of values, for vendors without one."""
        canonical = json.dumps(value, ensure_ascii=True, sort_keys=True, default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]

    @functions.signature({"types": ["array", "null"]})
    def _func_object(self, value: list[Any] | None) -> dict[str, Any]:
        """``object(list of [name, value])``: an object; pairs without a name or value are left out."""
        pairs = [pair for pair in value or () if isinstance(pair, list) and len(pair) == 2]
        return {str(name): item for name, item in pairs if name and item not in (None, "")}

    @functions.signature({"types": ["object", "null"]})
    def _func_entries(self, value: dict[str, Any] | None) -> list[list[Any]]:
        """``entries(object)``: its names and values as a list of [name, value]."""
        return [[name, item] for name, item in (value or {}).items()]


OPTIONS = jmespath.Options(custom_functions=_Functions())
NAMES = frozenset(_Functions.FUNCTION_TABLE)


def compiled(expression: str) -> ParsedResult:
    """An expression ready to run; raises MappingFailed with what is wrong with it."""
    if len(expression) > LONGEST:
        raise MappingFailed(f"the expression has more than {LONGEST} characters")
    try:
        found = jmespath.compile(expression)
    except (JMESPathError, RecursionError) as error:
        raise MappingFailed(f"{expression!r} is no JMESPath expression: {_first_line(error)}") from None
    for name in _called(found.parsed):
        if name not in NAMES:
            raise MappingFailed(f"{expression!r} calls {name}(), which does not exist")
    return found


def evaluate(expression: str, value: Any) -> Any:
    """What an expression finds; raises MappingFailed."""
    try:
        return compiled(expression).search(value, options=OPTIONS)
    except (JMESPathError, TypeError, ValueError, RecursionError) as error:
        raise MappingFailed(f"{expression!r} cannot be evaluated: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _called(node: Any) -> Iterator[str]:
    """Names of all functions that a parsed expression calls."""
    if isinstance(node, dict):
        if node.get("type") == "function_expression":
            yield node["value"]
        for child in node.get("children", ()):
            yield from _called(child)
