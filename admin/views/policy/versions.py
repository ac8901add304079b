"""Published versions: list, read, compare, restore into the draft. May not change a version."""

from flask import Response, flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from admin.permissions import May, actor, may
from admin.text.policy.changes import ChangeText, change_text
from admin.views import problems
from admin.views.lists import Guarded, page
from admin.views.policy.document import not_mine
from engine.errors import NotFound
from engine.policy.life import restore
from engine.store.due.rescore import progress
from engine.store.policy.drafts import DraftConflict, load_draft
from engine.store.policy.versions import Version, active_number, list_versions, read_version
from rulesets.document.yaml_text import write_yaml
from rulesets.policy.diff import diff


class Versions(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """Every version, newest first."""

    needs = May.SEE_POLICY

    @page("/")
    def index(self) -> str:
        """The list, and the progress of rescoring under the version in force."""
        return str(self.render("baton/versions.html", versions=list_versions(), rescoring=progress()))

    @page("/<int:number>/")
    def version(self, number: int) -> str:
        """One version: its document, and its differences from another one (by default the one before)."""
        found = _found(number)
        others = [version["number"] for version in list_versions() if version["number"] != number]
        other = request.args.get("other", type=int, default=number - 1)
        return str(
            self.render(
                "baton/version.html",
                version=found,
                text=write_yaml(found.document),
                others=others,
                other=other if other in others else None,
                differences=_differences(_found(other), found) if other in others else [],
                active=active_number(),
                revision=load_draft().revision,
                may_restore=may(May.EDIT_DOCUMENT),
            )
        )

    @page("/<int:number>/policy.yaml")
    def download(self, number: int) -> Response:
        """One version's document as a file."""
        headers = {"Content-Disposition": f"attachment; filename=policy-{number}.yaml"}
        return Response(write_yaml(_found(number).document), mimetype="application/yaml", headers=headers)

    @page("/<int:number>/restore", "POST")
    def restore(self, number: int) -> AnyResponse:
        """Restore the version into the draft, unless somebody changed the draft meanwhile."""
        if not may(May.EDIT_DOCUMENT):
            problems.refuse()
        parts = not_mine(_found(number).document)
        if parts:
            flash(gettext("Your role may not change these parts: %(parts)s.", parts=", ".join(parts)), "error")
            return redirect(self.get_url(".version", number=number))
        try:
            restore(number, request.form.get("revision", type=int, default=-1), actor())
        except DraftConflict as conflict:
            flash(gettext("%(who)s changed the draft after you opened the page.", who=conflict.by or "?"), "error")
            return redirect(self.get_url(".version", number=number))
        flash(
            gettext("The draft is version %(number)s again. Publishing it makes a new version.", number=number),
            "success",
        )
        return redirect(self.get_url("publish.index"))


def _differences(old: Version, new: Version) -> list[ChangeText]:
    return [change_text(change) for change in diff(old.document, new.document)]


def _found(number: int) -> Version:
    try:
        return read_version(min(number, 2**31 - 1))
    except NotFound:
        problems.not_found()
