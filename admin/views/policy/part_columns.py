"""Columns of the draft's lists: headings and values, in the reader's language.

It reads rows of the draft tables. May not decide or write anything.
"""

from collections.abc import Callable
from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from admin.text import terms
from admin.text.policy.conditions import readable
from admin.views.policy import draft_forms as forms
from engine.store.schema.draft_tables import DraftCell, DraftPart

Formatters = dict[str, Callable[..., Any]]

LABELS: dict[str, Any] = {
    "path": _l("Row"),
    "label": _l("Label"),
    "when": _l("Condition"),
    "points": _l("Points"),
    "enabled": _l("Enabled"),
    "event": _l("Event"),
    "min": _l("Sum at least"),
    "max": _l("Sum at most"),
    "side": _l("Kind"),
    "action": _l("What happens"),
    "priority": _l("Priority"),
    "assignment": _l("Assignment policy"),
    "sla": _l("Clocks"),
    "grades": _l("Grades A · B · C from"),
    "heats": _l("Frenzied · hot · warm from"),
    "window": _l("Window"),
    "starts_on": _l("Starts on"),
    "on_breach": _l("On breach"),
    "changed_by": _l("Last changed by"),
}
"""Column → its heading."""


def label_of(label: Any) -> str:
    """A label in the reader's language, else in any language."""
    if isinstance(label, dict):
        wanted = {"zh_Hans_CN": "zh_Hans", "zh_Hant_TW": "zh_Hant"}.get(str(get_locale()), "en")
        return str(label.get(wanted) or next(iter(label.values()), ""))
    return str(label or "")


def place_of(part: DraftPart) -> str:
    """The path of a row, readable."""
    steps = [step for step in part.path.split("/") if step not in {"fit", "engagement", "matrix"}]
    if isinstance(part, DraftCell):
        return f"{steps[0]} › {part.key}"
    return " › ".join(steps)


def shown(value: Any) -> str:
    """A value of a row, in words."""
    if isinstance(value, bool):
        return str(gettext("yes")) if value else str(gettext("no"))
    return "—" if value is None else f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)


def _edges(*values: Any) -> str:
    return " · ".join(shown(value) for value in values)


def _start(starts_on: dict[str, Any]) -> str:
    """What starts a clock, in words."""
    if stage := starts_on.get("stage"):
        return str(gettext("stage %(stage)s", stage=terms.term(terms.STAGES, stage)))
    if role := starts_on.get("assigned"):
        return str(gettext("assigned to %(role)s", role=terms.term(terms.ROLES, role)))
    return str(gettext("event %(event)s", event=starts_on.get("event", "")))


FORMATTERS: Formatters = {
    "path": lambda _v, _c, row, _n: place_of(row),
    "label": lambda _v, _c, row, _n: label_of(row.rest.get("label")),
    "when": lambda _v, _c, row, _n: readable(row.when),
    "enabled": lambda _v, _c, row, _n: (
        gettext("yes") if row.enabled else Markup('<span class="tag warn">{}</span>').format(gettext("no"))
    ),
    "points": lambda _v, _c, row, _n: shown(row.points),
    "min": lambda _v, _c, row, _n: shown(row.min),
    "max": lambda _v, _c, row, _n: shown(row.max),
    "event": lambda _v, _c, row, _n: row.event if isinstance(row.event, str) else ", ".join(row.event or ()),
    "side": lambda _v, _c, row, _n: gettext("Fit rules") if row.side == "fit" else gettext("Signals"),
    "action": lambda _v, _c, row, _n: terms.term(terms.ACTIONS, row.action),
    "sla": lambda _v, _c, row, _n: (
        gettext("every clock that fits") if row.sla is None else ", ".join(row.sla) or gettext("none")
    ),
    "assignment": lambda _v, _c, row, _n: row.assignment or "",
    "grades": lambda _v, _c, row, _n: _edges(row.grade_a, row.grade_b, row.grade_c),
    "heats": lambda _v, _c, row, _n: _edges(row.heat_frenzied, row.heat_hot, row.heat_warm),
    "window": lambda _v, _c, row, _n: f"{shown(row.window_amount)} {forms.UNIT_NAMES[row.window_unit]}",
    "starts_on": lambda _v, _c, row, _n: _start(row.starts_on or {}),
    "on_breach": lambda _v, _c, row, _n: " → ".join(
        str(terms.term(terms.WORDS, action.get("do"))) for action in row.on_breach or ()
    ),
}
