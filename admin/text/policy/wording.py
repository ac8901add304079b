"""Translates the sentences of `rulesets.document.wording` and the terms in them.

The catalogs translate the template. Terms among its values are translated by the tables of the pages; data stay as they
are. It needs a request or an application context.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin.text import terms
from admin.text.policy.conditions import OPERATORS, readable
from admin.text.policy.names import LISTS, NAMES, ROSTER_NAMES
from admin.text.policy.parsers import pattern, problem
from engine.policy.linting import NONE, said
from rulesets.document.wording import Sentence, Value, Word, reason_of
from rulesets.document.yaml_text import read_yaml

WORDS: Mapping[str, Mapping[str, Any]] = {
    "operator": OPERATORS,
    "type": terms.WORDS,
    "action": terms.WORDS,
    "curve": terms.WORDS,
    "role": {**terms.WORDS, **terms.ROLES},
    "heat": terms.HEATS,
    "step": terms.HEATS,
    "key": NAMES,
    "roster_key": ROSTER_NAMES,
    "list": LISTS,
    "kind": {"person": _l("person"), "team": _l("team"), "calendar": _l("calendar")},
    "lacking": terms.LACKING,
    "stage": terms.STAGES,
}
"""Kind of a term → code → word. A code without a word is shown as it is."""


def worded(value: Value) -> str:
    """A sentence, a term or data, in the reader's language."""
    if isinstance(value, Sentence):
        values = {name: worded(part) for name, part in value.values}
        return str(gettext(value.template, **values))
    if isinstance(value, tuple):
        return str(gettext(", ")).join(map(worded, value))
    if isinstance(value, Word):
        return SPOKEN[value.kind](value.code) if value.kind in SPOKEN else str(WORDS[value.kind].get(value.code, value))
    return str(value)


def named(key: str) -> str:
    """The name of a key of the document."""
    return worded(Word("key", key))


def case_value(value: Any) -> str:
    """A value that a test case expects, or its actual value."""
    text = said(value)
    return str(gettext("none")) if text == NONE else text


def reason(error: BaseException) -> str:
    """Why something was refused; translated if the error has a sentence."""
    if isinstance(error, UnicodeDecodeError):
        return str(gettext("the file is not UTF-8: save it as UTF-8"))
    return worded(reason_of(error))


def _row(text: str) -> str:
    """A suggested fit rule: its condition and points."""
    row = read_yaml(text)
    return str(gettext("%(condition)s: %(points)s points", condition=readable(row["when"]), points=row["points"]))


SPOKEN: Mapping[str, Callable[[str], str]] = {"row": _row, "problem": problem, "pattern": pattern}
"""Kind of a term → function that words it, for kinds without a table."""
