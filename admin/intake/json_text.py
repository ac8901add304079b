"""Reads JSON that strangers wrote, so that nothing in it can hurt what comes later.

Every value that PostgreSQL or Python could not carry (NUL, lone surrogates, NaN, numbers without end, keys given twice,
nesting without end) is found here, with its path. May not know what the JSON means.
"""

import json
import re
from dataclasses import dataclass
from math import isfinite
from typing import Any

MAX_NESTING = 32
MAX_DIGITS = 308
"""An integer longer than the largest double breaks other readers of JSON; nobody counts that far."""
BAD_TEXT = re.compile("[\x00\ud800-\udfff]")
SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class BadValue:
    """Stands in the parsed value where something stood that cannot be carried."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong inside a value, and at which ``path`` (``properties.items[2].name``)."""

    code: str
    path: str
    message: str


class UnreadableJson(ValueError):
    """The text is no JSON at all; ``code`` is not_utf8 or malformed_json."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


TOO_DEEP = BadValue("nested_too_deeply", f"is nested deeper than {MAX_NESTING} levels: flatten it")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed body; ``suspect`` when some text in it may hold NUL or a lone surrogate."""

    value: Any
    suspect: bool


def parse_json(body: bytes) -> Parsed:
    """Parse a body; what cannot be carried becomes a `BadValue` in its place, so that the rest is not lost.

    Raises UnreadableJson when the body is not UTF-8 or not JSON.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableJson("not_utf8", f"byte {error.start} is not UTF-8: send JSON encoded as UTF-8") from None
    try:
        value = _loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableJson("malformed_json", _where(error)) from None
    except RecursionError:
        value = _load_shallow(text)
    return Parsed(value, SUSPECT_ESCAPE.search(body) is not None)


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant)


def _where(error: json.JSONDecodeError) -> str:
    return f"line {error.lineno}, column {error.colno}: {error.msg}. Send one JSON value, encoded as UTF-8"


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return BadValue("duplicate_key", f"gives the key {quoted(twice)} twice: keep one of them")


def _integer(digits: str) -> Any:
    if len(digits) <= MAX_DIGITS:
        return int(digits)
    return BadValue("number_too_long", f"has {len(digits)} digits: send at most {MAX_DIGITS}, or text")


def _constant(name: str) -> BadValue:
    return BadValue("not_a_number", f"is {name}, which is not JSON: send a number or null")


def _load_shallow(text: str) -> Any:
    """Parse a body that is nested without end: of a list, only the items that are too deep are given up."""
    if not text.lstrip().startswith("["):
        return TOO_DEEP
    items: list[Any] = []
    depth, start, deepest = 0, text.index("[") + 1, 0
    for token in TOKEN.finditer(text):
        mark = token.group()
        if mark in {"[", "{"}:
            depth += 1
            deepest = max(deepest, depth)
        elif mark in {"]", "}"}:
            depth -= 1
        if (mark == "," and depth == 1) or (depth == 0 and mark == "]"):
            items.append(_item(text[start : token.start()], deepest))
            start, deepest = token.end(), depth
    return items if depth == 0 else TOO_DEEP


def _item(text: str, deepest: int) -> Any:
    if deepest > MAX_NESTING + 1:
        return TOO_DEEP
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableJson("malformed_json", _where(error)) from None


def quoted(text: str, limit: int = 60) -> str:
    """A piece of foreign text for a message: short, on one line, encodable."""
    shown = text if len(text) <= limit else f"{text[:limit]}…"
    return json.dumps(shown, ensure_ascii=BAD_TEXT.search(shown) is not None)


def fault_in(value: Any, *, suspect: bool) -> Fault | None:
    """The first thing in ``value`` that cannot be carried, or None."""
    return None if _is_clean(value, suspect=suspect) else _first_fault(value)


def _is_clean(value: Any, *, suspect: bool) -> bool:
    """A quick look, layer by layer: no paths are made for values that are well."""
    layer = [value]
    for _ in range(MAX_NESTING + 1):
        below: list[Any] = []
        for node in layer:
            kind = type(node)
            if kind is dict:
                below.extend(node.values())
                if suspect:
                    below.extend(node)
            elif kind is list:
                below.extend(node)
            elif not _is_clean_leaf(node, kind, suspect):
                return False
        if not below:
            return True
        layer = below
    return False


def _is_clean_leaf(node: Any, kind: type, suspect: bool) -> bool:
    if kind is str:
        return not suspect or BAD_TEXT.search(node) is None
    return isfinite(node) if kind is float else kind is not BadValue


def _first_fault(value: Any) -> Fault:
    stack: list[tuple[Any, str, int]] = [(value, "", 1)]
    while stack:
        node, path, depth = stack.pop()
        fault = _fault_at(node, path, depth)
        if fault is not None:
            return fault
        children = _children(node, path)
        stack.extend((child, place, depth + 1) for child, place in reversed(children))
    raise AssertionError("a value was found unclean and holds no fault")


def _children(node: Any, path: str) -> list[tuple[Any, str]]:
    if isinstance(node, dict):
        return [(child, f"{path}.{key}" if path else str(key)) for key, child in node.items()]
    if isinstance(node, list):
        return [(child, f"{path}[{place}]") for place, child in enumerate(node)]
    return []


def _fault_at(node: Any, path: str, depth: int) -> Fault | None:
    if isinstance(node, BadValue):
        return Fault(node.code, path, node.message)
    if isinstance(node, float) and not isfinite(node):
        return Fault("not_a_number", path, "is too large for a number: send a smaller one, or text")
    if isinstance(node, dict | list) and depth > MAX_NESTING:
        return Fault(TOO_DEEP.code, path, TOO_DEEP.message)
    texts = [node] if isinstance(node, str) else list(node) if isinstance(node, dict) else []
    for text in texts:
        found = BAD_TEXT.search(text)
        if found is not None:
            return Fault("unusable_text", path, _unusable(found.group()))
    return None


def _unusable(character: str) -> str:
    if character == "\x00":
        return "holds a NUL character, which no database text can: remove it"
    return f"holds the lone surrogate \\u{ord(character):04x}, which is no character: send both halves, or remove it"
