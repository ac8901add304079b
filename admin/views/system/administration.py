"""Pages of API keys, accounts, and the read-only audit log."""

from typing import Any, ClassVar

from flask import flash, g, redirect, request
from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, PasswordField, SelectMultipleField, StringField
from wtforms.validators import Email, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from admin.moment import now
from admin.permissions import May, actor
from admin.text import terms
from admin.text.policy.findings import why
from admin.views.fields import Given
from admin.views.forms import PageForm
from admin.views.lists import Filter, ListView, page
from engine.errors import NotFound
from engine.store.access import accounts
from engine.store.access.accounts import AccountRefused
from engine.store.access.keys import SCOPES, KeyRefused, add_key, revoke_key
from engine.store.schema.admin_tables import AuditEntry, UserAccount


class ChoicesField(SelectMultipleField):  # type: ignore[misc] # the library carries no types
    """Several choices as checkboxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class KeyForm(PageForm):
    """A new key."""

    name = StringField(_l("Name"), [Given(), Length(max=64)], description=_l("Also the source of its events."))
    scopes = ChoicesField(_l("What it may do"), choices=[(scope, scope) for scope in SCOPES])
    public = BooleanField(
        _l("Public"), description=_l("For browsers: may only send behaviour, and overwrites nothing that is trusted.")
    )
    person = StringField(
        _l("Acts for (e-mail)"),
        [Optional(), Email(message=_l("Give an e-mail address."))],
        filters=[lambda value: value or None],
        description=_l("Work sent with the key counts as this person's."),
    )


class UserForm(PageForm):
    """An account."""

    roles = ChoicesField(_l("Roles"), choices=[(role, terms.ROLES[role]) for role in accounts.ROLES])
    active = BooleanField(_l("May sign in"), default=True)
    password = PasswordField(
        _l("New password"), [Optional()], description=_l("At least 10 characters. Empty: it stays.")
    )


class NewUserForm(PageForm):
    """A new account."""

    email = StringField(_l("E-mail"), [Given(), Email(message=_l("Give an e-mail address.")), Length(max=320)])
    roles = ChoicesField(_l("Roles"), choices=[(role, terms.ROLES[role]) for role in accounts.ROLES])
    password = PasswordField(_l("Password"), [Given()], description=_l("At least 10 characters."))


class Keys(ListView):
    """API keys."""

    needs = May.EDIT_KEYS
    list_template = "baton/keys.html"
    form = KeyForm
    can_create = True
    column_list = ("name", "prefix", "scopes", "public", "person", "created_at", "last_used_at", "revoked_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "name": _l("Name"),
        "prefix": _l("Begins with"),
        "scopes": _l("What it may do"),
        "public": _l("Public"),
        "person": _l("Acts for"),
        "created_at": _l("Made"),
        "last_used_at": _l("Last used"),
        "revoked_at": _l("State"),
    }
    column_default_sort = "name"
    column_sortable_list = ("name",)
    column_formatters: ClassVar[dict[str, Any]] = {
        "prefix": lambda _v, _c, row, _n: Markup("<code>baton_{}…</code>").format(row.prefix),
        "scopes": lambda _v, _c, row, _n: ", ".join(row.scopes),
        "public": lambda _v, _c, row, _n: gettext("yes") if row.public else gettext("no"),
        "created_at": lambda _v, _c, row, _n: format_datetime(row.created_at, "short"),
        "last_used_at": lambda _v, _c, row, _n: _when(row.last_used_at),
        "revoked_at": lambda _v, _c, row, _n: gettext("revoked") if row.revoked_at else gettext("in use"),
    }
    introduction = _l("A key opens the API for an outside system. Only a digest is kept: the secret is shown once.")
    empty = _l("No keys yet. Websites, forms and the CRM each need one of their own.")

    @page("/new/", "GET", "POST")
    def create_view(self) -> Any:
        """Make a key and show its secret once. Only its digest is stored."""
        form = self.create_form()
        if request.method == "POST" and form.validate():
            try:
                made = add_key(
                    form.name.data.strip(),
                    form.scopes.data,
                    now(),
                    public=form.public.data,
                    person=form.person.data,
                    by=actor(),
                )
                return self.render("baton/secret.html", secret=made.secret, name=form.name.data)
            except KeyRefused as refused:
                flash(why(refused), "error")
        return self.render("baton/form.html", form=form, return_url=self.get_url(".index_view"))

    @page("/revoke", "POST")
    def revoke(self) -> AnyResponse:
        """Revoke a key."""
        try:
            revoke_key(request.form.get("name", ""), now(), actor())
            flash(gettext("The key opens nothing any more."), "success")
        except NotFound as refused:
            flash(why(refused), "error")
        return self._back()

    def _back(self) -> AnyResponse:
        return redirect(self.get_url(".index_view"))


class Users(ListView):
    """Accounts of people who sign in."""

    needs = May.EDIT_USERS
    form = UserForm
    can_create = True
    can_edit = True
    column_list = ("email", "roles", "active", "created_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "email": _l("E-mail"),
        "roles": _l("Roles"),
        "active": _l("May sign in"),
        "created_at": _l("Made"),
    }
    column_default_sort = "email"
    column_sortable_list = ("email",)
    column_searchable_list = ("email",)
    introduction = _l("Who may sign in, and as what. An account and a person of the roster are linked by e-mail.")

    column_formatters: ClassVar[dict[str, Any]] = {
        "roles": lambda _v, _c, row, _n: ", ".join(str(terms.term(terms.ROLES, role)) for role in _roles_of(row.id)),
        "active": lambda _v, _c, row, _n: gettext("yes") if row.active else gettext("no"),
        "created_at": lambda _v, _c, row, _n: _when(row.created_at),
    }

    def get_create_form(self) -> Any:
        """The form of a new account."""
        return NewUserForm

    def title_of(self, model: UserAccount) -> str:
        """The heading of an account's page."""
        return model.email

    def edit_form(self, obj: Any = None) -> Any:
        """The form with the roles. The password hash is never put into a form."""
        form = super().edit_form(obj)
        if request.method == "GET" and obj is not None:
            form.roles.data = list(accounts.roles_by_account().get(obj.id, ()))
        return form

    def create_model(self, form: Any) -> UserAccount | bool:
        """Add an account, or flash why not."""
        try:
            number = accounts.add_user(form.email.data, form.roles.data, form.password.data, actor())
        except AccountRefused as refused:
            flash(why(refused), "error")
            return False
        return UserAccount(id=number, email=form.email.data, password="")

    def update_model(self, form: Any, model: UserAccount) -> bool:
        """Change roles, activity and password, or flash why not."""
        try:
            accounts.change_user(
                model.id or 0,
                roles=form.roles.data,
                active=form.active.data,
                password=form.password.data or None,
                by=actor(),
            )
        except (AccountRefused, NotFound) as refused:
            flash(why(refused), "error")
            return False
        return True


