"""YAML for policies: plain data, line numbers on errors, safe for input from unknown senders.

Scalars follow the YAML 1.2 core schema, so that ``no``, ``12:30`` and ``2026-11-21`` stay text. Duplicate keys, tags,
several documents, deep nesting and aliases that multiply the size are refused. Nothing recurses over the input.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from rulesets.document.wording import Sentence, Word, says

LARGEST_TREE = 500_000
"""Most values of a document; an alias counts each time it is used."""
DEEPEST = 64
"""Deepest nesting of a document."""

# The C loader is much faster; a PyYAML without libyaml lacks it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class YamlRefused(ValueError):
    """The text is not YAML that a policy may use; ``line`` counts from 1."""

    def __init__(self, message: Sentence, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    size: int = 1
    depth: int = 1
    key: str | None = None


@dataclass(slots=True)
class _Reading:
    """The state of one reading: the result, open collections, anchored values (size, depth), count of all values."""

    root: Any = None
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int, int]] = field(default_factory=dict)
    total: int = 0


def read_yaml(text: str) -> Any:
    """The value of a YAML text; raises YamlRefused."""
    reading = _Reading()
    documents = 0
    try:
        # Refuses half a surrogate pair before either loader does, which fail in different ways and name no line.
        text.encode()
        for event in yaml.parse(text, Loader=_LOADER):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise YamlRefused(says("more than one document: keep the first and remove the rest"), _line(event))
            _take(reading, event)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise YamlRefused(says("a character that is no Unicode text"), line) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable as YAML"
        told = says("the text cannot be read here: %(problem)s", problem=Word("problem", str(problem)))
        raise YamlRefused(told, mark.line + 1 if mark else 1) from error
    return reading.root


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _take(reading: _Reading, event: yaml.Event) -> None:
    match event:
        case yaml.ScalarEvent():
            _put(reading, _scalar(event), 1, event)
            _grow(reading, 1, 0)
        case yaml.AliasEvent():
            _put_alias(reading, event)
        case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
            _open(reading, event)
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            closed = reading.stack.pop()
            if closed.anchor:
                reading.anchors[closed.anchor] = (closed.value, closed.size, closed.depth)
            _grow(reading, closed.size, closed.depth)
        case _:
            pass  # the stream's and the document's own starts and ends carry no value


def _open(reading: _Reading, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
    if event.tag and event.tag != "!":
        raise YamlRefused(says("tags such as %(tag)s are not used in policies: remove it", tag=event.tag), _line(event))
    value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
    _put(reading, value, 1, event)
    reading.stack.append(_Open(value, event.anchor))
    if len(reading.stack) > DEEPEST:
        raise YamlRefused(says("nested more than %(most)s deep", most=DEEPEST), _line(event))


def _grow(reading: _Reading, size: int, depth: int) -> None:
    """Adds size and depth of a finished child to the collection that contains it."""
    if reading.stack:
        parent = reading.stack[-1]
        parent.size += size
        parent.depth = max(parent.depth, depth + 1)


def _put_alias(reading: _Reading, event: yaml.AliasEvent) -> None:
    if event.anchor not in reading.anchors:
        told = says("the alias *%(name)s refers to nothing before it", name=str(event.anchor))
        raise YamlRefused(told, _line(event))
    value, size, depth = reading.anchors[event.anchor]
    if len(reading.stack) + depth > DEEPEST:
        raise YamlRefused(says("nested more than %(most)s deep", most=DEEPEST), _line(event))
    # Adds the whole size of the target: nested aliases grow exponentially (“billion laughs”).
    _put(reading, value, size, event)
    _grow(reading, size, depth)


def _put(reading: _Reading, value: Any, size: int, event: yaml.Event) -> None:
    """Stores a value as the root, the next member of a list, the next key of a mapping, or the value of that key."""
    reading.total += size
    if reading.total > LARGEST_TREE:
        told = says("more than %(most)s values (aliases count as often as they are used)", most=f"{LARGEST_TREE:,}")
        raise YamlRefused(told, _line(event))
    anchor = getattr(event, "anchor", None)
    if anchor and isinstance(event, yaml.ScalarEvent):
        reading.anchors[anchor] = (value, 1, 0)
    if not reading.stack:
        reading.root = value
        return
    parent = reading.stack[-1]
    if isinstance(parent.value, list):
        parent.value.append(value)
    elif parent.key is None:
        parent.key = _key(parent.value, value, event)
    else:
        parent.value[parent.key] = value
        parent.key = None


def _key(mapping: dict[str, Any], value: Any, event: yaml.Event) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        raise YamlRefused(says("a key must be a plain text"), _line(event))
    key = value if isinstance(value, str) else event.value
    if key in mapping:
        told = says("the key %(key)s stands twice in one mapping: keep one", key=repr(key))
        raise YamlRefused(told, _line(event))
    return str(key)


def _scalar(event: yaml.ScalarEvent) -> Any:
    if event.tag and event.tag not in {"!", "tag:yaml.org,2002:str"}:
        raise YamlRefused(says("tags such as %(tag)s are not used in policies: remove it", tag=event.tag), _line(event))
    text = str(event.value)
    if event.style or event.tag:
        return text
    if text in _WORDS:
        return _WORDS[text]
    # Python's int() raises beyond 4300 digits; a longer number stays text, which number fields refuse.
    if _INTEGER.fullmatch(text) and len(text) < 4000:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Dumper(yaml.SafeDumper):
    """Writes text that `read_yaml` reads back unchanged: a text that looks like a number or a word is quoted."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        """Writes equal parts in full: people read policies, and aliases are hard to read."""
        return True


_BREAKS = re.compile("[\x85\u2028\u2029]")


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Escapes the line breaks that only Unicode has: YAML would fold them into spaces."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _BREAKS.search(text) else None)


_Dumper.add_representer(str, _write_text)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))


def write_yaml(value: Any) -> str:
    """A value as YAML; `read_yaml` reads the same value."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
