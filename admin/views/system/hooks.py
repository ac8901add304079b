"""What comes in by webhook: sources that administrators keep, trials of their mapping, and the quarantine."""

import json
from typing import Any, ClassVar

from flask import current_app, flash, redirect, request
from flask_admin.actions import action
from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, PasswordField, StringField, TextAreaField
from wtforms.validators import Length, Regexp

from admin.hooks.definition import KEY, DefinitionRefused, read_definition
from admin.hooks.keeping import complete, replay, sample_text, sealed, try_body
from admin.hooks.ready_made import ready_made, ready_texts
from admin.hooks.signatures import LONGEST_SECRET
from admin.moment import now
from admin.permissions import May, actor
from admin.text import terms
from admin.text.policy.findings import why
from admin.views import problems
from admin.views.fields import Given, YamlField
from admin.views.forms import PageForm
from admin.views.lists import Filter, ListView, page
from engine.errors import BatonError, NotFound
from engine.store.hooks import quarantine, sources
from engine.store.hooks.sources import HookRefused
from engine.store.schema.intake_tables import HookSource, QuarantinedHook

REASONS = {
    "mapping_failed": _l("not mapped"),
    "missing": _l("something is missing"),
    "bad_id": _l("unusable id"),
    "bad_type": _l("unusable type"),
    "unknown_type": _l("unknown type"),
    "no_identifier": _l("names nobody"),
    "bad_identifier": _l("unusable identifier"),
    "bad_moment": _l("unusable moment"),
    "no_zone": _l("moment without zone"),
    "too_far_ahead": _l("moment too far ahead"),
    "wrong_type": _l("wrong kind of value"),
    "scope_missing": _l("not allowed to this source"),
}
"""Why a body waits, by the code of the mapping or of the envelope; other codes are shown as they are."""
DEFINITION = _l("Definition (YAML)")
MAPS = _l("Signature, mapping to envelopes, rules for the type, sample body. The documentation has every key.")


class NewHookForm(PageForm):
    """A new source."""

    key = StringField(
        _l("Key"),
        [Given(), Regexp(f"{KEY}$", message=_l("Write 1 to 40 of a-z, 0-9, _ and -."))],
        description=_l("The end of the address /hooks/… and the source of its events."),
    )
    secret = PasswordField(
        _l("Secret"),
        [Length(max=LONGEST_SECRET)],
        description=_l("As the vendor shows it; it is stored encrypted and not shown again."),
    )
    definition = YamlField(DEFINITION, [Given()], description=MAPS, render_kw={"class": "document"})


class HookForm(PageForm):
    """A source as it is changed."""

    secret = PasswordField(
        _l("New secret"), [Length(max=LONGEST_SECRET)], description=_l("Empty: the secret stays as it is.")
    )
    keep_old = BooleanField(
        _l("The secret before it stays valid, too"),
        default=True,
        description=_l("For as long as the vendor changes over. At most two are valid."),
    )
    definition = YamlField(DEFINITION, [Given()], description=MAPS, render_kw={"class": "document"})
    active = BooleanField(_l("In use"), default=True, description=_l("A paused source is answered “not found”."))


class BodyForm(PageForm):
    """A body to try."""

    body = TextAreaField(_l("Body"), [Given(), Length(max=quarantine.MAX_KEPT)], render_kw={"class": "document"})


