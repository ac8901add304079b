"""What to write instead of a value that a policy or roster class refuses: one table by pydantic's type of error.

Pydantic's own English texts are never shown. The texts here are, because the catalogs can translate them.
"""

import re
from collections.abc import Mapping

from pydantic_core import ErrorDetails

from rulesets.document.wording import Sentence, reason_of, says

_DAY = says("a day such as 2026-05-04")
_OBJECT = says("an object")
_WHOLE = says("a whole number")
_FORMS = says("one of the forms the documentation shows")
ANOTHER = says("a value of another type")

NEEDED: Mapping[str, Sentence] = {
    "string_type": says("a text, in quotes"),
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": says("true or false"),
    "bool_parsing": says("true or false"),
    "tuple_type": says("a list"),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "union_tag_invalid": _FORMS,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
}
"""The validator's type of error → what is needed at the place; any other type is `ANOTHER`."""

_PATTERNS: Mapping[str, Sentence] = {
    r"^[a-z][a-z0-9_]{0,39}$": says("lower-case letters, digits and _, starting with a letter, at most 40 characters"),
    r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){1,2}$": says(
        "two or three parts of lower-case letters, digits and _, joined by dots, such as company.employees"
    ),
    r"^properties(\.[^.]+)+$": says("begin with properties., as properties.page"),
    r"^[ABCD]\.(frenzied|hot|warm|cold)$": says(
        "a grade and a heat: A, B, C or D, a dot, then frenzied, hot, warm or cold"
    ),
    r"^[0-9]{1,4}/[1-9][0-9]{0,3}$": says("a fraction such as 2/3"),
    r"^[A-Z]{2}$": says("two capital letters such as CN"),
    r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$": says("an e-mail address"),
    r"^[0-9]{4}-(0[1-9]|1[0-2])$": says("a month such as 2026-12"),
}
"""Every pattern of a text field → what matches it; a test fails if a class has a pattern that is not listed."""

_BOUNDS: Mapping[str, tuple[str, Sentence]] = {
    "greater_than": ("gt", says("give a number above %(bound)s")),
    "greater_than_equal": ("ge", says("give %(bound)s or more")),
    "less_than": ("lt", says("give a number below %(bound)s")),
    "less_than_equal": ("le", says("give %(bound)s or less")),
    "string_too_short": ("min_length", says("give at least %(bound)s characters")),
    "string_too_long": ("max_length", says("give at most %(bound)s characters")),
}


def mend_of(detail: ErrorDetails) -> Sentence:
    """What to write instead."""
    type_, context = detail["type"], detail.get("ctx", {})
    if type_ == "value_error":
        return reason_of(context["error"])
    if type_ == "string_pattern_mismatch":
        return _PATTERNS[context["pattern"]]
    if type_ in _BOUNDS:
        name, sentence = _BOUNDS[type_]
        return says(sentence.template, bound=context[name])
    if type_ == "literal_error":
        return says("one of %(words)s", words=tuple(re.findall(r"'([^']*)'", context["expected"])))
    return says("give %(needed)s", needed=NEEDED.get(type_, ANOTHER))
