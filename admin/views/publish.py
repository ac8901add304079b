"""From the draft to the version in force: what is wrong, what changes, who signed, and publishing.

Decides nothing itself: the lint, `engine.publish` and `engine.store.signatures` do.
"""

from typing import Any

from flask import current_app, flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin.moment import now
from admin.permissions import May, actor, may
from admin.views import problems
from admin.views.changes import told
from admin.views.lists import Guarded, page
from engine import publish as publishing
from engine.errors import PolicyRefused
from engine.linting import Checked, lint_policy, said
from engine.settings import Settings
from engine.store.drafts import DraftState, load_draft, mark_published
from engine.store.signatures import SignatureRefused, sign, valid_signatures, withdraw
from engine.store.versions import active_number, read_version
from rulesets.diff import diff

SIGNING = {"marketing": May.SIGN_MARKETING, "sales": May.SIGN_SALES}


class Publish(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """The page on which a draft becomes a version."""

    needs = May.SEE_POLICY

    @page("/")
    def index(self) -> str:
        """The draft against the version in force."""
        state = load_draft()
        number = active_number()
        active = read_version(number).document if number is not None else {}
        return self._shown(
            state=state,
            checked=lint_policy(state.document),
            number=number,
            differences=[told(change) for change in diff(active, state.document)] if number is not None else [],
        )

    def _shown(self, *, state: DraftState, checked: Checked, number: int | None, differences: list[Any]) -> str:
        signed = {signature.side: signature for signature in valid_signatures(state.digest)}
        wanted = _request(state, "", bypass=False)
        return str(
            self.render(
                "baton/publish.html",
                state=state,
                report=checked.report,
                samples=checked.samples,
                said=said,
                number=number,
                differences=differences,
                signed=signed,
                signoff=_signoff(),
                lacking=publishing.lacking_signatures(wanted, state.digest),
                may_sign={side: may(permission) for side, permission in SIGNING.items()},
                may_publish=may(May.PUBLISH),
                may_bypass=may(May.BYPASS_SIGNOFF),
            )
        )

    @page("/sign/<side>", "POST")
    def sign(self, side: str) -> Response:
        """Sign for one's own side what was read."""
        if side not in SIGNING or not may(SIGNING[side]):
            problems.refuse()
        try:
            sign(side, request.form.get("digest", ""), actor(), now())
            flash(gettext("Signed. Any further edit of the draft voids the signature."), "success")
        except SignatureRefused as refused:
            flash(str(refused), "error")
        return redirect(self.get_url(".index"))

    @page("/withdraw/<side>", "POST")
    def withdraw(self, side: str) -> Response:
        """Take back the signature of one's own side."""
        if side not in SIGNING or not may(SIGNING[side]):
            problems.refuse()
        withdraw(side, actor())
        return redirect(self.get_url(".index"))

    @page("/publish", "POST")
    def publish(self) -> Response:
        """Publish exactly what was read; without the signatures only as an audited bypass."""
        bypass = request.form.get("bypass") == "1"
        if not may(May.PUBLISH) or (bypass and not may(May.BYPASS_SIGNOFF)):
            problems.refuse()
        state = load_draft()
        if state.digest != request.form.get("digest"):
            flash(gettext("The draft was changed after you opened the page. Read what is new, then publish."), "error")
            return redirect(self.get_url(".index"))
        self._publish(state, bypass)
        return redirect(self.get_url(".index"))

    def _publish(self, state: DraftState, bypass: bool) -> None:
        wanted = _request(state, request.form.get("reason", ""), bypass=bypass)
        lacked = publishing.lacking_signatures(wanted, state.digest)
        try:
            number = publishing.publish(wanted, now())
        except PolicyRefused as refused:
            flash(str(refused), "error")
            return
        mark_published(number, state.digest, wanted.by, wanted.reason, bypassed=bool(lacked))
        flash(gettext("Version %(number)s is in force. Workers take it up within seconds.", number=number), "success")


def draft_faults() -> tuple[int, int]:
    """How many errors the draft has, and how many of its test cases are red."""
    checked = lint_policy(load_draft().document)
    return len(checked.report.errors), len(checked.samples.red)


def _signoff() -> str:
    settings: Settings = current_app.config["BATON_SETTINGS"]
    return settings.signoff


def _request(state: DraftState, reason: str, *, bypass: bool) -> publishing.Request:
    return publishing.Request(
        document=state.document,
        by=actor(),
        reason=reason[:2000],
        signoff=_signoff(),
        signatures=tuple(
            publishing.Signature(s.side, s.signer, s.digest, s.signed_at) for s in valid_signatures(state.digest)
        ),
        authors=state.authors,
        bypass=bypass,
        act_on_existing="promote" if request.form.get("act_on_existing") == "promote" else "none",
    )
