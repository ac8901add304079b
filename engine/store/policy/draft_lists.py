"""The lists of a policy as rows of one table (`DraftEntry`), and the parts that are not lists. Pure.

``split_lists`` takes them out of a document, ``join_lists`` puts them back. Models and clocks have their own tables.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from engine.store.schema.draft_tables import DraftEntry

Document = dict[str, Any]
LISTS = (
    "fields", "events", "segments", "qualification.exclusions", "qualification.red_flags", "qualification.checklists",
    "qualification.mql", "assignment", "strikes", "reasons.reject", "reasons.release", "reasons.disqualify",
    "reasons.withdraw", "reasons.lost", "tests", "acknowledged",
)  # fmt: skip
"""Paths of the lists in the document."""
NUMBERED = ("strikes", "acknowledged")
"""Lists whose rows have no key; their rows are numbered from 1."""
SETTINGS = "settings"
GENERAL = "general"
GENERAL_PARTS = ("name", "timezone")
SINGLE = ("calendar", "pool", "feedback")
"""Parts that occur at most once in the document."""


def entry_path(parent: str, key: str) -> str:
    """The path of a row. Paths of models, groups and clocks contain no colon, so they never collide."""
    return f"{parent}:{key}"


def split_lists(document: Document) -> tuple[Document, list[DraftEntry]]:
    """The rest of the document, and its rows in order."""
    rest = deepcopy(document)
    general = {name: rest.pop(name) for name in GENERAL_PARTS if name in rest}
    entries = [_entry(SETTINGS, GENERAL, 0, general)] if general else []
    entries += [_entry(SETTINGS, name, place, rest.pop(name)) for place, name in enumerate(SINGLE, 1) if name in rest]
    for name in LISTS:
        entries += _rows(name, _taken(rest, name))
    return rest, entries


def join_lists(rest: Document, entries: Iterable[DraftEntry]) -> Document:
    """The document of these rows, in the order of their positions."""
    document = deepcopy(rest)
    for entry in sorted(entries, key=lambda row: (row.parent, row.position, row.path)):
        if entry.parent != SETTINGS:
            named = {} if entry.parent in NUMBERED else {"key": entry.key}
            _list_of(document, entry.parent).append({**named, **entry.body})
        elif entry.key == GENERAL:
            document.update(entry.body)
        else:
            document[entry.key] = entry.body
    return document


def _rows(name: str, rows: list[Document]) -> Iterator[DraftEntry]:
    for place, row in enumerate(rows):
        key = str(place + 1) if name in NUMBERED else row["key"]
        body = row if name in NUMBERED else {part: value for part, value in row.items() if part != "key"}
        yield _entry(name, key, place, body)


def _entry(parent: str, key: str, place: int, body: Document) -> DraftEntry:
    return DraftEntry(path=entry_path(parent, key), parent=parent, position=place, key=key, body=body)


def _taken(rest: Document, name: str) -> list[Document]:
    """The list, removed from the document. An object that becomes empty is removed, too."""
    outer, _, inner = name.rpartition(".")
    if not outer:
        return list(rest.pop(name, ()))
    rows = list(rest.get(outer, {}).pop(inner, ()))
    if outer in rest and not rest[outer]:
        del rest[outer]
    return rows


def _list_of(document: Document, name: str) -> list[Document]:
    outer, _, inner = name.rpartition(".")
    holder = document.setdefault(outer, {}) if outer else document
    rows: list[Document] = holder.setdefault(inner, [])
    return rows
