"""The changes between two policies (`rulesets.policy.diff`) as sentences of the reader's language.

The path stays beside each sentence, because tools and findings use it. May not compare policies.
"""

import json
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin.text.policy.conditions import readable
from rulesets.conditions.conditions import kind_of
from rulesets.document.yaml_text import write_yaml
from rulesets.policy.diff import ChangeKind, PolicyChange, RowStep

LONGEST = 400
"""Most characters of a value in a sentence. The page shows the whole value below."""
ROWS = {
    "models": _l("Model"),
    "groups": _l("Group"),
    "rules": _l("Fit rule"),
    "signals": _l("Signal"),
    "cells": _l("Cell"),
    "fields": _l("Field"),
    "events": _l("Event"),
    "segments": _l("Segment"),
    "exclusions": _l("Exclusion"),
    "red_flags": _l("Red flag"),
    "checklists": _l("Checklist"),
    "items": _l("Checklist item"),
    "mql": _l("Route to MQL"),
    "assignment": _l("Assignment policy"),
    "sla": _l("Clock"),
    "reject": _l("Reason to reject"),
    "release": _l("Reason to release"),
    "disqualify": _l("Reason to disqualify"),
    "withdraw": _l("Reason to withdraw"),
    "lost": _l("Reason for a loss"),
    "tests": _l("Test case"),
}
"""List → the name of its rows. A test compares the keys with the lists of `rulesets.policy.diff.POLICY`."""
ATTRIBUTES = {
    "points": _l("points"),
    "when": _l("condition"),
    "window": _l("window"),
    "label": _l("label"),
    "enabled": _l("enabled"),
    "min": _l("lower bound"),
    "max": _l("upper bound"),
    "priority": _l("priority"),
    "action": _l("what happens"),
    "event": _l("event"),
    "repeat": _l("repeats"),
    "decay": _l("fading"),
    "name": _l("name"),
    "timezone": _l("time zone"),
    "strikes": _l("strikes"),
    "acknowledged": _l("acknowledged warnings"),
    "pool": _l("public pool"),
    "calendar": _l("working calendar"),
    "feedback": _l("feedback"),
    "protection": _l("protection"),
    "claim": _l("claims"),
    "on_breach": _l("on breach"),
    "starts_on": _l("starts on"),
    "met_by": _l("met by"),
    "require": _l("how many items"),
    "strategy": _l("strategy"),
    "assignment": _l("assignment policy"),
    "sla": _l("clocks"),
    "cells": _l("cells"),
    "options": _l("options"),
    "type": _l("type"),
    "reason": _l("reason"),
}
EDGES = {
    "grades": _l("edge of grade %(name)s"),
    "heats": _l("edge of heat %(name)s"),
}
UNITS = {"seconds": _l("seconds"), "minutes": _l("minutes"), "hours": _l("hours"), "days": _l("days")}
SIDES = {"fit": _l("fit"), "engagement": _l("engagement"), "matrix": _l("matrix")}


@dataclass(frozen=True, slots=True)
class ChangeText:
    """A change as a page shows it. The whole values are given only if the sentence cuts them."""

    path: str
    kind: str
    sentence: str
    old: str | None
    new: str | None


def change_text(change: PolicyChange) -> ChangeText:
    """A change in words; English outside of a request."""
    long = max(len(shown(value)) for value in (change.old, change.new)) > LONGEST
    whole = [_whole(value) if long and value is not None else None for value in (change.old, change.new)]
    return ChangeText(change.path, change.kind.value, sentence(change), *whole)


def sentence(change: PolicyChange) -> str:
    """One sentence: what changes, from which value to which."""
    subject, rest = _subject(change.steps)
    if not rest:
        return _about_row(change, subject)
    what = f"{subject}: {_attribute(rest)}" if subject else str(_attribute(rest))
    old, new = _cut(shown(change.old)), _cut(shown(change.new))
    match change.kind:
        case ChangeKind.ADDED:
            return str(gettext("%(what)s is now %(new)s", what=what, new=new))
        case ChangeKind.REMOVED:
            return str(gettext("%(what)s %(old)s is taken away", what=what, old=old))
        case _:
            return str(gettext("%(what)s %(old)s → %(new)s", what=what, old=old, new=new))


def _about_row(change: PolicyChange, subject: str) -> str:
    match change.kind:
        case ChangeKind.ADDED:
            return str(gettext("%(what)s added: %(new)s", what=subject, new=_cut(_contents(change.new))))
        case ChangeKind.REMOVED:
            return str(gettext("%(what)s removed: %(old)s", what=subject, old=_cut(_contents(change.old))))
        case _:
            places = {"old": change.old + 1, "new": change.new + 1}
            return str(gettext("%(what)s moved from place %(old)s to place %(new)s", what=subject, **places))


def _subject(steps: tuple[str | RowStep, ...]) -> tuple[str, tuple[str, ...]]:
    """The name of the innermost row, and the steps below it. A cell of the matrix counts as a row."""
    keys = [step.key for step in steps if isinstance(step, RowStep)]
    last = max((place for place, step in enumerate(steps) if isinstance(step, RowStep)), default=-1)
    rest = tuple(step for step in steps[last + 1 :] if isinstance(step, str))
    if rest[:2] == ("matrix", "cells") and len(rest) > 2:
        return f"{ROWS['cells']} {' › '.join((*keys, rest[2]))}", rest[3:]
    if last < 0:
        return "", rest
    return f"{ROWS.get(str(steps[last - 1]), steps[last - 1])} {' › '.join(keys)}", rest


def _attribute(steps: tuple[str, ...]) -> str:
    if len(steps) > 1 and steps[-2] in EDGES:
        return str(EDGES[steps[-2]] % {"name": steps[-1]})
    return " › ".join(str(SIDES.get(step) or ATTRIBUTES.get(step, step)) for step in steps)


def _contents(row: Any) -> str:
    """The members of a row but its key: condition and points first, in words."""
    if not isinstance(row, dict):
        return shown(row)
    named = {name: value for name, value in row.items() if name not in {"key", "label"}}
    if not named:
        return str(gettext("nothing but its key"))
    return "; ".join(f"{ATTRIBUTES.get(name, name)} {shown(value)}" for name, value in named.items())


def shown(value: Any) -> str:
    """A value of the document as a short text."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(gettext("yes")) if value else str(gettext("no"))
    if isinstance(value, list) and value and all(isinstance(member, str) for member in value):
        return ", ".join(value)
    if isinstance(value, dict) and len(value) == 1 and (unit := next(iter(value))) in UNITS:
        return f"{value[unit]} {UNITS[unit]}"
    if kind_of(value):
        return f"“{readable(value)}”"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _whole(value: Any) -> str:
    return write_yaml(value).strip() if isinstance(value, dict | list) else str(value)
