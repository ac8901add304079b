"""Structural errors of a raw document: values that are not JSON data, and values that the policy classes refuse.

Turns pydantic's errors into findings with the path as written and with our own texts. Nothing recurses over the input.
"""

import math
import re
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rulesets.conditions.conditions import KINDS, kind_of
from rulesets.document.findings import Finding, Place, did_you_mean, error, one_of, quoted
from rulesets.document.mends import ANOTHER, NEEDED, mend_of
from rulesets.document.wording import Sentence, Word, says
from rulesets.document.yaml_text import DEEPEST, LARGEST_TREE
from rulesets.policy.policy import Policy

# The largest integer that a double holds exactly; RFC 8785 and browsers read numbers as doubles.
LARGEST_INTEGER = 2**53 - 1
# PostgreSQL stores no NUL in text; UTF-8 has no half surrogates.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MOST_ERRORS = 200
"""Most structural errors that are reported one by one."""


def check_raw(raw: Any) -> list[Finding]:
    """Errors of data that cannot be a document: not an object, too deep, numbers or characters that fit no storage."""
    if not isinstance(raw, dict):
        return [error("wrong-type", (), says("a policy is an object with format, name, timezone and models"))]
    findings: list[Finding] = []
    level: list[tuple[Place, Any]] = [((), raw)]
    # Level by level and without recursion: a hostile document cannot exhaust the stack.
    for _depth in range(DEEPEST + 1):
        findings += [finding for place, value in level if (finding := _check_value(place, value))]
        level = [child for place, value in level for child in _children(place, value)]
        if len(findings) > MOST_ERRORS or len(level) > LARGEST_TREE:
            break
    if level:
        message = says("nested more than %(most)s deep, or too many values", most=DEEPEST)
        findings.append(error("too-deep", level[0][0], message))
    return findings[: MOST_ERRORS + 1]


def _children(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        yield from (((*place, key), child) for key, child in value.items() if isinstance(key, str))
    elif isinstance(value, list):
        yield from (((*place, index), child) for index, child in enumerate(value))


def _check_value(place: Place, value: Any) -> Finding | None:
    if isinstance(value, str):
        message = says("NUL or half a character: remove it")
        return error("bad-characters", place, message) if _UNSTORABLE.search(value) else None
    if isinstance(value, dict):
        odd = [key for key in value if not isinstance(key, str) or _UNSTORABLE.search(key)]
        if not odd:
            return None
        return error("bad-characters", place, says("the key %(key)s is no text", key=quoted(repr(odd[0]))))
    if value is None or isinstance(value, bool | list):
        return None
    if isinstance(value, int | float):
        fits = abs(value) <= LARGEST_INTEGER if isinstance(value, int) else math.isfinite(value)
        return None if fits else error("bad-number", place, says("give a finite number of at most 15 digits"))
    return error("wrong-type", place, says("%(kind)s is not data a document can hold", kind=type(value).__name__))


def explain_errors(raw: Any, refused: ValidationError) -> list[Finding]:
    """One finding per error of the validator, in document order; at most `MOST_ERRORS` of them."""
    details = _details(refused)
    findings = [_explain(raw, detail) for detail in details[:MOST_ERRORS]]
    if len(details) > MOST_ERRORS:
        message = says("%(n)s more errors of form: mend these first", n=len(details) - MOST_ERRORS)
        findings.append(error("too-many", (), message))
    return findings


def places(raw: Any, refused: ValidationError) -> list[Place]:
    """Where the validator found errors."""
    return [_place(raw, detail) for detail in _details(refused)]


def _details(refused: ValidationError) -> list[ErrorDetails]:
    """The validator's errors, without ``too_short`` for a list whose members are broken."""
    details = refused.errors(include_url=False)
    # Pydantic drops broken members first and then counts: only a list that was empty as written is too short.
    return [detail for detail in details if detail["type"] != "too_short" or not detail["input"]]


def _place(raw: Any, detail: ErrorDetails) -> Place:
    """The path as written in the document.

    The validator's location also names the branches that it tried (kinds of condition, ``text``, ``[key]``): these
    steps are dropped.
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
    """Whether a step names a kind of condition and not a key; such a step stands only where a condition begins."""
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


def _explain(raw: Any, detail: ErrorDetails) -> Finding:
    place = _place(raw, detail)
    code = CODES.get(detail["type"], "wrong-type")
    message, suggestion = _words(raw, place, code, detail)
    return error(code, place, message, suggestion)


def _words(raw: Any, place: Place, code: str, detail: ErrorDetails) -> tuple[Sentence, Sentence | None]:
    """Message and suggestion."""
    given = detail["input"]
    if code == "missing":
        return says("%(key)s is required", key=_key_quoted(str(place[-1]))), says("add it")
    if code == "unknown-key":
        mend = _nearest(str(place[-1]), known_keys(raw, place[:-1]))
        return says("the key %(key)s is not known here", key=quoted(place[-1])), mend
    if code == "unknown-word":
        # Pydantic lists the words only as text: "'a', 'b' or 'c'".
        words = re.findall(r"'([^']*)'", detail.get("ctx", {})["expected"])
        return says("%(value)s is not known here", value=shown(given)), _nearest(str(given), words)
    return _words_of_values(code, detail)


def _words_of_values(code: str, detail: ErrorDetails) -> tuple[Sentence, Sentence | None]:
    given = shown(detail["input"])
    if code == "bad-condition":
        message = says("a condition is an object with exactly one of %(kinds)s", kinds=tuple(KINDS))
        return message, _condition_hint(detail["input"])
    if code == "empty-list":
        return says("the list is empty: give at least one"), None
    if code == "wrong-type":
        needed = NEEDED.get(detail["type"], ANOTHER)
        return says("give %(needed)s, not %(given)s", needed=needed, given=given), None
    return says("%(value)s does not fit", value=given), mend_of(detail)


def _key_quoted(key: str) -> Sentence:
    """A key of the document; pages replace it by its name."""
    return says("“%(value)s”", value=Word("key", key))


def shown(value: Any) -> Sentence:
    """A value as it may stand in a message."""
    if isinstance(value, dict | list):
        return says("this object") if isinstance(value, dict) else says("this list")
    return says("nothing") if value is None else quoted(value)


def _nearest(wrong: str, known: Iterable[str]) -> Sentence | None:
    known = list(known)
    return did_you_mean(wrong, known) or (one_of(known) if known else None)


def _condition_hint(value: Any) -> Sentence | None:
    keys = [key for key in value if isinstance(key, str)] if isinstance(value, dict) else []
    hints = [hint for key in keys if key not in KINDS and (hint := did_you_mean(key, KINDS))]
    return hints[0] if hints else None


def known_keys(raw: Any, place: Place) -> tuple[str, ...]:
    """The keys that the part at this place may have; empty where any key is allowed."""
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
    """The class with which a value is read; for a condition, the class of its kind."""
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
