"""Values that name nobody, as the company lists them: a text with one value a line (R1.15)."""

from flask import flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin.permissions import May, actor, may
from admin.views import problems
from admin.views.lists import Guarded, page
from engine.store.inbox.nobody_list import nobody_values, save_nobody


class NobodyList(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """What fills a field in this company's data and names no person."""

    needs = May.SEE_ROSTER

    @page("/")
    def index(self) -> str:
        """The list, and the form that replaces it."""
        return str(self.render("baton/nobody.html", values=nobody_values(), editable=may(May.EDIT_SCORING)))

    @page("/", "POST")
    def replace(self) -> Response:
        """Replace the list."""
        if not may(May.EDIT_SCORING):
            problems.refuse()
        count = save_nobody(request.form.get("values", "").splitlines(), actor())
        flash(gettext("Values on the list: %(n)s.", n=count), "success")
        return redirect(self.get_url(".index"))
