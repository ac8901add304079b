"""Structural errors of a raw document: what is not JSON-like data, and what the classes of the policy refuse.

Turns the validator's errors into findings with the path as written, in our own words. Nothing here recurses over input.
"""

import math
import re
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rulesets.conditions import KINDS, kind_of
from rulesets.findings import Finding, Place, did_you_mean, error, quoted
from rulesets.policy import Policy
from rulesets.yaml_text import DEEPEST, LARGEST_TREE

LARGEST_INTEGER = 2**53 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MOST_ERRORS = 200
"""Most structural errors that are reported one by one."""


def check_raw(raw: Any) -> list[Finding]:
    """Errors of data that cannot be a document at all: not an object, too deep, odd numbers and characters."""
    if not isinstance(raw, dict):
        return [error("wrong-type", (), "a policy is an object with format, name, timezone and models")]
    findings: list[Finding] = []
    level: list[tuple[Place, Any]] = [((), raw)]
    for _depth in range(DEEPEST + 1):
        findings += [finding for place, value in level if (finding := _check_value(place, value))]
        level = [child for place, value in level for child in _children(place, value)]
        if len(findings) > MOST_ERRORS or len(level) > LARGEST_TREE:
            break
    if level:
        findings.append(error("too-deep", level[0][0], f"nested more than {DEEPEST} deep, or too many values"))
    return findings[: MOST_ERRORS + 1]


def _children(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        yield from (((*place, key), child) for key, child in value.items() if isinstance(key, str))
    elif isinstance(value, list):
        yield from (((*place, index), child) for index, child in enumerate(value))


def _check_value(place: Place, value: Any) -> Finding | None:
    if isinstance(value, str):
        return (
            error("bad-characters", place, "NUL or half a character: remove it") if _UNSTORABLE.search(value) else None
        )
    if isinstance(value, dict):
        odd = [key for key in value if not isinstance(key, str) or _UNSTORABLE.search(key)]
        return error("bad-characters", place, f"the key {quoted(repr(odd[0]))} is no text") if odd else None
    if value is None or isinstance(value, bool | list):
        return None
    if isinstance(value, int | float):
        fits = abs(value) <= LARGEST_INTEGER if isinstance(value, int) else math.isfinite(value)
        return None if fits else error("bad-number", place, "give a finite number of at most 15 digits")
    return error("wrong-type", place, f"{type(value).__name__} is not data a document can hold")


def explain_errors(raw: Any, refused: ValidationError) -> list[Finding]:
    """One finding per error of the validator, in the order of the document; of very many, the first."""
    details = _details(refused)
    findings = [_explain(raw, detail) for detail in details[:MOST_ERRORS]]
    if len(details) > MOST_ERRORS:
        findings.append(error("too-many", (), f"{len(details) - MOST_ERRORS} more errors of form: mend these first"))
    return findings


def places(raw: Any, refused: ValidationError) -> list[Place]:
    """Where the validator found errors."""
    return [_place(raw, detail) for detail in _details(refused)]


def _details(refused: ValidationError) -> list[ErrorDetails]:
    """The validator's errors; a list is not short because its members are broken."""
    details = refused.errors(include_url=False)
    return [detail for detail in details if detail["type"] != "too_short" or not detail["input"]]


def _place(raw: Any, detail: ErrorDetails) -> Place:
    """The path as written.

    The validator's location also names branches it tried (kinds of condition, ``text``, ``[key]``); they are left out.
    """
    place: list[str | int] = []
    value = raw
    steps = list(detail["loc"])
    for index, step in enumerate(steps):
        if _is_branch(place, value, step, steps[:index]):
            continue
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            value = _at(value, step)
            place.append(step)
        elif index == len(steps) - 1 and detail["type"] == "missing":
            place.append(step)
    return tuple(place)


def _at(value: Any, step: str | int) -> Any:
    return value[step]


def _is_branch(place: list[str | int], value: Any, step: str | int, before: list[str | int]) -> bool:
    """Whether a step names a kind of condition and not a key: right where a condition begins."""
    at_condition = bool(place) and (
        place[-1] in {"when", "where"}
        or (isinstance(place[-1], int) and len(place) > 1 and place[-2] in {"all", "any", "none"})
    )
    return at_condition and isinstance(value, dict) and step in KINDS and bool(before) and before[-1] == place[-1]


CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown-key",
    "literal_error": "unknown-word",
    "enum": "unknown-word",
    "union_tag_not_found": "bad-condition",
    "union_tag_invalid": "wrong-type",
    "string_pattern_mismatch": "bad-value",
    "string_too_short": "bad-value",
    "string_too_long": "bad-value",
    "too_short": "empty-list",
    "value_error": "bad-value",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
}
"""The validator's error types → codes of findings; any other type is ``wrong-type``."""

