"""Pages of people and teams. An edit is effective at once and audited."""

from typing import Any, ClassVar

from flask import flash, g, redirect, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from admin.moment import now
from admin.permissions import May, actor, may
from admin.text import terms
from admin.text.policy.findings import why
from admin.views import problems
from admin.views.lists import Filter, ListView, page
from admin.views.roster.roster_forms import CAPS, GIVE, LISTS, NewPersonForm, NewTeamForm, PersonForm, TeamForm, give_of
from engine.core.calendar.roster_changes import KEEP, Handover
from engine.errors import NotFound, PolicyRefused
from engine.store.roster.roster import HANDOVER, person_document, preview_roster, remove_team, save_person, save_team
from engine.store.roster.suspensions import SuspensionShown, lift_suspension, read_suspensions
from engine.store.schema.roster_tables import CalendarRow, Person, Team
from rulesets.roster.roster import ROLES
from workers.queues import wake


class RosterList(ListView):
    """Base of the lists of the roster."""

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
        """Save a row."""
        raise NotImplementedError

    def remove(self, model: Any) -> None:
        """Delete a row."""
        raise NotImplementedError

    def delete_model(self, model: Any) -> bool:
        """Delete a row, or flash why not."""
        try:
            self.remove(model)
        except PolicyRefused as refused:
            flash(why(refused), "error")
            return False
        return True

    def _saved(self, values: dict[str, Any]) -> bool:
        try:
            return self.save(values)
        except PolicyRefused as refused:
            flash(why(refused), "error")
            return False


class PeopleView(RosterList):
    """People who may own leads."""

    form = PersonForm
    new_form = NewPersonForm
    edit_template = "baton/person.html"
    column_list = ("email", "name", "role", "team", "department", "manager", "weight", "capacity", "calendar", "active")
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
        "calendar": _l("Working calendar"),
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
        """The hint of the search field."""
        return str(gettext("e-mail, name"))

    def title_of(self, model: Person) -> str:
        """The heading of a person's page."""
        return model.email

    def create_form(self, obj: Any = None) -> Any:
        """The form, with the teams and calendars of the roster as choices."""
        return self._with_choices(super().create_form(obj))

    def edit_form(self, obj: Any = None) -> Any:
        """The form with its choices, and the values of the JSON column of the person."""
        form = self._with_choices(super().edit_form(obj))
        if request.method == "GET" and obj is not None:
            for name in LISTS:
                form[name].data = ", ".join(obj.details.get(name, ()))
            for cap in CAPS:
                form[f"cap_{cap}"].data = obj.details.get("caps", {}).get(cap)
            for name in ("absences", "eligible_months"):
                form[name].data = obj.details.get(name, [])
        return form

    def _with_choices(self, form: Any) -> Any:
        form.team.choices = [("", "—"), *((team.key, team.label or team.key) for team in self.session.query(Team))]
        form.calendar.choices = [("", "—"), *((row.key, row.key) for row in self.session.query(CalendarRow))]
        return form

    def save(self, values: dict[str, Any], handover: Handover = HANDOVER) -> bool:
        """Save a person and wake the leads that they lose."""
        wake(save_person(values, actor(), handover, now()).told)
        return True

    def update_model(self, form: Any, model: Person) -> bool:
        """Save a person, or flash why not. If open leads are affected, first ask where they go."""
        values, give = _person({**form.data, "email": model.email}), request.form.get("give", "")
        try:
            if request.form.get("seen") != "1" and (concerned := _concerned(values)):
                g.handover, g.give = concerned, _choices(concerned)
                return False
            handover = Handover("manager" if give == "manager" else "policy", give_of(give))
            return self.save(values, handover)
        except PolicyRefused as refused:
            flash(why(refused), "error")
            return False

    def create_model(self, form: Any) -> Person | bool:
        """Add a person, or flash why not."""
        email = form.email.data.strip().lower()
        if self.session.get(Person, email) is not None:
            flash(gettext("%(email)s is in the roster already.", email=email), "error")
            return False
        return self._saved(_person({**form.data, "email": email})) and Person(email=email, details={})

    def suspensions_of(self, model: Person) -> list[SuspensionShown]:
        """The suspensions of a person, the latest first."""
        return read_suspensions(model.email, 20)

    def moment(self) -> Any:
        """The time of the request."""
        return now()

    @page("/lift", "POST")
    def lift(self) -> AnyResponse:
        """End a suspension early, with a reason."""
        if not may(May.EDIT_ROSTER):
            problems.refuse()
        person, reason = request.form.get("person", ""), request.form.get("reason", "").strip()
        number = request.form.get("suspension", "")
        if not reason:
            flash(gettext("Say why the suspension is lifted."), "error")
        else:
            try:
                numbered = number.isascii() and number.isdigit() and len(number) < 19
                wake(lift_suspension(int(number) if numbered else 0, actor(), reason[:500], now()))
                flash(gettext("The suspension is lifted."), "success")
            except NotFound as gone:
                flash(why(gone), "error")
        return redirect(self.get_url(".edit_view", id=person))


class TeamsView(RosterList):
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

    @property
    def can_delete(self) -> bool:  # type: ignore[override] # asked anew for each reader
        """Whether the reader may delete empty teams."""
        return may(May.EDIT_ROSTER)

    def title_of(self, model: Team) -> str:
        """The heading of a team's page."""
        return model.label or model.key

    def save(self, values: dict[str, Any]) -> bool:
        """Save a team."""
        save_team(values, actor())
        return True

    def remove(self, model: Team) -> None:
        """Delete a team."""
        remove_team(model.key, actor())

    def update_model(self, form: Any, model: Team) -> bool:
        """Save a team, or flash why not."""
        return self._saved({**form.data, "key": model.key})

    def create_model(self, form: Any) -> Team | bool:
        """Add a team, or flash why not."""
        return self._saved(form.data) and Team(key=form.key.data)


def _person(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a form, in the form of the roster document."""
    lists = {name: [part.strip() for part in (values[name] or "").split(",") if part.strip()] for name in LISTS}
    caps = {cap: limit for cap in CAPS if (limit := values.pop(f"cap_{cap}")) is not None}
    return {**values, **lists, "caps": caps or None, "email": values["email"].strip().lower()}


def _concerned(values: dict[str, Any]) -> list[Any]:
    """The people whose open leads or clocks an edit affects. Raises `PolicyRefused`."""
    shown = preview_roster(person_document(values), now=now()).affected
    return [one for one in shown if one.leads or one.clocks]


def _choices(concerned: list[Any]) -> dict[str, Any]:
    """Where open leads may go, the default first. Only leads of absent people may stay."""
    if all(one.cause == "absence" for one in concerned):
        return {KEEP: GIVE[KEEP], **GIVE}
    return {key: label for key, label in GIVE.items() if key != KEEP}
