"""Export and import of the roster: one document, or a CSV of people. An import shows its effects first."""

import json
from typing import Any

from flask import Response, flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from admin.moment import now
from admin.permissions import May, actor, may
from admin.tables.files import Format, is_table, read_table
from admin.text.policy.findings import why
from admin.views import problems
from admin.views.lists import Guarded, page, table_answer
from admin.views.roster.roster_forms import GIVE, give_of
from engine.core.calendar.roster_changes import Handover
from engine.errors import PolicyRefused
from engine.store.roster.roster import RosterChange, RosterConflict, export_roster, import_roster, preview_roster
from rulesets.document.document import DocumentUnreadable, load
from rulesets.document.tables import TableRefused
from rulesets.document.yaml_text import write_yaml
from rulesets.roster.roster_csv import people_rows, read_people
from workers.queues import wake

UNREADABLE = (UnicodeDecodeError, DocumentUnreadable, TableRefused, PolicyRefused)


class RosterDocumentView(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """Import and export."""

    needs = May.SEE_ROSTER

    @page("/")
    def index(self) -> str:
        """The page of export and import."""
        return self._shown(None)

    def _shown(self, refusal: str | None) -> str:
        text, editable = write_yaml(export_roster()), may(May.EDIT_ROSTER)
        return str(self.render("baton/roster.html", text=text, refusal=refusal, editable=editable))

    @page("/roster.yaml")
    def as_yaml(self) -> Response:
        """The roster as YAML."""
        return _file(write_yaml(export_roster()), "application/yaml", "roster.yaml")

    @page("/people.<any(csv, xlsx):kind>")
    def as_table(self, kind: Format) -> Response:
        """Its people as a table."""
        return table_answer(people_rows(export_roster()), "people", kind)

    @page("/", "POST")
    def take_in(self) -> str | AnyResponse:
        """Add and update what a file names. If open leads are affected, first ask where they go."""
        if not may(May.EDIT_ROSTER):
            problems.refuse()
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            return self._shown(gettext("Choose a file first."))
        try:
            document = _read(upload.filename, upload.read())
            shown = preview_roster(document, replace=request.form.get("replace") == "1", now=now())
            concerned = [one for one in shown.affected if one.leads or one.clocks]
            if concerned:
                return self._asked(concerned, shown.document, shown.tag)
            change = import_roster(document, replace=request.form.get("replace") == "1", by=actor(), now=now())
        except UNREADABLE as refused:
            return self._shown(why(refused))
        return self._done(change)

    @page("/confirm", "POST")
    def confirm(self) -> str | AnyResponse:
        """Import what was shown, unless the roster was edited meanwhile."""
        if not may(May.EDIT_ROSTER):
            problems.refuse()
        leaving, absent = (request.form.get(name, "") for name in ("leaving", "absent"))
        handover = Handover("manager" if leaving == "manager" else "policy", give_of(absent))
        try:
            document = load(request.form.get("document", ""))
            tag = request.form.get("tag", "")  # of the roster that was previewed; another one needs a new preview
            change = import_roster(document, by=actor(), expected=tag, handover=handover, now=now())
        except (*UNREADABLE, RosterConflict) as refused:
            return self._shown(why(refused))
        return self._done(change)

    def _asked(self, concerned: list[Any], document: dict[str, Any], tag: str) -> str:
        kept = json.dumps(document, ensure_ascii=False)
        return str(
            self.render("baton/roster_confirm.html", handover_people=concerned, document=kept, tag=tag, give=GIVE)
        )

    def _done(self, change: RosterChange) -> AnyResponse:
        wake(change.told)
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


def _read(name: str, raw: bytes) -> Any:
    return read_people(read_table(raw), export_roster()) if is_table(name, raw) else load(raw.decode("utf-8-sig"))


def _file(text: str, mimetype: str, name: str) -> Response:
    return Response(text, mimetype=mimetype, headers={"Content-Disposition": f"attachment; filename={name}"})