_EXPECTED = {
    "string_type": "a text, in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "union_tag_invalid": "one of the forms the documentation shows",
}


def _explain(raw: Any, detail: ErrorDetails) -> Finding:
    place = _place(raw, detail)
    code = CODES.get(detail["type"], "wrong-type")
    message, suggestion = _words(raw, place, code, detail)
    return error(code, place, message, suggestion)


def _words(raw: Any, place: Place, code: str, detail: ErrorDetails) -> tuple[str, str | None]:
    """Message and suggestion."""
    given = detail["input"]
    if code == "missing":
        return f"{quoted(place[-1])} is required", "add it"
    if code == "unknown-key":
        return f"the key {quoted(place[-1])} is not known here", _nearest(str(place[-1]), known_keys(raw, place[:-1]))
    if code == "unknown-word":
        words = re.findall(r"'([^']*)'", detail.get("ctx", {})["expected"])
        return f"{_shown(given)} is not known here", _nearest(str(given), words)
    return _words_of_values(code, detail)


def _words_of_values(code: str, detail: ErrorDetails) -> tuple[str, str | None]:
    given = _shown(detail["input"])
    if code == "bad-condition":
        return "a condition is an object with exactly one of " + ", ".join(KINDS), _condition_hint(detail["input"])
    if code == "empty-list":
        return "the list is empty: give at least one", None
    if code == "wrong-type":
        return f"give {_EXPECTED.get(detail['type'], 'a value of another type')}, not {given}", None
    return f"{given} does not fit", _mend(detail["msg"])


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "this object" if isinstance(value, dict) else "this list"
    return "nothing" if value is None else quoted(value)


def _nearest(wrong: str, known: Iterable[str]) -> str | None:
    known = list(known)
    return did_you_mean(wrong, known) or ("one of " + ", ".join(known) if known else None)


def _mend(message: str) -> str:
    """The validator's own words, without its prefix; key patterns in plain words."""
    if "[a-z][a-z0-9_]{0,39}$" in message:
        return "lower-case letters, digits and _, starting with a letter, at most 40 characters"
    if "[a-z0-9_]{0,39}" in message:
        return "two or three parts of lower-case letters, digits and _, joined by dots, such as company.employees"
    if "^properties" in message:
        return "begin with properties., as properties.page"
    if "[ABCD]" in message:
        return "a grade and a heat: A, B, C or D, a dot, then frenzied, hot, warm or cold"
    return message.removeprefix("Value error, ")


def _condition_hint(value: Any) -> str | None:
    keys = [key for key in value if isinstance(key, str)] if isinstance(value, dict) else []
    hints = [hint for key in keys if key not in KINDS and (hint := did_you_mean(key, KINDS))]
    return hints[0] if hints else None


def known_keys(raw: Any, place: Place) -> tuple[str, ...]:
    """The keys the part at this place may have; empty where any key may stand."""
    annotation: Any = Policy
    value = raw
    for step in place:
        annotation, value = _inside(annotation, value, step), value[step]
    class_ = _class(annotation, value)
    return tuple(class_.model_fields) if class_ else ()


def _inside(annotation: Any, value: Any, step: str | int) -> Any:
    class_ = _class(annotation, value)
    if class_:
        return class_.model_fields[str(step)].annotation
    held = next(member for member in _alternatives(annotation) if get_origin(member) in {tuple, dict})
    return get_args(held)[0 if get_origin(held) is tuple else 1]


def _class(annotation: Any, value: Any) -> type[BaseModel] | None:
    """The class a value is read as: of conditions, the one its kind names."""
    classes = [a for a in _alternatives(annotation) if isinstance(a, type) and issubclass(a, BaseModel)]
    if len(classes) > 1:
        kind = kind_of(value)
        return KINDS[kind] if kind else None
    return classes[0] if classes and isinstance(value, dict) else None


def _alternatives(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for member in get_args(annotation):
            yield from _alternatives(member)
    else:
        yield annotation
