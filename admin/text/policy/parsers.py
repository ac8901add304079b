"""What the libraries that read texts say when they cannot, in the reader's language: YAML, JSON, patterns.

The libraries have many English messages. The frequent ones are translated here; others become a general sentence.
"""

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l

PROBLEMS = {
    "mapping values are not allowed in this context": _l("a colon stands where no key can be"),
    "mapping values are not allowed here": _l("a colon stands where no key can be"),
    "could not find expected ':'": _l("a colon is missing behind a key"),
    "did not find expected key": _l("a key is missing, or the line is indented too little or too much"),
    "did not find expected '-' indicator": _l("a dash is missing, or the line is indented too little or too much"),
    "did not find expected ',' or ']'": _l("a comma or the closing ] is missing"),
    "did not find expected ',' or '}'": _l("a comma or the closing } is missing"),
    "did not find expected node content": _l("a value is missing"),
    "did not find expected <document start>": _l("something stands behind the end of the document"),
    "found character that cannot start any token": _l("a value cannot begin with this character"),
    "found a tab character that violates indentation": _l("a tab stands in the indentation: use spaces"),
    "found unexpected end of stream": _l("a quotation mark is missing at the end"),
    "block sequence entries are not allowed in this context": _l("a dash stands where no list can be"),
    "control characters are not allowed": _l("it contains control characters"),
    "Expecting value": _l("a value is missing"),
    "Expecting ',' delimiter": _l("a comma is missing"),
    "Expecting ':' delimiter": _l("a colon is missing behind a key"),
    "Expecting property name enclosed in double quotes": _l("a key in double quotes is missing"),
    "Extra data": _l("something stands behind the end of the document"),
    "Unterminated string starting at": _l("a quotation mark is missing at the end"),
    "Invalid control character at": _l("it contains control characters"),
    "Invalid \\escape": _l("a backslash stands before a character that needs none"),
}
"""Message of a library → our sentence."""
PATTERNS = {
    "missing ]": _l("the closing ] is missing"),
    "missing )": _l("the closing ) is missing"),
    "unexpected )": _l("a ) has no opening one"),
    "no argument for repetition operator": _l("nothing stands before a sign of repetition"),
    "bad repetition operator": _l("two signs of repetition stand together"),
    "invalid escape sequence": _l("a backslash stands before a character that needs none"),
    "invalid perl operator": _l("look-ahead and the like are not supported"),
    "invalid character class range": _l("a range of characters is the wrong way round"),
    "invalid repetition size": _l("it repeats too often"),
    "trailing \\": _l("a backslash stands at the end"),
}
"""Message of RE2 before the colon → our sentence."""


def problem(said: str) -> str:
    """Why a text cannot be read. Only readers of English see a library's own message."""
    return _told(PROBLEMS.get(said), said)


def pattern(said: str) -> str:
    """What is wrong with a pattern, and in which part."""
    kind, _, part = said.partition(": ")
    known = PATTERNS.get(kind)
    return f"{known}: {part}" if known is not None and part else _told(known, said)


def _told(known: object, said: str) -> str:
    if known is not None:
        return str(known)
    return said if str(get_locale()) == "en" else str(gettext("it does not follow the rules of its notation"))