class Hooks(ListView):
    """Sources of vendor webhooks."""

    needs = May.EDIT_KEYS
    list_template = "baton/hooks.html"
    create_template = "baton/hook_new.html"
    edit_template = "baton/hook.html"
    form = NewHookForm
    can_create = True
    can_edit = True
    column_list = ("key", "label", "scheme", "secrets", "active", "created_by", "created_at")
    numeric_columns = ("secrets",)
    column_labels: ClassVar[dict[str, Any]] = {
        "key": _l("Key"),
        "label": _l("Name"),
        "scheme": _l("Signature"),
        "secrets": _l("Valid secrets"),
        "active": _l("State"),
        "created_by": _l("Made by"),
        "created_at": _l("Made"),
    }
    column_sortable_list = ("key",)
    column_default_sort = "key"
    column_formatters: ClassVar[dict[str, Any]] = {
        "scheme": lambda _v, _c, row, _n: Markup("<code>{}</code>").format(row.definition["signature"]["scheme"]),
        "secrets": lambda _v, _c, row, _n: len(row.secrets),
        "active": lambda _v, _c, row, _n: gettext("active") if row.active else gettext("paused"),
        "created_at": lambda _v, _c, row, _n: format_datetime(row.created_at, "short"),
    }
    introduction = _l("Forms, CRMs and advertising tools send their own webhooks here; each becomes lead events.")
    empty = _l("No sources yet. Add one; HubSpot, Typeform, WeCom and others are ready-made.")

    def title_of(self, model: HookSource) -> str:
        """The heading of a source's page."""
        return f"{model.label} · {model.key}"

    def get_edit_form(self) -> Any:
        """A source that is there keeps its key."""
        return HookForm

    @page("/new/", "GET", "POST")
    def create_view(self) -> Any:
        """Make a source, of a ready-made one if the address names it."""
        form = self.create_form()
        name = request.args.get("ready", "")
        if request.method == "GET" and name in ready_texts():
            form.definition.data = ready_made(name)
            form.key.data = name.replace("_", "-")
        if request.method == "POST" and form.validate() and self._made(form):
            flash(gettext("The source is made. Its address is /hooks/%(key)s.", key=form.key.data), "success")
            return redirect(self.get_url(".try_view", key=form.key.data))
        return self.render(
            self.create_template, form=form, return_url=self.get_url(".index_view"), ready=list(ready_texts())
        )

    def _made(self, form: Any) -> bool:
        try:
            definition = complete(form.definition.data)
            secrets = _sealed(form.secret.data, definition)
            sources.add_source(form.key.data, definition, secrets, now(), actor())
        except (DefinitionRefused, HookRefused) as refused:
            _refuse(form, refused)
            return False
        return True

    def update_model(self, form: Any, model: HookSource) -> bool:
        """Change a source, or say why not."""
        try:
            definition = complete(form.definition.data)
            secrets = _sealed(form.secret.data, definition)
            sources.change_source(model.key, definition, active=form.active.data, by=actor())
            for secret in secrets:
                sources.renew_secret(model.key, secret, keep_old=form.keep_old.data, by=actor())
        except (DefinitionRefused, NotFound) as refused:
            _refuse(form, refused)
            return False
        return True

    @page("/<key>/try", "GET", "POST")
    def try_view(self, key: str) -> Any:
        """Show what would become of a body; nothing is stored."""
        row = _found(key)
        definition = read_definition(row.definition)
        form = BodyForm(request.form, data={"body": sample_text(definition)})
        found = None
        if request.method == "POST" and form.validate():
            found = try_body(key, definition, form.body.data, now())
        shown = [json.dumps(one, ensure_ascii=False, indent=2, default=str) for one in found.envelopes] if found else []
        return self.render("baton/hook_try.html", form=form, source=row, found=found, envelopes=shown, reasons=REASONS)

    @page("/<key>/remove", "POST")
    def remove(self, key: str) -> AnyResponse:
        """Take nothing from a source any more."""
        return self._done(sources.remove_source, key, gettext("The source is removed."))

    @page("/<key>/drop-old", "POST")
    def drop_old(self, key: str) -> AnyResponse:
        """Leave only the newest secret valid."""
        return self._done(sources.drop_old_secret, key, gettext("Only the newest secret is valid now."))

    def _done(self, act: Any, key: str, told: str) -> AnyResponse:
        try:
            act(_found(key).key, actor())
            flash(told, "success")
        except NotFound as refused:
            flash(why(refused), "error")
        return redirect(self.get_url(".index_view"))


