"""The roster: people and teams, edited at once effective, taken in and out as a document or a table."""

from typing import Any, ClassVar

from flask import Response, flash, redirect, request
from flask_admin import BaseView
from flask_admin.form import BaseForm
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import Email, Length, NumberRange, Optional, Regexp

from admin.permissions import May, actor, may
from admin.views import problems, terms
from admin.views.fields import Given
from admin.views.lists import Filter, Guarded, ListView, page
from engine.errors import PolicyRefused
from engine.store.roster import export_roster, import_roster, save_person, save_team
from engine.store.tables import Person, Team
from rulesets.document import DocumentUnreadable, load
from rulesets.roster import ROLES
from rulesets.roster_csv import CsvRefused, read_people, write_people
from rulesets.yaml_text import write_yaml

LISTS = ("territories", "languages", "industries")
LIST_HINT = _l("Separated by commas.")


def _nothing(value: Any) -> Any:
    return value or None


def _text(label: Any, **more: Any) -> StringField:
    return StringField(label, [Optional(), Length(max=200)], filters=[_nothing], **more)


class PersonForm(BaseForm):  # type: ignore[misc] # the library carries no types
    """A person."""

    name = _text(_l("Name"))
    role = SelectField(_l("Role"), choices=[(role, terms.ROLES[role]) for role in ROLES])
    team = SelectField(_l("Team"), filters=[_nothing], validate_choice=False)
    department = _text(_l("Department"))
    manager = _text(_l("Manager (e-mail)"))
    territories = _text(_l("Territories"), description=LIST_HINT)
    languages = _text(_l("Languages"), description=LIST_HINT)
    industries = _text(_l("Industries"), description=LIST_HINT)
    tier = IntegerField(_l("Tier"), [Given(), NumberRange(1, 9)], default=3, description=_l("1 is best."))
    weight = IntegerField(
        _l("Weight"), [Given(), NumberRange(1, 1000)], default=1, description=_l("Turns in weighted rotation.")
    )
    capacity = IntegerField(
        _l("Capacity"), [Optional(), NumberRange(1, 100_000)], description=_l("Most open leads; empty: no limit.")
    )
    active = BooleanField(_l("Active"), default=True, description=_l("The inactive receive no leads."))


class NewPersonForm(PersonForm):
    """A new person."""

    email = StringField(_l("E-mail"), [Given(), Email(message=_l("Give an e-mail address.")), Length(max=320)])


class TeamForm(BaseForm):  # type: ignore[misc] # the library carries no types
    """A team."""

    label = _text(_l("Name"))
    head = _text(_l("Head (e-mail)"))
    department = _text(_l("Department"))


class NewTeamForm(TeamForm):
    """A new team."""

    key = StringField(
        _l("Key"), [Given(), Regexp(r"^[a-z][a-z0-9_]{0,39}$", message=_l("Small letters, digits and _."))]
    )


class RosterList(ListView):
    """Base of the lists of people and teams."""

    needs = May.SEE_ROSTER
    new_form: ClassVar[Any] = None

    @property
    def can_edit(self) -> bool:  # type: ignore[override] # asked anew for each reader
        """Whether the reader may change the roster."""
        return may(May.EDIT_ROSTER)

    @property
    def can_create(self) -> bool:  # type: ignore[override] # as above
        """Whether the reader may add to the roster."""
        return may(May.EDIT_ROSTER)

    def get_create_form(self) -> Any:
        """The form of a new row."""
        return self.new_form

    def save(self, values: dict[str, Any]) -> bool:
        """Write one row."""
        raise NotImplementedError

    def _saved(self, values: dict[str, Any]) -> bool:
        try:
            return self.save(values)
        except PolicyRefused as refused:
            flash(str(refused), "error")
            return False


