"""The whole draft as one document: read, download, replace."""

from typing import Any

from flask import Response, flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from admin.permissions import May, actor, all_granted, may
from admin.policy_rights import forbidden
from admin.text import terms
from admin.text.policy.changes import sentence
from admin.text.policy.findings import why
from admin.views import problems
from admin.views.lists import Guarded, page
from admin.views.policy.checked import check_context
from engine.errors import PolicyRefused
from engine.store.policy.drafts import DraftConflict, load_draft, save_draft, undoable
from rulesets import starters
from rulesets.document.document import DocumentUnreadable, load, parse, plain
from rulesets.document.yaml_text import write_yaml
from rulesets.policy.diff import diff


class WholeDocument(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """The draft as YAML."""

    needs = May.SEE_POLICY

    @page("/")
    def index(self) -> str:
        """The document and its findings."""
        state = load_draft()
        return self._shown(write_yaml(state.document), state.revision)

    def _shown(self, text: str, revision: int, refusal: str | None = None) -> str:
        editable = may(May.EDIT_DOCUMENT)
        return str(
            self.render(
                "baton/document.html",
                text=text,
                revision=revision,
                refusal=refusal,
                **check_context(),
                editable=editable,
                starters=terms.STARTERS,
                checklists=terms.CHECKLISTS,
                undoable=undoable() if editable else None,
            )
        )

    @page("/draft.yaml")
    def download(self) -> Response:
        """The document as a file."""
        text = write_yaml(load_draft().document)
        headers = {"Content-Disposition": "attachment; filename=draft.yaml"}
        return Response(text, mimetype="application/yaml", headers=headers)

    @page("/starter", "POST")
    def starter(self) -> AnyResponse:
        """Replace the draft by a starter."""
        name = request.form.get("name", "")
        if name not in starters.NAMES:
            problems.not_found()
        return self._take(starters.load(name), name)

    @page("/checklist", "POST")
    def checklist(self) -> AnyResponse:
        """Add a checklist to the draft, with the fields it needs."""
        name = request.form.get("name", "")
        if name not in starters.CHECKLISTS:
            problems.not_found()
        try:
            return self._take(starters.with_checklist(load_draft().document, name), name)
        except starters.ChecklistRefused as refused:
            flash(why(refused), "error")
            return redirect(self.get_url(".index"))

    @page("/undo", "POST")
    def undo(self) -> AnyResponse:
        """Undo the last starter or checklist."""
        found = undoable()
        if found is None:
            flash(gettext("The draft was changed since: nothing was undone."), "error")
            return redirect(self.get_url(".index"))
        return self._take(found[1], None)

    def _take(self, raw: Any, name: str | None) -> AnyResponse:
        """Make a document the draft, if the reader may and the draft is unchanged since it was read."""
        if not may(May.EDIT_DOCUMENT):
            problems.refuse()
        try:
            refused_places = not_mine(raw)
            if refused_places:
                parts = "; ".join(refused_places)
                flash(gettext("Your role may not change these parts: %(parts)s.", parts=parts), "error")
            else:
                save_draft(raw, request.form.get("revision", type=int, default=-1), actor(), taken=name)
                flash(gettext("The draft was changed; this can be undone until it is changed again."), "success")
        except DraftConflict as conflict:
            flash(gettext("%(who)s changed the draft while you were editing it.", who=conflict.by or "?"), "error")
        return redirect(self.get_url(".index"))

    @page("/", "POST")
    def replace(self) -> str | AnyResponse:
        """Replace the draft by a document. On refusal the form keeps what was typed."""
        if not may(May.EDIT_DOCUMENT):
            problems.refuse()
        upload = request.files.get("file")
        text = upload.read().decode("utf-8", "replace") if upload and upload.filename else request.form.get("text", "")
        revision = request.form.get("revision", type=int, default=-1)
        try:
            raw = load(text)
            refused_places = not_mine(raw)
            if refused_places:
                refusal = gettext("Your role may not change these parts: %(parts)s.", parts="; ".join(refused_places))
                return self._shown(text, revision, refusal)
            save_draft(raw, revision, actor())
        except DocumentUnreadable as refused:
            return self._shown(text, revision, why(refused))
        except DraftConflict as conflict:
            refusal = gettext("%(who)s changed the draft while you were editing it.", who=conflict.by or "?")
            return self._shown(text, conflict.version, f"{refusal} {gettext('Save again to replace it with yours.')}")
        except PolicyRefused as refused:
            return self._shown(text, revision, why(refused))
        flash(gettext("The draft was replaced."), "success")
        return redirect(self.get_url(".index"))


def not_mine(raw: Any) -> list[str]:
    """The changes of a document that the reader may not make, in words. Empty if it is not a policy."""
    policy = parse(raw).policy
    if policy is None:
        return []
    old, new = load_draft().document, plain(policy)
    return [sentence(change) for change in forbidden(diff(old, new), old, new, all_granted())][:20]
