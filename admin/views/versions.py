"""Published versions: immutable, listed, read; the roster and the draft are elsewhere."""

from flask import Response
from flask_admin import BaseView

from admin.permissions import May
from admin.views import problems
from admin.views.lists import Guarded, page
from engine.errors import NotFound
from engine.store.versions import Version, list_versions, read_version
from rulesets.yaml_text import write_yaml


class Versions(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """Every version, newest first."""

    needs = May.SEE_POLICY

    @page("/")
    def index(self) -> str:
        """The list."""
        return str(self.render("baton/versions.html", versions=list_versions()))

    @page("/<int:number>/")
    def version(self, number: int) -> str:
        """One version with its document."""
        found = _found(number)
        return str(self.render("baton/version.html", version=found, text=write_yaml(found.document)))

    @page("/<int:number>/policy.yaml")
    def download(self, number: int) -> Response:
        """One version's document as a file."""
        headers = {"Content-Disposition": f"attachment; filename=policy-{number}.yaml"}
        return Response(write_yaml(_found(number).document), mimetype="application/yaml", headers=headers)


def _found(number: int) -> Version:
    try:
        return read_version(min(number, 2**31 - 1))
    except NotFound:
        problems.not_found()
