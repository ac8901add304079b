"""JSON for policies: refuses duplicate keys and deep nesting, with the line, before the text is parsed."""

import json
import re
from typing import Any

from rulesets.document.wording import Sentence, Word, reason_of, says
from rulesets.document.yaml_text import DEEPEST

# Strings come first, so that a brace or colon inside a text is not taken for structure.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


class JsonRefused(ValueError):
    """The text is not JSON that a policy may use; ``line`` counts from 1."""

    def __init__(self, message: Sentence, line: int) -> None:
        super().__init__(message)
        self.line = line


def read_json(text: str) -> Any:
    """The value of a JSON text; raises JsonRefused. NaN and Infinity are not JSON."""
    # First, because json.loads silently keeps the last of two equal keys and recurses over deep nesting.
    _check_tokens(text)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        told = says("the text cannot be read here: %(problem)s", problem=Word("problem", error.msg))
        raise JsonRefused(told, error.lineno) from error
    except ValueError as error:
        raise JsonRefused(reason_of(error), 1) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(says("%(name)s is not a number JSON knows", name=name))


def _check_tokens(text: str) -> None:
    """Refuses duplicate keys and deep nesting, token by token, without recursion."""
    stack: list[set[str] | None] = []
    last, at = "", 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "{[":
            stack.append(set() if mark == "{" else None)
            if len(stack) > DEEPEST:
                line = text.count("\n", 0, token.start()) + 1
                raise JsonRefused(says("nested more than %(most)s deep", most=DEEPEST), line)
        elif mark in "}]" and stack:
            stack.pop()
        elif mark == ":" and stack and (keys := stack[-1]) is not None:
            key = _plain(last)
            if key in keys:
                told = says("the key %(key)s stands twice in one object: keep one", key=key)
                raise JsonRefused(told, text.count("\n", 0, at) + 1)
            keys.add(key)
        last, at = mark, token.start()


def _plain(token: str) -> str:
    """A key with its escapes resolved; a token that is no JSON string stays as it is, and the parser refuses it."""
    try:
        # ascii, because a key may hold half a surrogate pair, which no message could encode.
        return ascii(json.loads(token))
    except ValueError:
        return token
