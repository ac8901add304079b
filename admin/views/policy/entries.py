"""The policy's lists and single parts as pages: vocabulary, qualification, assignment, reasons, settings, test cases.

One class per list, all on one table. `admin.views.policy.draft` writes the rows.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlmodel import col
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length, Regexp

from admin.permissions import all_granted
from admin.policy_rights import ANY, PARTS, of_role
from admin.text.policy.changes import ROWS
from admin.text.policy.row_words import said_by
from admin.views.fields import Given
from admin.views.policy import entry_forms as forms
from admin.views.policy.draft import PartView
from admin.views.policy.draft_forms import PartForm, key_field
from admin.views.policy.part_columns import label_of
from engine.store.policy.draft_lists import GENERAL, NUMBERED, SETTINGS, SINGLE, entry_path
from engine.store.schema.draft_tables import DraftEntry, DraftPart

DOTTED = r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){1,2}$"
COLUMNS = {
    "key": _l("Key"),
    "label": _l("Label"),
    "what": _l("What it says"),
    "list": _l("List"),
    "changed_by": _l("Last changed by"),
}


def new(form: type[PartForm], *, dotted: bool = False) -> Any:
    """The form of a new row: the same with its key in front."""
    key = (
        StringField(
            _l("Key"),
            [Given(), Length(max=80), Regexp(DOTTED, message=_l("Two or three parts joined by dots: company.size."))],
            description=_l("Cannot be changed later: decisions refer to it."),
        )
        if dotted
        else key_field()
    )
    return type(f"New{form.__name__}", (form,), {"key": key, "__doc__": form.__doc__})


class Entries(PartView):
    """Base of the lists. Subclasses name their list and its form.

    By default, a new row has the same form with a key in front, and whoever may edit the part of the policy may edit
    the list.
    """

    lists: ClassVar[tuple[str, ...]] = ()
    dotted: ClassVar[bool] = False
    column_list: ClassVar[tuple[str, ...]] = ("key", "label", "what", "changed_by")
    column_labels = COLUMNS
    column_searchable_list = ("key",)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.lists:
            own = vars(cls)
            cls.edits = own.get("edits", PARTS.get(cls.lists[0].partition(".")[0], ANY))
            cls.new_form = own.get("new_form") or cls.new_form_of(cls.form)

    @classmethod
    def new_form_of(cls, form: type[PartForm]) -> Any:
        """The form of a new row: the same with its key in front."""
        return new(form, dotted=cls.dotted)

    @property
    def column_formatters(self) -> dict[str, Callable[..., Any]]:
        """How columns are shown."""
        return FORMATTERS

    def get_query(self) -> Any:
        """The rows of these lists."""
        return super().get_query().filter(col(DraftEntry.parent).in_(self.lists))

    def get_one(self, id: Any) -> Any:  # noqa: A002 - the library's name
        """A row of these lists."""
        row = super().get_one(id)
        return row if row is not None and row.parent in self.lists else None

    def title_of(self, model: DraftPart) -> str:
        """The heading of a row's page."""
        label = label_of(model.body.get("label")) if isinstance(model, DraftEntry) else ""
        return f"{model.key} — {label}" if label else str(model.key)

    def parents(self) -> list[tuple[str, str]]:
        """The lists that a new row may belong to."""
        return [(name, str(ROWS[name.rpartition(".")[2]])) for name in self.lists]

    def parent_of(self, values: dict[str, Any]) -> str:
        """The only list, or the chosen one."""
        return str(values.get("parent") or self.lists[0])

    def path_of(self, values: dict[str, Any]) -> str:
        """The path of a new row."""
        return entry_path(self.parent_of(values), str(values["key"]))


class Numbered(Entries):
    """A list whose rows have no key. A new row gets the next number."""

    @classmethod
    def new_form_of(cls, form: type[PartForm]) -> Any:
        """The form without a key."""
        return type(f"New{form.__name__}", (form,), {"key": HiddenField(), "__doc__": form.__doc__})

    def get_create_form(self) -> Any:
        """The form without a key."""
        return self.new_form

    def create_model(self, form: Any) -> Any:
        """Number the row, then add it."""
        numbers = [int(row.key) for row in self.get_query() if row.key.isdigit()]
        form.key.data = str(max(numbers, default=0) + 1)
        return super().create_model(form)


class Fields(Entries):
    """Facts."""

    lists = ("fields",)
    dotted = True
    form = forms.FieldForm
    introduction = _l("Facts a policy may speak of, besides those that are built in.")


class EventKinds(Entries):
    """Events."""

    lists = ("events",)
    dotted = True
    form = forms.EventForm
    introduction = _l("Behaviour that can be counted. Other events are stored and shown, and count nothing.")


class Segments(Entries):
    """Segments."""

    lists = ("segments",)
    form = forms.WhenForm
    introduction = _l("Conditions with a name, to be used in others.")


class Exclusions(Entries):
    """Exclusions."""

    lists = ("qualification.exclusions",)
    form = forms.ExclusionForm
    introduction = _l("While one holds, the lead is disqualified.")


class RedFlags(Entries):
    """Red flags."""

    lists = ("qualification.red_flags",)
    form = forms.WhenForm
    introduction = _l("While one holds, nothing makes an MQL, whatever the score.")


