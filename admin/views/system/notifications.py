"""The reader's notifications, newest first, and which of them are sent by e-mail."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, g, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_security import current_user
from werkzeug.wrappers import Response

from admin.moment import now
from admin.permissions import May, actor, may
from admin.text import notices
from admin.text.language import LANGUAGES, keep_language
from admin.views.lists import Guarded, page
from engine.core.notify.notices import KINDS
from engine.settings import Settings
from engine.store.outbox.mail_queue import Preferences, read_preferences, save_preferences
from engine.store.outbox.notices import Notification, count_unread, mark_read, read_notices
from engine.store.read.lead_cards import leads_in_hand

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class NotificationLine:
    """A notification as the page shows it."""

    notice: Notification
    name: str
    sentence: str
    readable: bool
    """Whether the reader may open its lead. People who see only their own leads lose access with the lead."""


class Notifications(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """The reader's notifications. Nobody reads those of others."""

    badge_label = _l("not read yet")

    @staticmethod
    def badge() -> int:
        """The number of unread notifications, for the menu. Read once per request."""
        if not current_user.is_authenticated:
            return 0
        if "unread" not in g:
            g.unread = count_unread(actor())
        return int(g.unread)

    @page("/")
    def index(self) -> str:
        """The list, filtered."""
        kind = request.args.get("kind") if request.args.get("kind") in KINDS else None
        unread = request.args.get("unread") == "1"
        found = read_notices(actor(), unread=unread, kind=kind, before=_before(), limit=PAGE_SIZE + 1)
        shown = found[:PAGE_SIZE]
        leads = _readable({one.lead_id for one in shown if one.lead_id is not None})
        lines = [
            NotificationLine(one, notices.name_of(one.kind), _sentence(one), one.lead_id in leads) for one in shown
        ]
        older = found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None
        return str(
            self.render(
                "baton/notifications.html",
                lines=lines,
                older=older,
                kind=kind,
                unread=unread,
                waiting=self.badge(),
                kinds={code: notices.name_of(code) for code in KINDS},
                filtered=kind is not None or unread or _before() is not None,
            )
        )

    @page("/read", "POST")
    def read(self) -> Response:
        """Mark one, several or all as read."""
        ids = None if "all" in request.form else [n for n in map(_number, request.form.getlist("id")) if n]
        marked = mark_read(actor(), now(), ids)
        flash(gettext("Marked as read: %(n)s.", n=marked), "success")
        return redirect(self.get_url(".index", **_kept()))

    @page("/settings/", "GET", "POST")
    def settings(self) -> str | Response:
        """Which notifications are sent by e-mail, and in which language."""
        if request.method == "POST":
            chosen = {kind: f"mail_{kind}" in request.form for kind in KINDS}
            language = request.form.get("language", "")
            if language in LANGUAGES:
                keep_language(language)
            else:
                language = read_preferences(actor()).language or ""
            save_preferences(actor(), Preferences(language or None, chosen, "digest" in request.form))
            flash(gettext("Kept."), "success")
            return redirect(self.get_url(".settings"))
        wanted = read_preferences(actor())
        return str(
            self.render(
                "baton/notification_settings.html",
                wanted=wanted,
                kinds={code: notices.name_of(code) for code in KINDS},
                address=actor(),
                by_mail=_is_mail_set(),
            )
        )


def _sentence(one: Notification) -> str:
    return notices.sentence(one.kind, one.about, one.details)


def _readable(leads: set[int]) -> set[int]:
    return leads if may(May.SEE_ALL_LEADS) else leads_in_hand(actor(), leads)


def _before() -> int | None:
    return _number(request.args.get("before", ""))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _kept() -> dict[str, Any]:
    """The filters of the previous page."""
    return {name: request.form[name] for name in ("kind", "unread") if request.form.get(name)}


def _is_mail_set() -> bool:
    settings: Settings = current_app.config["BATON_SETTINGS"]
    return settings.smtp is not None
