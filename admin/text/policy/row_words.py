"""A row of the policy's lists as a short text in the reader's language, each member by its name.

Sentences about changes are in `admin.text.policy.changes`. May not decide or write anything.
"""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin.text import terms
from admin.text.policy.changes import ATTRIBUTES, UNITS, shown
from rulesets.conditions.conditions import kind_of

NAMES: dict[str, Any] = {
    **ATTRIBUTES,
    "when": _l("if"),
    "items": _l("items"),
    "require": _l("needs"),
    "role": _l("role"),
    "type": _l("type"),
    "unit": _l("unit"),
    "pii": _l("personal data"),
    "unknown_values": _l("texts that mean unknown"),
    "kind": _l("kind"),
    "asset": _l("asset"),
    "aliases": _l("other names"),
    "framework": _l("framework"),
    "met": _l("items that must be met"),
    "fraction": _l("fraction"),
    "checklist": _l("checklist"),
    "min_fit": _l("fit at least"),
    "min_engagement": _l("engagement at least"),
    "confirm": _l("confirmed by"),
    "teams": _l("teams"),
    "reps": _l("people"),
    "match": _l("must fit"),
    "rep": _l("of the person"),
    "field": _l("of the lead"),
    "balance_by": _l("balanced by"),
    "sticky": _l("stays with"),
    "avoid_previous": _l("not to who had it before"),
    "off_hours": _l("off hours"),
    "returning": _l("who returns"),
    "otherwise": _l("if nobody can"),
    "policy": _l("assignment policy"),
    "consecutive": _l("misses in a row"),
    "suspend": _l("suspended for"),
    "justified": _l("justified"),
    "facts": _l("facts"),
    "events": _l("events"),
    "days_ago": _l("days ago"),
    "properties": _l("properties"),
    "now": _l("moment"),
    "expect": _l("expected"),
    "fit": _l("fit"),
    "engagement": _l("engagement"),
    "cell": _l("cell"),
    "model": _l("model"),
    "route": _l("route"),
    "excluded": _l("excluded by"),
    "flagged": _l("red flags"),
    "code": _l("code"),
    "path": _l("where"),
    "country": _l("country"),
    "hours": _l("working hours"),
    "mon": _l("Monday"),
    "tue": _l("Tuesday"),
    "wed": _l("Wednesday"),
    "thu": _l("Thursday"),
    "fri": _l("Friday"),
    "sat": _l("Saturday"),
    "sun": _l("Sunday"),
    "days_off": _l("further days off"),
    "workdays": _l("make-up working days"),
    "stages": _l("stages"),
    "days": _l("days"),
    "extend": _l("an activity extends to"),
    "extend_on": _l("activities that extend"),
    "warn_before": _l("warns before the end"),
    "per_day": _l("per day"),
    "holding": _l("held at most"),
    "cooldown": _l("no second claim within"),
    "on_reject": _l("a rejected lead goes to"),
    "on_release": _l("a released lead goes to"),
    "compensate": _l("reasons that give the turn back"),
}
"""Member of a row → its name. A test compares the keys with the members that rows may have."""
CHOSEN = frozenset({
    "type", "kind", "role", "confirm", "strategy", "balance_by", "sticky", "off_hours", "returning", "otherwise",
    "on_reject", "on_release", "rep",
})  # fmt: skip
"""Members whose values are words of the policy."""
FREE = frozenset({"facts", "properties"})
"""Members whose own members are named by the senders of events."""


def said_by(body: dict[str, Any]) -> str:
    """The members of a row with their values, without key and label."""
    return "; ".join(_member(name, value) for name, value in body.items() if name not in {"key", "label"})


def _member(name: str, value: Any) -> str:
    if name in CHOSEN and isinstance(value, str):
        return f"{terms.term(NAMES, name)} {terms.term(terms.WORDS, value)}"
    if name in FREE and value:
        given = ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items())
        return f"{terms.term(NAMES, name)} ({given})"
    if name == "stages":
        return f"{terms.term(NAMES, name)} {', '.join(str(terms.term(terms.STAGES, stage)) for stage in value)}"
    return f"{terms.term(NAMES, name)} {_value(value)}"


def _value(value: Any) -> str:
    """A value in words, nested values in brackets."""
    if isinstance(value, dict) and not _is_condition(value) and not _is_span(value):
        return f"({said_by(value)})" if value else str(gettext("nothing"))
    if isinstance(value, list) and not all(isinstance(one, str) for one in value):
        return ", ".join(_row(one) for one in value)
    return shown(value)


def _row(row: Any) -> str:
    """A nested row: its key, else its members."""
    return str(row["key"]) if isinstance(row, dict) and "key" in row else _value(row)


def _is_condition(value: dict[str, Any]) -> bool:
    """Whether it is a condition. A person match also has a `field`, but is none."""
    return "rep" not in value and kind_of(value) is not None


def _is_span(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)) in UNITS
