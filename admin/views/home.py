"""The first page: leads by stage, waiting events, due clocks, load per person."""

from flask import redirect, url_for
from flask_admin import AdminIndexView
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from admin.moment import now
from admin.permissions import May, actor, may
from admin.views.lists import Guarded, page
from engine.store.due.rescore import progress
from engine.store.read.overview import overview


class Home(Guarded, AdminIndexView):  # type: ignore[misc] # the library carries no types
    """The overview. People who see only their own leads are redirected to them."""

    def __init__(self) -> None:
        super().__init__(name=lazy_gettext("Overview"), url="/admin")

    @page("/")
    def index(self) -> str | Response:
        """The current counts."""
        if not may(May.SEE_ALL_LEADS):
            return redirect(url_for("leads.index_view"))
        return str(
            self.render("baton/home.html", at=now(), seen=overview(now()), me=actor(), lag=_span, rescoring=progress())
        )


def _span(seconds: float) -> str:
    """A span of time in one rounded unit."""
    if seconds < 60:
        return str(gettext("%(n)s s", n=round(seconds)))
    if seconds < 5400:
        return str(gettext("%(n)s min", n=round(seconds / 60)))
    return str(gettext("%(n)s h", n=round(seconds / 3600)))