def _found(key: str) -> HookSource:
    row = None if "\x00" in key else sources.find_source(key)
    if row is None:
        problems.not_found()
    return row


def _sealed(secret: str | None, definition: dict[str, Any]) -> list[str]:
    return sealed([secret] if secret else [], definition, current_app.config["SECRET_KEY"])


def _refuse(form: Any, refused: BatonError) -> None:
    flash(gettext("This source cannot be used as it is written; the reason stands at the definition."), "error")
    form.definition.errors = [*form.definition.errors, why(refused)]


class Quarantine(ListView):
    """Bodies that could not be taken."""

    needs = May.EDIT_KEYS
    column_list = ("id", "source", "reason", "message", "times", "received_at")
    numeric_columns = ("times",)
    column_labels: ClassVar[dict[str, Any]] = {
        "id": _l("Number"),
        "source": _l("Source"),
        "reason": _l("Reason"),
        "message": _l("In the words of the check"),
        "times": _l("Times"),
        "received_at": _l("First came"),
    }
    column_sortable_list = ("id",)
    column_default_sort = ("id", True)
    column_filters = (
        Filter(QuarantinedHook.source, _l("Source")),
        Filter(QuarantinedHook.reason, _l("Reason"), REASONS.items()),
    )
    column_formatters: ClassVar[dict[str, Any]] = {
        "reason": lambda _v, _c, row, _n: terms.term(REASONS, row.reason),
        "message": lambda _v, _c, row, _n: Markup("<code>{}</code>").format(row.message[:300]),
        "received_at": lambda _v, _c, row, _n: format_datetime(row.received_at, "short"),
    }
    introduction = _l(
        "Webhooks whose body could not be mapped, or whose events were refused. Mend the mapping, replay."
    )
    empty = _l("Nothing waits: everything that came could be taken.")
    badge_label = _l("in quarantine")

    @staticmethod
    def badge() -> int:
        """How many bodies wait, for the menu."""
        return quarantine.count_quarantined()

    def row_link(self, row: QuarantinedHook) -> str | None:
        """To the body."""
        return str(self.get_url(".open_view", number=row.id))

    def is_action_allowed(self, name: str) -> bool:
        """Replaying and deleting, and nothing of the library's."""
        return name in {"replay", "drop"}

    @page("/<int:number>/")
    def open_view(self, number: int) -> Any:
        """One body, and why it waits."""
        try:
            row = quarantine.read_quarantined(number)
        except NotFound:
            problems.not_found()
        text = row.body.decode("utf-8", "replace")
        return self.render("baton/quarantined.html", row=row, text=text, reasons=REASONS)

    @action("replay", _l("Replay"), _l("Map the chosen bodies again, and take their events in?"))  # type: ignore[untyped-decorator] # as it is
    def action_replay(self, ids: list[str]) -> None:
        """Map the chosen bodies again."""
        done = sum(_replayed(number) for number in _numbers(ids))
        if done:
            flash(gettext("%(n)s bodies were taken in.", n=done), "success")

    @action("drop", _l("Delete"), _l("Delete the chosen bodies? Their events are lost."))  # type: ignore[untyped-decorator] # as it is
    def action_drop(self, ids: list[str]) -> None:
        """Delete the chosen bodies."""
        for number in _numbers(ids):
            try:
                quarantine.release(number, "hook.quarantine_deleted", actor())
            except NotFound as refused:
                flash(why(refused), "error")


def _numbers(ids: list[str]) -> list[int]:
    return [int(number) for number in ids if number.isascii() and number.isdigit() and len(number) < 19]


def _replayed(number: int) -> bool:
    try:
        replay(number, now(), actor())
    except (NotFound, HookRefused) as refused:
        flash(gettext("%(number)s: %(why)s", number=number, why=why(refused)), "error")
        return False
    return True
