"""Monthly eligibility lists: all lists, and a new one with a preview of its changes (R5.9)."""

from datetime import timedelta
from typing import Any

from flask import flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from admin.moment import now
from admin.permissions import May, actor, may
from admin.tables.files import read_file
from admin.text import terms
from admin.text.policy.findings import why
from admin.views import problems
from admin.views.lists import Guarded, page
from engine.errors import PolicyRefused
from engine.store.roster.eligibility import preview_list, save_list
from engine.store.roster.roster import RosterConflict, export_roster
from rulesets.document.tables import TableRefused, csv_text, read_rows
from rulesets.roster.eligibility import ROLES, Listed, eligible, read_list

MONTHS_AHEAD = 3


class Eligibility(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """Eligibility per month."""

    needs = May.SEE_ROSTER

    @page("/")
    def index(self) -> str:
        """All lists, and the form of a new one."""
        return self._shown()

    @page("/", "POST")
    def take_in(self) -> str | AnyResponse:
        """First post: show what a list would change. Second post: save it."""
        if not may(May.EDIT_ROSTER):
            problems.refuse()
        role, month = request.form.get("role", ""), request.form.get("month", "").strip()
        given: dict[str, Any] = {"role": role, "month": month, "text": request.form.get("emails", "")}
        try:
            upload = request.files.get("file")
            if upload is not None and upload.filename:
                given["text"] = csv_text(row.cells for row in read_file(upload.read()))
            names = read_list(read_rows(given["text"]))
            if request.form.get("seen") != "1":
                return self._shown(**given, listed=preview_list(role, month, names))
            listed = save_list(role, month, names, actor(), now())
        except (TableRefused, PolicyRefused, RosterConflict) as refused:
            return self._shown(**given, refusal=why(refused))
        flash(
            gettext(
                "The list of %(month)s: %(added)s added, %(removed)s removed.",
                month=month,
                added=len(listed.added),
                removed=len(listed.removed),
            ),
            "success",
        )
        return redirect(self.get_url(".index"))

    def _shown(
        self, *, role: str = "sales", month: str = "", text: str = "", listed: Listed | None = None, refusal: str = ""
    ) -> str:
        roster = export_roster()
        this = now().date().replace(day=1)
        ahead = [f"{(this + timedelta(days=31 * n)).replace(day=1):%Y-%m}" for n in range(MONTHS_AHEAD)]
        said = {m for person in roster.get("people", ()) for m in person.get("eligible_months", ())}
        rows = [(m, {one: eligible(roster, one, m) for one in ROLES}) for m in sorted({*ahead, *said}, reverse=True)]
        return str(
            self.render(
                "baton/eligibility.html",
                rows=rows, roles=[(one, terms.ROLES[one]) for one in ROLES], role=role, month=month or ahead[1],
                text=text, listed=listed, refusal=refusal, editable=may(May.EDIT_ROSTER),
            )
        )  # fmt: skip
