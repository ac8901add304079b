"""The rows of the draft policy: lists and forms; every write goes through `engine.store.policy.drafts`.

A form carries the version of the row it read. If somebody else saved first, nothing is written: the form comes back
with both values, and saving again overwrites.
"""

from typing import Any, ClassVar

from flask import flash, redirect, request
from flask_admin.helpers import get_form_data
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.permissions import May, actor, all_granted
from admin.policy_rights import PARTS
from admin.text.policy.findings import why
from admin.text.policy.wording import named
from admin.views import problems
from admin.views.lists import Filter, ListView, page
from admin.views.policy import draft_forms as forms
from admin.views.policy.checked import DraftStatus, draft_status
from admin.views.policy.part_columns import FORMATTERS, LABELS, Formatters, label_of, place_of, shown
from admin.views.policy.part_values import Readable, columns
from admin.views.policy.structured import value_of
from engine.errors import NotFound, PolicyRefused
from engine.store.policy.drafts import DraftConflict, add_part, edit_part, load_draft, move_part, remove_part
from engine.store.schema.draft_tables import DraftGroup, DraftModel, DraftPart, DraftRule


class PartView(ListView):
    """Base of the draft's lists."""

    needs = May.SEE_POLICY
    list_template = "baton/draft_list.html"
    edits: ClassVar[frozenset[May]] = PARTS["models"]
    movable: ClassVar[bool] = True
    defaults: ClassVar[dict[str, Any]] = {}
    form: ClassVar[Any] = forms.PartForm
    new_form: ClassVar[Any] = None
    column_default_sort: Any = [("parent", False), ("position", False)]  # noqa: RUF012 - the library's own attribute
    column_sortable_list = ()
    action_disallowed_list = ("delete",)
    column_searchable_list = ("path",)
    page_size = 200
    column_labels = LABELS

    @property
    def can_edit(self) -> bool:  # type: ignore[override] # asked anew for each reader
        """Whether the reader may change rows."""
        return bool(self.edits & all_granted())

    @property
    def can_create(self) -> bool:  # type: ignore[override] # asked anew for each reader
        """Whether the reader may add rows of this kind."""
        return self.new_form is not None and self.can_edit

    @property
    def can_delete(self) -> bool:  # type: ignore[override] # asked anew for each reader
        """Whether the reader may remove rows of this kind."""
        return self.can_create

    @property
    def column_formatters(self) -> Formatters:
        """How columns are shown."""
        return FORMATTERS

    def get_query(self) -> Any:
        """The rows. Loading creates the draft tables' rows if there are none yet."""
        load_draft()
        return super().get_query()

    def status(self) -> DraftStatus:
        """The status of the whole draft. Every save ends on a list, so this also requests the next check."""
        return draft_status()

    def title_of(self, model: DraftPart) -> str:
        """The heading of a row's page."""
        label = label_of(model.rest.get("label"))
        return f"{place_of(model)} — {label}" if label else place_of(model)

    def get_create_form(self) -> Any:
        """The form class of a new row."""
        return self.new_form or self.form

    def create_form(self, obj: Any = None) -> Any:
        """The form of a new row, with the current parents as choices."""
        form = super().create_form(obj)
        if "parent" in form:
            form.parent.choices = self.parents()
        return form

    def edit_form(self, obj: Any = None) -> Any:
        """The form of a row, with its nested values."""
        return self.form_of(obj)(get_form_data(), obj=Readable(obj, self.defaults))

    def form_of(self, row: DraftPart) -> Any:  # noqa: ARG002 - some rows have forms of their own
        """The class of a row's form."""
        return self.form

    def allows(self, row: DraftPart) -> bool:  # noqa: ARG002 - some rows ask for more
        """Whether the reader may change this row."""
        return self.can_edit

    @page("/move", "POST")
    def move(self) -> Response:
        """Move a row up or down among its siblings."""
        row = self.get_one(request.form.get("id", ""))
        if not self.can_edit or (row is not None and not self.allows(row)):
            problems.refuse()
        if row is None:
            problems.not_found()
        move_part(type(row), row.path, -1 if request.form.get("to") == "up" else 1, actor())
        return redirect(self.get_url(".index_view"))

    def parents(self) -> list[tuple[str, str]]:
        """The parents that a new row may have."""
        return [(row.path, place_of(row)) for row in self.session.query(DraftModel).order_by(DraftModel.path)]

    def update_model(self, form: Any, model: DraftPart) -> bool:
        """Save a row, or flash why not."""
        values = {field.name: value_of(field) for field in form if field.name != "version"}
        # checked before and after the edit: nobody may move a row out of, or into, another role's part
        changed = type(model)(**_stored(model))
        _take(changed, columns(changed, values))
        if not self.allows(model) or not self.allows(changed):
            flash(gettext("You may not change this row."), "error")
            return False
        try:
            edit_part(type(model), model.path, int(form.version.data or 0), columns(model, values), actor())
        except DraftConflict as conflict:
            form.version.data = conflict.version
            form.version.raw_data = None  # else WTForms renders the old version again, and no save ever succeeds
            flash(_both_values(conflict, self.column_labels), "error")
            return False
        except (PolicyRefused, NotFound) as refused:
            flash(why(refused), "error")
            return False
        return True

    def create_model(self, form: Any) -> DraftPart | bool:
        """Add a row, or flash why not."""
        values = {field.name: value_of(field) for field in form if field.name != "version"}
        part: DraftPart = self.model(path=self.path_of(values), parent=self.parent_of(values), key=values["key"])
        given = {name: value for name, value in values.items() if name not in {"key", "parent"} and value is not None}
        _take(part, columns(part, given))
        if not self.allows(part):
            flash(gettext("You may not change this row."), "error")
            return False
        try:
            add_part(part, actor())
        except PolicyRefused as refused:
            flash(why(refused), "error")
            return False
        return part

    def parent_of(self, values: dict[str, Any]) -> str:
        """The parent of a new row. Empty for models and clocks."""
        return str(values.get("parent") or "")

    def path_of(self, values: dict[str, Any]) -> str:
        """The path of a new row."""
        return f"{values['parent']}/{values['key']}"

    def delete_model(self, model: DraftPart) -> bool:
        """Remove a row and its children, or flash why not."""
        if not self.allows(model):
            flash(gettext("You may not change this row."), "error")
            return False
        try:
            remove_part(type(model), model.path, actor())
        except (PolicyRefused, NotFound) as refused:
            flash(why(refused), "error")
            return False
        return True


