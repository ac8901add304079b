"""Maps a row of the draft to the fields of its form and back: columns and nested values. Pure.

A field is a column, or a member of the row's JSON column (``body`` of an entry, else ``rest``). ``decay__curve`` is the
member ``curve`` of ``decay``.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from engine.store.schema.draft_tables import DraftEntry, DraftPart

OWN = frozenset({"path", "parent", "position", "key", "version", "changed_by", "rest", "body"})


class Readable:
    """A row with one attribute per field. ``defaults`` are the values of absent members."""

    def __init__(self, row: DraftPart, defaults: Mapping[str, Any]) -> None:
        self.row, self.defaults = row, defaults

    def __getattr__(self, name: str) -> Any:
        """The value of a field. None if it is absent."""
        if name.startswith("_"):
            raise AttributeError(name)
        first, *more = name.split("__")
        value = getattr(self.row, first) if _is_column(self.row, first) else together(self.row).get(first)
        for step in more:
            value = value.get(step) if isinstance(value, dict) else None
        return self.defaults.get(name) if value is None else value


def together(row: DraftPart) -> dict[str, Any]:
    """The JSON column of the row."""
    return row.body if isinstance(row, DraftEntry) else row.rest


def columns(row: DraftPart, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns to write for the fields of a form. Members without a field stay unchanged."""
    kept = "body" if isinstance(row, DraftEntry) else "rest"
    written: dict[str, Any] = {}
    members = deepcopy(together(row))
    for name, value in fields.items():
        first, *more = name.split("__")
        if not _is_column(row, first):
            _put(members, [first, *more], value)
        elif more:
            holder = written.setdefault(first, deepcopy(getattr(row, first)) or {})
            _put(holder, more, value)
        else:
            written[first] = value
    for first in {name.split("__")[0] for name in fields if "__" in name}:
        if first in written:
            written[first] = written[first] or None
    return {**written, kept: members} if members != together(row) else written


def _is_column(row: DraftPart, name: str) -> bool:
    return name in type(row).model_fields and (name not in OWN or name in {"version", "key", "parent"})


def _put(holder: dict[str, Any], steps: list[str], value: Any) -> None:
    """Put a value at its place. None removes it, and also every object that becomes empty."""
    first, *more = steps
    if more:
        inner = holder.get(first)
        inner = inner if isinstance(inner, dict) else {}
        _put(inner, more, value)
        value = inner or None
    if value is None:
        holder.pop(first, None)
    else:
        holder[first] = value
