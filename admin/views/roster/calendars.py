"""Working calendars: hours, holidays, days off. A change is effective at once, also for running clocks."""

from typing import Any, ClassVar

from flask import flash, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin.moment import now
from admin.permissions import May, actor, may
from admin.views.roster.roster import RosterList
from admin.views.roster.roster_forms import CalendarForm, NewCalendarForm
from engine.store.roster.roster import remove_calendar, save_calendar
from engine.store.schema.roster_tables import CalendarRow
from rulesets.roster.roster import WEEKDAYS


class Calendars(RosterList):
    """Working calendars."""

    form = CalendarForm
    new_form = NewCalendarForm
    column_list = ("key", "timezone", "country", "hours")
    column_display_pk = True
    column_labels: ClassVar[dict[str, Any]] = {
        "key": _l("Key"),
        "timezone": _l("Time zone"),
        "country": _l("Country"),
        "hours": _l("Working hours"),
    }
    column_sortable_list = ("key",)
    column_default_sort = "key"
    column_formatters: ClassVar[dict[str, Any]] = {
        "timezone": lambda _v, _c, row, _n: row.body.get("timezone"),
        "country": lambda _v, _c, row, _n: row.body.get("country") or "—",
        "hours": lambda _v, _c, row, _n: _hours_text(row.body.get("hours") or {}),
    }
    introduction = _l(
        "When people work. A change times their running business clocks anew, never to before the change."
    )
    empty = _l("No calendars yet. People without one follow the policy's.")

    @property
    def can_delete(self) -> bool:  # type: ignore[override] # asked anew for each reader
        """Whether the reader may delete unused calendars."""
        return may(May.EDIT_ROSTER)

    def title_of(self, model: CalendarRow) -> str:
        """The heading of a calendar's page."""
        return model.key

    def edit_form(self, obj: Any = None) -> Any:
        """The form of a calendar."""
        form = super().edit_form(obj)
        if request.method == "GET" and obj is not None:
            for name in ("timezone", "country", "days_off", "workdays"):
                form[name].data = obj.body.get(name)
            for day in WEEKDAYS:
                form[day].data = (obj.body.get("hours") or {}).get(day, [])
        return form

    def save(self, values: dict[str, Any]) -> bool:
        """Save a calendar."""
        hours = {day: spans for day in WEEKDAYS if (spans := values.pop(day, None))}
        country = (values["country"] or "").strip().upper() or None
        save_calendar({**values, "country": country, "hours": hours or None}, actor(), now())
        return True

    def remove(self, model: CalendarRow) -> None:
        """Delete a calendar."""
        remove_calendar(model.key, actor())

    def update_model(self, form: Any, model: CalendarRow) -> bool:
        """Save a calendar, or flash why not."""
        return self._saved({**form.data, "key": model.key})

    def create_model(self, form: Any) -> CalendarRow | bool:
        """Add a calendar, or flash why not."""
        if self.session.get(CalendarRow, form.key.data) is not None:
            flash(gettext("There is a calendar %(key)s already.", key=form.key.data), "error")
            return False
        return self._saved(dict(form.data)) and CalendarRow(key=form.key.data, body={})


def _hours_text(hours: dict[str, list[str]]) -> str:
    """The hours of the week in one line."""
    return "; ".join(f"{day} {', '.join(hours[day])}" for day in WEEKDAYS if hours.get(day)) or str(gettext("always"))