class Models(PartView):
    """Scoring models: edges, bounds, order."""

    form = forms.ModelForm
    new_form = forms.NewModelForm
    column_list = ("path", "label", "grades", "heats", "priority", "when", "changed_by")
    numeric_columns = ("priority",)
    introduction = _l(
        "Two scores, never one: fit says who they are (grades A to D), engagement says what they do (cold to frenzied)."
    )

    def path_of(self, values: dict[str, Any]) -> str:
        """A model has no parent."""
        return str(values["key"])


class Groups(PartView):
    """Groups of rules and of signals."""

    form = forms.GroupForm
    new_form = forms.NewGroupForm
    column_list = ("path", "label", "side", "min", "max", "changed_by")
    numeric_columns = ("min", "max")
    introduction = _l("A group limits what its rules or signals may add together.")

    def path_of(self, values: dict[str, Any]) -> str:
        """Groups of both sides belong to a model."""
        return f"{values['parent']}/{values['side']}/{values['key']}"


class Rules(PartView):
    """Fit rules."""

    form = forms.RuleForm
    new_form = forms.NewRuleForm
    column_list = ("path", "label", "when", "points", "enabled", "changed_by")
    numeric_columns = ("points",)
    column_filters = (Filter(DraftRule.enabled, _l("Enabled"), [("1", _l("yes")), ("0", _l("no"))]),)
    introduction = _l(
        "Points for who the lead is. They do not fade, and marketing cannot raise them by working harder."
    )

    def parents(self) -> list[tuple[str, str]]:
        """Groups of fit rules."""
        return _groups(self.session, "fit")


class Signals(PartView):
    """Signals."""

    form = forms.SignalForm
    new_form = forms.NewSignalForm
    column_list = ("path", "label", "event", "when", "points", "max", "enabled", "changed_by")
    numeric_columns = ("points", "max")
    introduction = _l("Points for what the lead does. They count by weight and frequency, and may fade with time.")

    def parents(self) -> list[tuple[str, str]]:
        """Groups of signals."""
        return _groups(self.session, "engagement")


class Cells(PartView):
    """Cells of the matrix."""

    form = forms.CellForm
    new_form = forms.NewCellForm
    column_list = ("path", "action", "priority", "assignment", "sla", "changed_by")
    numeric_columns = ("priority",)
    introduction = _l("What happens to a lead of one grade and heat. Cells that are not listed take the default.")

    def path_of(self, values: dict[str, Any]) -> str:
        """Cells belong to the matrix of a model."""
        return f"{values['parent']}/matrix/{values['key'].replace('.', '/')}"


class Clocks(PartView):
    """SLA clocks."""

    edits = PARTS["sla"]
    new_form = forms.NewClockForm
    form = forms.ClockForm
    column_list = ("path", "label", "window", "starts_on", "when", "on_breach", "changed_by")
    introduction = _l(
        "By when something must happen, and what happens if not. Running clocks keep the version they started under."
    )

    def path_of(self, values: dict[str, Any]) -> str:
        """A clock has no parent."""
        return str(values["key"])


def _stored(row: DraftPart) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).model_fields}


def _take(row: DraftPart, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _groups(session: Any, side: str) -> list[tuple[str, str]]:
    rows = session.query(DraftGroup).filter(DraftGroup.side == side).order_by(DraftGroup.path)
    return [(row.path, place_of(row)) for row in rows]


def _both_values(conflict: DraftConflict, labels: dict[str, Any]) -> str:
    lines = [
        gettext(
            "%(who)s changed this row while you were editing it. Nothing of yours is saved yet.", who=conflict.by or "?"
        )
    ]
    lines += [
        gettext(
            "%(what)s: there %(theirs)s — yours %(yours)s",
            what=labels.get(name) or named(name),
            theirs=shown(value),
            yours=shown(conflict.yours[name]),
        )
        for name, value in conflict.theirs.items()
    ]
    lines.append(gettext("Save again to put your values in, or go back to keep theirs."))
    return "\n".join(lines)
