"""The forms of the roster: people, teams, calendars. An empty field clears the value."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import Email, Length, NumberRange, Optional, Regexp

from admin.text import terms
from admin.views.fields import Given
from admin.views.forms import PageForm
from admin.views.roster.roster_fields import AbsencesField, DaysField, HoursField, MonthsField
from engine.core.calendar.roster_changes import GIVES, KEEP, Give
from rulesets.roster.roster import ROLES, WEEKDAYS

LIST_HINT = _l("Separated by commas.")
LISTS = ("territories", "languages", "industries")
CAPS = ("day", "week", "month")
GIVE = {
    "policy": _l("By the assignment policy, as if they came now"),
    "manager": _l("To the manager"),
    KEEP: _l("They stay where they are"),
}
HOUR_LABELS = {
    "mon": _l("Monday"), "tue": _l("Tuesday"), "wed": _l("Wednesday"), "thu": _l("Thursday"), "fri": _l("Friday"),
    "sat": _l("Saturday"), "sun": _l("Sunday"),
}  # fmt: skip


def give_of(text: str) -> Give | None:
    """The choice where open leads go. None: they stay."""
    return next((give for give in GIVES if give == text), None)


def nothing(value: Any) -> Any:
    """Empty text becomes None."""
    return value or None


def text(label: Any, **more: Any) -> StringField:
    """A line of text that may be empty."""
    return StringField(label, [Optional(), Length(max=200)], filters=[nothing], **more)


def limit(label: Any, least: int = 0, **more: Any) -> IntegerField:
    """A whole number; empty: no limit."""
    return IntegerField(label, [Optional(), NumberRange(least, 100_000)], **more)


KEY = StringField(_l("Key"), [Given(), Regexp(r"^[a-z][a-z0-9_]{0,39}$", message=_l("Small letters, digits and _."))])
EMAIL = StringField(_l("E-mail"), [Given(), Email(message=_l("Give an e-mail address.")), Length(max=320)])
"""Fields of new rows. WTForms orders fields by creation, so they are created first."""


class PersonForm(PageForm):
    """A person."""

    name = text(_l("Name"))
    role = SelectField(_l("Role"), choices=[(role, terms.ROLES[role]) for role in ROLES])
    active = BooleanField(_l("Active"), default=True, description=_l("The inactive receive no leads."))
    team = SelectField(_l("Team"), filters=[nothing], validate_choice=False)
    department = text(_l("Department"), description=_l("Empty: the department of the team."))
    manager = text(_l("Manager (e-mail)"))
    territories = text(_l("Territories"), description=LIST_HINT)
    languages = text(_l("Languages"), description=LIST_HINT)
    industries = text(_l("Industries"), description=LIST_HINT)
    tier = IntegerField(_l("Tier"), [Given(), NumberRange(1, 9)], default=3, description=_l("1 is best."))
    weight = IntegerField(
        _l("Weight"), [Given(), NumberRange(1, 1000)], default=1, description=_l("Turns in weighted rotation.")
    )
    capacity = limit(_l("Capacity"), 1, description=_l("Most open leads; empty: no limit."))
    cap_day = limit(_l("Most leads a day"), description=_l("Counted in the person's own zone; empty: no limit."))
    cap_week = limit(_l("Most leads a week"))
    cap_month = limit(_l("Most leads a month"))
    calendar = SelectField(
        _l("Working calendar"), filters=[nothing], validate_choice=False, description=_l("None: the policy's calendar.")
    )
    absences = AbsencesField(
        _l("Absences"),
        description=_l("One per line, whole days: 2026-11-23/2026-11-27 leave. The last day is included."),
    )
    eligible_months = MonthsField(
        _l("Eligible months"),
        description=_l(
            "One per line, such as 2026-12. Once anyone of the role is on a list, only the listed receive leads."
        ),
    )


class NewPersonForm(PersonForm):
    """A new person."""

    email = EMAIL


class TeamForm(PageForm):
    """A team."""

    label = text(_l("Name"))
    head = text(_l("Head (e-mail)"))
    department = text(_l("Department"))


class NewTeamForm(TeamForm):
    """A new team."""

    key = KEY


class CalendarForm(PageForm):
    """A working calendar."""

    timezone = StringField(_l("Time zone"), [Given(), Length(max=80)], description=_l("Such as Asia/Shanghai."))
    country = text(
        _l("Country"),
        description=_l("Two letters, such as CN: its public holidays are off, its make-up working days are worked."),
    )
    mon, tue, wed, thu, fri, sat, sun = (
        HoursField(
            HOUR_LABELS[day],
            description=_l(
                "Such as 09:00-12:00, 13:00-18:00; 22:00-06:00 ends on the next day; empty: off. "
                "Without hours on any day: around the clock."
            )
            if day == "mon"
            else "",
        )
        for day in WEEKDAYS
    )
    days_off = DaysField(_l("Days off"), description=_l("One per line, such as 2026-05-04; before everything else."))
    workdays = DaysField(_l("Extra working days"), description=_l("One per line; they work Monday's hours."))


class NewCalendarForm(CalendarForm):
    """A new calendar."""

    key = KEY