class People(RosterList):
    """People who may own leads."""

    form = PersonForm
    new_form = NewPersonForm
    column_list = ("email", "name", "role", "team", "department", "manager", "weight", "capacity", "active")
    column_display_pk = True
    numeric_columns = ("weight", "capacity")
    column_labels: ClassVar[dict[str, Any]] = {
        "email": _l("E-mail"),
        "name": _l("Name"),
        "role": _l("Role"),
        "team": _l("Team"),
        "department": _l("Department"),
        "manager": _l("Manager"),
        "weight": _l("Weight"),
        "capacity": _l("Capacity"),
        "active": _l("Active"),
    }
    column_sortable_list = ("email", "role", "team")
    column_default_sort = "email"
    column_searchable_list = ("email", "name")
    column_filters = (
        Filter(Person.role, _l("Role"), [(r, terms.ROLES[r]) for r in ROLES]),
        Filter(Person.team, _l("Team")),
    )
    column_formatters: ClassVar[dict[str, Any]] = {
        "role": lambda _v, _c, row, _n: terms.term(terms.ROLES, row.role),
        "active": lambda _v, _c, row, _n: gettext("yes") if row.active else gettext("no"),
    }
    introduction = _l("Who may receive leads. Changes are effective at once, and everyone's are in the audit log.")
    empty = _l("Nobody yet. Add people here, or import them as a table or a document.")

    def search_placeholder(self) -> str:
        """What may be typed."""
        return str(gettext("e-mail, name"))

    def title_of(self, model: Person) -> str:
        """The heading of a person's page."""
        return model.email

    def create_form(self, obj: Any = None) -> Any:
        """The form with the teams there are."""
        return self._with_teams(super().create_form(obj))

    def edit_form(self, obj: Any = None) -> Any:
        """The form with the teams there are and the lists of the person."""
        form = self._with_teams(super().edit_form(obj))
        if request.method == "GET" and obj is not None:
            for name in LISTS:
                form[name].data = ", ".join(obj.details.get(name, ()))
        return form

    def _with_teams(self, form: Any) -> Any:
        form.team.choices = [("", "—"), *((team.key, team.label or team.key) for team in self.session.query(Team))]
        return form

    def save(self, values: dict[str, Any]) -> bool:
        """Write one person."""
        lists = {name: [part.strip() for part in (values[name] or "").split(",") if part.strip()] for name in LISTS}
        save_person({**values, **lists, "email": values["email"].strip().lower()}, actor())
        return True

    def update_model(self, form: Any, model: Person) -> bool:
        """Save a person, or say why not."""
        return self._saved({**form.data, "email": model.email})

    def create_model(self, form: Any) -> Person | bool:
        """Add a person, or say why not."""
        email = form.email.data.strip().lower()
        if self.session.get(Person, email) is not None:
            flash(gettext("%(email)s is in the roster already.", email=email), "error")
            return False
        return self._saved(form.data) and Person(email=email, details={})


class Teams(RosterList):
    """Teams and their heads."""

    form = TeamForm
    new_form = NewTeamForm
    column_list = ("key", "label", "head", "department")
    column_display_pk = True
    column_labels: ClassVar[dict[str, Any]] = {
        "key": _l("Key"),
        "label": _l("Name"),
        "head": _l("Head"),
        "department": _l("Department"),
    }
    column_default_sort = "key"
    empty = _l("No teams yet. Leads can be given to people without any.")

    def title_of(self, model: Team) -> str:
        """The heading of a team's page."""
        return model.label or model.key

    def save(self, values: dict[str, Any]) -> bool:
        """Write one team."""
        save_team(values, actor())
        return True

    def update_model(self, form: Any, model: Team) -> bool:
        """Save a team, or say why not."""
        return self._saved({**form.data, "key": model.key})

    def create_model(self, form: Any) -> Team | bool:
        """Add a team, or say why not."""
        return self._saved(form.data) and Team(key=form.key.data)


class RosterDocument(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """The roster as one document, or its people as a table."""

    needs = May.SEE_ROSTER

    @page("/")
    def index(self) -> str:
        """What can be taken out and in."""
        return self._shown(None)

    def _shown(self, refusal: str | None) -> str:
        text, editable = write_yaml(export_roster()), may(May.EDIT_ROSTER)
        return str(self.render("baton/roster.html", text=text, refusal=refusal, editable=editable))

    @page("/roster.yaml")
    def as_yaml(self) -> Response:
        """The whole roster."""
        return _file(write_yaml(export_roster()), "application/yaml", "roster.yaml")

    @page("/people.csv")
    def as_csv(self) -> Response:
        """Its people as a table."""
        return _file("\ufeff" + write_people(export_roster()), "text/csv", "people.csv")

    @page("/", "POST")
    def take_in(self) -> str | AnyResponse:
        """Add and update what a file names; with the box ticked the absent are deactivated."""
        if not may(May.EDIT_ROSTER):
            problems.refuse()
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            return self._shown(gettext("Choose a file first."))
        try:
            text = upload.read().decode("utf-8-sig")
            document = read_people(text) if upload.filename.lower().endswith(".csv") else load(text)
            change = import_roster(document, replace=request.form.get("replace") == "1", by=actor())
        except (UnicodeDecodeError, DocumentUnreadable, CsvRefused, PolicyRefused) as refused:
            return self._shown(str(refused))
        flash(
            gettext(
                "Added: %(added)s, updated: %(updated)s, deactivated: %(gone)s, unchanged: %(same)s.",
                added=len(change.added),
                updated=len(change.updated),
                gone=len(change.deactivated),
                same=change.unchanged,
            ),
            "success",
        )
        return redirect(self.get_url("people.index_view"))


def _file(text: str, mimetype: str, name: str) -> Response:
    return Response(text, mimetype=mimetype, headers={"Content-Disposition": f"attachment; filename={name}"})
