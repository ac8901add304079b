"""Pages of webhooks, and of outgoing messages: waiting, sent, failed."""

from typing import Any, ClassVar

from flask import flash, redirect, request
from flask_admin.actions import action
from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from admin.moment import now
from admin.permissions import May, actor
from admin.text import notices, terms
from admin.text.policy.findings import why
from admin.views.fields import Given
from admin.views.forms import PageForm
from admin.views.lists import Filter, ListView, page
from admin.views.system.administration import ChoicesField
from engine.core.outgoing import EVENTS
from engine.errors import NotFound
from engine.store.outbox import subscriptions
from engine.store.outbox.deliveries import count_failed, send_again
from engine.store.outbox.subscriptions import SubscriptionRefused
from engine.store.schema.notice_tables import Delivery, Subscription

CHANNELS = {"mail": _l("E-mail"), "webhook": _l("Webhook")}
DELIVERY_STATES = {
    "waiting": _l("on its way"),
    "sent": _l("sent"),
    "failed": _l("given up"),
    "empty": _l("nothing to tell"),
}


class WebhookForm(PageForm):
    """The address and events of a webhook."""

    url = StringField(
        _l("Address"),
        [Given(), Length(max=subscriptions.LONGEST_URL)],
        description=_l("Such as https://crm.example.com/hook"),
    )
    events = ChoicesField(_l("Events"), choices=[(event, event) for event in EVENTS])
    active = BooleanField(_l("In use"), default=True, description=_l("A paused address is told nothing."))


class Webhooks(ListView):
    """Webhooks."""

    needs = May.EDIT_KEYS
    list_template = "baton/webhooks.html"
    form = WebhookForm
    can_create = True
    can_edit = True
    column_list = ("url", "events", "active", "created_by", "created_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "url": _l("Address"),
        "events": _l("Events"),
        "active": _l("State"),
        "created_by": _l("Made by"),
        "created_at": _l("Made"),
    }
    column_sortable_list = ()
    column_default_sort = "id"
    column_formatters: ClassVar[dict[str, Any]] = {
        "events": lambda _v, _c, row, _n: ", ".join(row.events),
        "active": lambda _v, _c, row, _n: gettext("active") if row.active else gettext("paused"),
        "created_at": lambda _v, _c, row, _n: format_datetime(row.created_at, "short"),
    }
    introduction = _l("Each address gets a signed message when something changes, with the values before and after.")
    empty = _l("No webhooks yet. Add the address of a system that wants to know what happens to leads.")

    def title_of(self, model: Subscription) -> str:
        """The heading of a webhook's page."""
        return model.url

    @page("/new/", "GET", "POST")
    def create_view(self) -> Any:
        """Make a webhook and show its secret once."""
        form = self.create_form()
        if request.method == "POST" and form.validate():
            try:
                made = subscriptions.add_subscription(form.url.data, form.events.data or (), actor())
            except SubscriptionRefused as refused:
                flash(why(refused), "error")
            else:
                return self._secret(form.url.data, made.secret)
        return self.render("baton/form.html", form=form, return_url=self.get_url(".index_view"))

    def update_model(self, form: Any, model: Subscription) -> bool:
        """Change a webhook, or flash why not."""
        try:
            subscriptions.change_subscription(
                model.id or 0, url=form.url.data, events=form.events.data or (), active=form.active.data, by=actor()
            )
        except (SubscriptionRefused, NotFound) as refused:
            flash(why(refused), "error")
            return False
        return True

    @page("/<int:number>/secret", "POST")
    def replace_secret(self, number: int) -> Any:
        """Make a new secret and show it once."""
        try:
            return self._secret(gettext("webhook %(n)s", n=number), subscriptions.replace_secret(number, actor()))
        except NotFound as refused:
            flash(why(refused), "error")
            return redirect(self.get_url(".index_view"))

    @page("/<int:number>/remove", "POST")
    def remove(self, number: int) -> AnyResponse:
        """Remove a webhook."""
        try:
            subscriptions.remove_subscription(number, actor())
            flash(gettext("The address is told nothing any more."), "success")
        except NotFound as refused:
            flash(why(refused), "error")
        return redirect(self.get_url(".index_view"))

    def _secret(self, name: str, secret: str) -> str:
        return str(self.render("baton/webhook_secret.html", secret=secret, name=name))


class Deliveries(ListView):
    """Outgoing messages: waiting, sent, failed."""

    needs = May.EDIT_KEYS
    column_list = ("id", "state", "kind", "address", "last_error", "attempts", "next_at", "channel", "created_at")
    numeric_columns = ("attempts",)
    column_labels: ClassVar[dict[str, Any]] = {
        "id": _l("Number"),
        "channel": _l("Channel"),
        "kind": _l("What"),
        "address": _l("To"),
        "state": _l("State"),
        "attempts": _l("Attempts"),
        "created_at": _l("Made"),
        "next_at": _l("Sent, or next attempt"),
        "last_error": _l("Last error"),
    }
    column_sortable_list = ("id",)
    column_default_sort = ("id", True)
    column_filters = (
        Filter(Delivery.state, _l("State"), DELIVERY_STATES.items()),
        Filter(Delivery.channel, _l("Channel"), CHANNELS.items()),
        Filter(Delivery.address, _l("To")),
    )
    column_formatters: ClassVar[dict[str, Any]] = {
        "channel": lambda _v, _c, row, _n: terms.term(CHANNELS, row.channel),
        "kind": lambda _v, _c, row, _n: row.kind if row.channel == "webhook" else _kind_name(row.kind),
        "state": lambda _v, _c, row, _n: _state(row.state),
        "created_at": lambda _v, _c, row, _n: format_datetime(row.created_at, "short"),
        "next_at": lambda _v, _c, row, _n: _due(row),
        "last_error": lambda _v, _c, row, _n: row.last_error or "",
    }
    introduction = _l(
        "E-mails and webhooks. What does not arrive is tried again for three days; what was given up waits here."
    )
    empty = _l("Nothing was sent yet.")
    badge_label = _l("given up")

    @staticmethod
    def badge() -> int:
        """The number of failed messages, for the menu."""
        return count_failed()

    def is_action_allowed(self, name: str) -> bool:
        """*Send again* is the only action."""
        return name == "send_again"

    @action("send_again", _l("Send again"), _l("Send the chosen messages again?"))  # type: ignore[untyped-decorator] # as it is
    def action_send_again(self, ids: list[str]) -> None:
        """Retry the chosen failed messages, with a new series of attempts."""
        numbers = [int(number) for number in ids if number.isascii() and number.isdigit() and len(number) < 19]
        done = 0
        for number in numbers:
            try:
                send_again(number, now(), actor())
                done += 1
            except NotFound as refused:
                flash(why(refused), "error")
        if done:
            flash(gettext("%(n)s messages are sent again.", n=done), "success")


def _kind_name(kind: str) -> str:
    return str(gettext("Daily mail")) if kind == "digest" else notices.name_of(kind)


def _state(state: str) -> Markup:
    tone = {"failed": "bad", "waiting": "warn", "sent": "good"}.get(state, "")
    return Markup('<span class="tag {}">{}</span>').format(tone, terms.term(DELIVERY_STATES, state))


def _due(row: Delivery) -> str:
    moment = {"sent": row.sent_at, "waiting": row.next_at}.get(row.state)
    return format_datetime(moment, "short") if moment else "—"