class Checklists(Entries):
    """Checklists."""

    lists = ("qualification.checklists",)
    form = forms.ChecklistForm
    introduction = _l("Facts to establish, and how many of them are enough.")


class Routes(Entries):
    """Routes."""

    lists = ("qualification.mql",)
    form = forms.RouteForm
    introduction = _l("Ways to become an MQL. All that a route names must hold; the first in order is recorded.")


class Assignments(Entries):
    """Assignment policies."""

    lists = ("assignment",)
    defaults: ClassVar[dict[str, Any]] = {"avoid_previous": True}
    form = forms.AssignmentForm
    introduction = _l(
        "Who may get a lead, and how one of them is chosen. The first that fits and finds somebody decides."
    )

    def allows(self, row: DraftPart) -> bool:
        """The manager of the SDRs assigns to SDRs, the manager of sales to sales."""
        role = str(row.body.get("role", "")) if isinstance(row, DraftEntry) else ""
        return bool(of_role(role) & all_granted())


class Strikes(Numbered):
    """Strikes."""

    lists = ("strikes",)
    form = forms.StrikeForm
    introduction = _l("Misses in a row that suspend a person.")


class ReasonsView(Entries):
    """Reasons."""

    lists = ("reasons.reject", "reasons.release", "reasons.disqualify", "reasons.withdraw", "reasons.lost")
    form = forms.ReasonForm
    new_form = type("NewReasonForm", (new(forms.ReasonForm),), {"parent": SelectField(_l("List"))})
    column_list = ("key", "list", "label", "what", "changed_by")
    introduction = _l("What people choose from when they reject, release, disqualify, withdraw or lose.")


class Samples(Entries):
    """Test cases."""

    lists = ("tests",)
    form = forms.SampleForm
    introduction = _l("Leads whose scores and routes are known. A red case blocks publishing.")


class Acknowledged(Numbered):
    """Accepted warnings."""

    lists = ("acknowledged",)
    form = forms.AcknowledgedForm
    introduction = _l("Warnings that somebody read and accepted, with the reason.")

    def create_form(self, obj: Any = None) -> Any:
        """The form of a new row, filled with the warning from the page of findings."""
        form = super().create_form(obj)
        if request.method == "GET":
            form.code.data, form.path.data = request.args.get("code"), request.args.get("path")
        return form


class PolicySettingsView(Entries):
    """Name, zone, calendar, pool, feedback."""

    lists = (SETTINGS,)
    edits = ANY
    movable = False
    form = forms.GeneralForm
    new_form = type(
        "NewSetting", (PartForm,), {"key": SelectField(_l("Part"), choices=[(name, name) for name in SINGLE])}
    )
    introduction = _l("Parts that a policy has once, or not at all.")
    own_forms: ClassVar[dict[str, Any]] = {
        GENERAL: forms.GeneralForm,
        "calendar": forms.PolicyCalendarForm,
        "pool": forms.PoolForm,
        "feedback": forms.FeedbackForm,
    }

    def form_of(self, row: DraftPart) -> Any:
        """Each part has its own form."""
        return self.own_forms[row.key]

    def allows(self, row: DraftPart) -> bool:
        """Each part needs its own permission."""
        return bool(PARTS.get(row.key, ANY) & all_granted())

    def title_of(self, model: DraftPart) -> str:
        """The name of the part."""
        return str(SETTING_NAMES[model.key])


SETTING_NAMES = {
    GENERAL: _l("Name and time zone"),
    "calendar": _l("Working calendar"),
    "pool": _l("Public pool"),
    "feedback": _l("Rejection and release"),
}


def _key(row: DraftEntry) -> Any:
    if row.parent in NUMBERED:
        return gettext("No. %(n)s", n=row.key)
    return SETTING_NAMES[row.key] if row.parent == SETTINGS else row.key


def _what(row: DraftEntry) -> str:
    """A row as a short text: its members without the label."""
    text = said_by(row.body)
    return text if len(text) <= 240 else f"{text[:240]}…"


FORMATTERS: dict[str, Callable[..., Any]] = {
    "key": lambda _v, _c, row, _n: _key(row),
    "label": lambda _v, _c, row, _n: label_of(row.body.get("label")),
    "what": lambda _v, _c, row, _n: _what(row),
    "list": lambda _v, _c, row, _n: ROWS[row.parent.rpartition(".")[2]],
}
PAGES: tuple[tuple[type[Entries], Any, str], ...] = (
    (Fields, _l("Fields"), "fields"),
    (EventKinds, _l("Events of the policy"), "event-kinds"),
    (Segments, _l("Segments"), "segments"),
    (Exclusions, _l("Exclusions"), "exclusions"),
    (RedFlags, _l("Red flags"), "red-flags"),
    (Checklists, _l("Checklists"), "checklists"),
    (Routes, _l("Routes to MQL"), "routes"),
    (Assignments, _l("Assignment policies"), "assignment"),
    (Strikes, _l("Strikes"), "strikes"),
    (ReasonsView, _l("Reasons"), "reasons"),
    (PolicySettingsView, _l("Pool, calendar, feedback"), "settings"),
    (Samples, _l("Test cases"), "tests"),
    (Acknowledged, _l("Accepted warnings"), "acknowledged"),
)
"""Every page of a list: its class, its name, its address below `/admin/draft/`."""
