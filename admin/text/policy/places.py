"""A place in a policy or roster, in words: “Model “SMB” › Group “Size” › Fit rule “50–200” › points”.

A place is built from the path of a finding. Rows are named by their labels in the document.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext

from admin.text.policy.names import NAMES, ROSTER_NAMES, ROW_NAMES
from admin.views.policy.part_columns import label_of
from engine.store.policy.draft_lists import GENERAL, GENERAL_PARTS, LISTS, NUMBERED, SETTINGS, SINGLE, entry_path
from rulesets.document.findings import Place

GROUPS = ("all", "any", "none")
SIDES = ("fit", "engagement")
ROSTER = (("people",), ("teams",), ("calendars",))
OUTER = ("qualification", "reasons", *SIDES)
"""Keys that only hold lists. A place leaves them out: the name of the row is enough."""
LIST_PAGES = {
    "fields": "draft_fields",
    "events": "draft_event_kinds",
    "segments": "draft_segments",
    "qualification.exclusions": "draft_exclusions",
    "qualification.red_flags": "draft_red_flags",
    "qualification.checklists": "draft_checklists",
    "qualification.mql": "draft_routes",
    "assignment": "draft_assignment",
    "strikes": "draft_strikes",
    **{name: "draft_reasons" for name in LISTS if name.startswith("reasons.")},
    "tests": "draft_tests",
    "acknowledged": "draft_acknowledged",
}
"""List of the policy → endpoint of its page. A test compares them with `admin.views.policy.entries.PAGES`."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the draft on its page. Without ``path``: the page of its list."""

    endpoint: str
    path: str | None = None

    @property
    def address(self) -> str:
        """The address of the page that edits it."""
        if self.path is None:
            return url_for(f"{self.endpoint}.index_view")
        return url_for(f"{self.endpoint}.edit_view", id=self.path)


def place_words(place: Place, document: Any) -> str:
    """A place in words. No steps: the whole document."""
    return " › ".join(_steps(place, document)) or str(gettext("the whole document"))


def _steps(place: Place, value: Any) -> Iterator[str]:
    rest = list(place)
    names = ROSTER_NAMES if place[:1] in ROSTER else NAMES
    while rest:
        step = rest.pop(0)
        held = value.get(step) if isinstance(value, dict) else None
        if rest and isinstance(rest[0], int) and step in ROW_NAMES:
            number = rest.pop(0)
            value = held[number] if isinstance(held, list) and isinstance(number, int) and number < len(held) else None
            yield _row(str(step), int(number), value)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
            yield str(gettext("no. %(n)s", n=step + 1))
        elif step == "matrix" and len(rest) > 1 and rest[0] == "cells":
            cell = rest[1]
            del rest[:2]
            value = (held or {}).get("cells", {}).get(cell) if isinstance(held, dict) else None
            yield _named(ROW_NAMES["cells"], cell)
        elif step == "hours" and isinstance(held, dict):
            value = held
            yield str(gettext("working hours"))
        else:
            value = held
            if not (rest and (step in OUTER or (step in GROUPS and isinstance(rest[0], int)))):
                yield _key(step, names)


def _row(kind: str, number: int, row: Any) -> str:
    if isinstance(row, str):
        return _named(ROW_NAMES[kind], row)
    row = row if isinstance(row, dict) else {}
    name = label_of(row.get("label")) or row.get("name") or row.get("key") or row.get("email")
    return (
        _named(ROW_NAMES[kind], name)
        if name
        else str(gettext("%(kind)s no. %(n)s", kind=ROW_NAMES[kind], n=number + 1))
    )


def _named(kind: Any, name: Any) -> str:
    return str(gettext("%(kind)s “%(name)s”", kind=kind, name=name))


def _key(step: str, names: Mapping[str, Any]) -> str:
    if step.startswith("line ") and step[5:].isdigit():
        return str(gettext("line %(n)s", n=step[5:]))
    return str(names.get(step, step))


def row_of(place: Place, document: dict[str, Any]) -> Row | None:
    """The row of the draft that contains a place. None if no page edits it."""
    match place:
        case ("models", int(m), *inner):
            return _of_model(document["models"][m], inner)
        case ("sla", int(n), *_):
            return Row("clocks", document["sla"][n]["key"])
        case (str(name), *_) if name in {*GENERAL_PARTS, *SINGLE}:
            return Row("draft_settings", entry_path(SETTINGS, GENERAL if name in GENERAL_PARTS else name))
        case (str(outer), str(inner), int(n), *_) if f"{outer}.{inner}" in LIST_PAGES:
            return _of_list(f"{outer}.{inner}", document[outer][inner], n)
        case (str(name), *more) if name in LIST_PAGES:
            return _of_list(name, document.get(name, []), more[0] if more and isinstance(more[0], int) else None)
    return None


def _of_list(name: str, rows: Sequence[dict[str, Any]], number: int | None) -> Row:
    if number is None or name in NUMBERED:
        return Row(LIST_PAGES[name])
    return Row(LIST_PAGES[name], entry_path(name, rows[number]["key"]))


def _of_model(model: dict[str, Any], inner: Sequence[str | int]) -> Row:
    key = model["key"]
    match inner:
        case (str(side), "groups", int(g), *more) if side in SIDES:
            group = model[side]["groups"][g]
            return _of_group(f"{key}/{side}/{group['key']}", group, more)
        case ("matrix", "cells", str(cell), *_):
            return Row("cells", f"{key}/matrix/{cell.replace('.', '/')}")
        case ("matrix", "default", *_):
            return Row("cells", f"{key}/matrix/default")
    return Row("models", key)


def _of_group(path: str, group: dict[str, Any], inner: Sequence[str | int]) -> Row:
    match inner:
        case (("rules" | "signals") as rows, int(n), *_):
            return Row(rows, f"{path}/{group[rows][n]['key']}")
    return Row("groups", path)