class AuditLog(ListView):
    """The audit log: every write by anyone."""

    needs = May.SEE_AUDIT
    column_list = ("at", "actor", "action", "subject", "reason", "changed")
    column_labels: ClassVar[dict[str, Any]] = {
        "at": _l("When"),
        "actor": _l("Who"),
        "action": _l("What"),
        "subject": _l("On what"),
        "reason": _l("Reason"),
        "changed": _l("Before → after"),
    }
    column_sortable_list = ()
    column_default_sort = ("id", True)
    column_filters = (
        Filter(AuditEntry.actor, _l("Who")),
        Filter(AuditEntry.subject, _l("On what")),
    )
    column_formatters: ClassVar[dict[str, Any]] = {
        "at": lambda _v, _c, row, _n: format_datetime(row.at, "medium"),
        "reason": lambda _v, _c, row, _n: row.reason or "",
        "changed": lambda _v, _c, row, _n: _changed(row),
    }
    introduction = _l("Who changed what, and when. Nobody can change or remove a line.")
    empty = _l("Nothing was changed yet.")


def _when(moment: Any) -> str:
    return format_datetime(moment, "short") if moment else "—"


def _changed(row: AuditEntry) -> Markup:
    """The values that differ, before → after."""
    before, after = row.before or {}, row.after or {}
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    lines = [Markup("<li>{}: {} → {}</li>").format(name, _short(before, name), _short(after, name)) for name in names]
    return Markup("<ul>{}</ul>").format(Markup().join(lines)) if lines else Markup()


def _short(values: dict[str, Any], name: str) -> str:
    text = str(values[name]) if values.get(name) is not None else "—"
    return f"{text[:120]}…" if len(text) > 120 else text


def _roles_of(number: int | None) -> tuple[str, ...]:
    """The roles of an account. The first call of a request reads those of all accounts."""
    if "roles_by_account" not in g:
        g.roles_by_account = accounts.roles_by_account()
    found: tuple[str, ...] = g.roles_by_account.get(number, ())
    return found
