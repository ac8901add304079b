"""Sentences as values: an English template and its values, so that the admin can render it in other languages.

Each sentence is written once, where it is needed: ``says("there is no %(key)s in %(list)s", key=…, list=…)``. ``str``
gives the English text. The admin's catalogs translate the template (``says`` is a keyword of Babel's extraction) and
the terms in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Union


@dataclass(frozen=True, slots=True)
class Word:
    """A term in a sentence: English text shows its code, pages show its translated word.

    ``kind`` names the table of words: operator, type, key, list, role, action, curve, row and so on.
    """

    kind: str
    code: str

    def __str__(self) -> str:
        """The code."""
        return self.code


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template with named placeholders such as ``%(key)s``, and their values in the order given."""

    template: str
    values: tuple[tuple[str, "Value"], ...] = ()

    def __str__(self) -> str:
        """The sentence in English."""
        # Without values the template is not formatted, so that a single percent sign stays.
        return self.template % {name: _text(value) for name, value in self.values} if self.values else self.template


Value = Union[str, int, float, Decimal, Word, Sentence, tuple["Value", ...]]  # noqa: UP007 - it names itself
"""What a placeholder may hold; several values are joined by commas."""


def says(template: str, /, **values: Value) -> Sentence:
    """A sentence. In a template with values, a percent sign is written ``%%``."""
    return Sentence(template, tuple(values.items()))


def words(kind: str, *codes: str) -> tuple[Word, ...]:
    """Several terms of one kind."""
    return tuple(Word(kind, code) for code in codes)


def as_data(value: Value) -> Any:
    """A sentence or a value of one as JSON data. `from_data` is the inverse, except that a Decimal returns as text."""
    if isinstance(value, Sentence):
        return {"says": value.template, "values": {name: as_data(part) for name, part in value.values}}
    if isinstance(value, Word):
        return {"word": value.code, "kind": value.kind}
    if isinstance(value, tuple):
        return [as_data(part) for part in value]
    return str(value) if isinstance(value, Decimal) else value


def from_data(data: Any) -> Value:
    """The value that `as_data` wrote."""
    if isinstance(data, list):
        return tuple(map(from_data, data))
    if isinstance(data, Mapping):
        return Word(data["kind"], data["word"]) if "word" in data else sentence_from(data)
    found: Value = data
    return found


def sentence_from(data: Mapping[str, Any]) -> Sentence:
    """A sentence from the data that `as_data` wrote."""
    return Sentence(data["says"], tuple((name, from_data(part)) for name, part in data["values"].items()))


def _text(value: Value) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, tuple) else str(value)


def reason_of(error: BaseException) -> Sentence:
    """The sentence with which an error was raised; for other errors a sentence of their text."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Sentence) else Sentence(str(error))
