"""Conditions in words, for lists of rules. The YAML beside them is what Baton evaluates."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

OPERATORS = {
    "known": _l("is known"),
    "unknown": _l("is unknown"),
    "eq": _l("is"),
    "neq": _l("is known and is not"),
    "in": _l("is one of"),
    "not_in": _l("is known and is none of"),
    "contains": _l("contains"),
    "not_contains": _l("is known and does not contain"),
    "starts_with": _l("starts with"),
    "ends_with": _l("ends with"),
    "matches": _l("matches the pattern"),
    "has_any": _l("has any of"),
    "has_all": _l("has all of"),
    "has_none": _l("is known and has none of"),
    "lt": "<",
    "lte": "≤",
    "gt": ">",
    "gte": "≥",
    "between": _l("is between"),
    "is_true": _l("is true"),
    "is_false": _l("is false"),
    "before": _l("is before"),
    "after": _l("is after"),
    "on_or_before": _l("is on or before"),
    "on_or_after": _l("is on or after"),
    "within_last_days": _l("lies within the last days:"),
    "more_than_days_ago": _l("lies more days ago than:"),
}
"""One phrase per operator; a test compares the keys with `rulesets.conditions.conditions.OPERATORS`."""


def readable(condition: Any, depth: int = 0) -> str:
    """A raw condition in words. An unusual one is shown as written."""
    if not isinstance(condition, dict):
        return gettext("always") if condition is None else str(condition)
    for kind, joint in (("all", gettext("and")), ("any", gettext("or")), ("none", gettext("or"))):
        if kind in condition:
            return _group(kind, joint, condition[kind], depth)
    subject = _subject(condition)
    if subject is None:
        return str(condition)
    if "segment" in condition:
        return subject
    operator = str(OPERATORS.get(condition.get("op", ""), condition.get("op", "")))
    return f"{subject} {operator} {_operand(condition.get('value'))}".strip()


def _group(kind: str, joint: str, members: list[Any], depth: int) -> str:
    if not members:
        return str(gettext("always"))
    text = f" {joint} ".join(readable(member, depth + 1) for member in members)
    if kind == "none":
        return str(gettext("not (%(conditions)s)", conditions=text))
    return f"({text})" if depth and len(members) > 1 else text


def _subject(condition: dict[str, Any]) -> str | None:
    match condition:
        case {"field": str(field)}:
            return field
        case {"event": str(place)}:
            return place
        case {"segment": str(key)}:
            return str(gettext("belongs to segment %(key)s", key=key))
        case {"count": {"event": str(event), **more}}:
            return _counted(event, more)
        case {"days_since": {"event": str(event)}}:
            return str(gettext("days since %(event)s", event=event))
    return None


def _counted(event: str, more: dict[Any, Any]) -> str:
    where = f" [{readable(more['where'])}]" if more.get("where") else ""
    if more.get("days"):
        return str(gettext("number of %(event)s in %(days)s days", event=event + where, days=more["days"]))
    return str(gettext("number of %(event)s", event=event + where))


def _operand(value: Any) -> str:
    if isinstance(value, list):
        return " … ".join(map(str, value)) if _is_range(value) else ", ".join(map(str, value))
    return "" if value is None else str(value)


def _is_range(value: list[Any]) -> bool:
    return len(value) == 2 and all(isinstance(end, int | float) and not isinstance(end, bool) for end in value)
