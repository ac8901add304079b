"""Sentences of `rulesets.document.wording` in the reader's language, and the terms in them.

A sentence's template is translated by the catalogs, its values are put in: terms by the tables of the pages, data as it
is. Needs a request, or an application's context.
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
"""Kind of a term → code → word; a code without a word stands as it is."""


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
    """What a key of the document is called."""
    return worded(Word("key", key))


def case_value(value: Any) -> str:
    """A value that a test case expects, or that came of it."""
    text = said(value)
    return str(gettext("none")) if text == NONE else text


def reason(error: BaseException) -> str:
    """Why something was refused, in the reader's language where the error was raised with a sentence."""
    if isinstance(error, UnicodeDecodeError):
        return str(gettext("the file is not UTF-8: save it as UTF-8"))
    return worded(reason_of(error))


def _row(text: str) -> str:
    """A fit rule that is suggested: its condition and its points."""
    row = read_yaml(text)
    return str(gettext("%(condition)s: %(points)s points", condition=readable(row["when"]), points=row["points"]))


SPOKEN: Mapping[str, Callable[[str], str]] = {"row": _row, "problem": problem, "pattern": pattern}
"""Kind of a term → what says it, where no table can."""
