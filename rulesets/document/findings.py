"""Findings: what is wrong in a policy document, where, and how to fix it (R0.3).

A path names a place in the document: keys joined by dots, positions in brackets, as in
``models[0].fit.groups[1].rules[0].when.value``. A key that is not a plain word is written in brackets and quotes, as in
``models[0].matrix.cells["A.hot"].action``. The empty path is the whole document.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from rulesets.document.wording import Sentence, Value, says, sentence_from
from rulesets.document.wording import as_data as keep

Place = tuple[str | int, ...]
"""A path as its steps."""


class Severity(StrEnum):
    """An error prevents publishing and simulation; a warning is about meaning and can be acknowledged."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: ``says`` is what is wrong at a place, ``mend`` is how to fix it.

    ``code`` is stable and documented in docs/lint-codes.md.
    """

    severity: Severity
    code: str
    place: Place
    says: Sentence
    mend: Sentence | None = None
    acknowledged: bool = False

    @property
    def path(self) -> str:
        """The place as text."""
        return path(self.place)

    @property
    def message(self) -> str:
        """What is wrong, in English."""
        return str(self.says)

    @property
    def suggestion(self) -> str | None:
        """How to fix it, in English."""
        return None if self.mend is None else str(self.mend)

    def as_json(self) -> dict[str, object]:
        """The finding as the command line and the API print it."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "path": self.path,
            "message": self.message,
            "suggestion": self.suggestion,
            "acknowledged": self.acknowledged,
        }


def as_data(finding: Finding) -> dict[str, Any]:
    """A finding as JSON data; `from_data` reads it back, and pages render it in any language."""
    mend = finding.mend and keep(finding.mend)
    place = list(finding.place)
    return {**finding.as_json(), "place": place, "says": keep(finding.says), "mend": mend}


def from_data(data: Mapping[str, Any]) -> Finding:
    """A finding from the data that `as_data` wrote."""
    return Finding(
        severity=Severity(data["severity"]),
        code=data["code"],
        place=tuple(data["place"]),
        says=sentence_from(data["says"]),
        mend=sentence_from(data["mend"]) if data["mend"] else None,
        acknowledged=data["acknowledged"],
    )


def error(code: str, place: Place, message: Sentence, mend: Sentence | None = None) -> Finding:
    """An error at a place."""
    return Finding(Severity.ERROR, code, place, message, mend)


def warning(code: str, place: Place, message: Sentence, mend: Sentence | None = None) -> Finding:
    """A warning at a place."""
    return Finding(Severity.WARNING, code, place, message, mend)


# Similarity costs the product of the lengths: the limits keep a hostile document from slowing the lint.
_MOST_COMPARED = 500
_LONGEST_KEY = 200
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def path(place: Place) -> str:
    """A place as text; see the module's docstring."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif len(step) <= _LONGEST_KEY and _WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step if len(step) <= _LONGEST_KEY else step[:_LONGEST_KEY] + "…"}"]'
    return text


def quoted(value: object) -> Sentence:
    """A value for a message: short, in quotes, safe to print and store."""
    return says("“%(value)s”", value=shortened(value))


def shortened(value: object) -> str:
    """A value as short text that is safe to print and store."""
    text = value if isinstance(value, str) else str(value)
    # Cut before escaping: one character can become ten, and the value may have megabytes.
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:80])
    return text if len(text) <= 60 else f"{text[:60]}…"


def did_you_mean(wrong: str, known: Iterable[str]) -> Sentence | None:
    """A suggestion of the most similar known word; None if none is similar."""
    near = difflib.get_close_matches(wrong[:100], list(islice(known, _MOST_COMPARED)), n=1, cutoff=0.6)
    return says("did you mean %(word)s?", word=near[0]) if near else None


def one_of(words: Iterable[Value]) -> Sentence:
    """A suggestion that lists every allowed word."""
    return says("one of %(words)s", words=tuple(words))
