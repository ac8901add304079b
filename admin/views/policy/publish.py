"""The page of publishing: findings, changes, signatures, and scheduled publications.

The lint, `engine.policy.publish` and `engine.store.policy.signatures` decide. May not decide anything itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, flash, redirect, request
from flask_admin import BaseView
from flask_babel import format_datetime, gettext
from werkzeug.wrappers import Response

from admin.moment import now
from admin.permissions import May, actor, may
from admin.publishing import PublicationTime, ReadDraft, publish_draft, read_draft, request_to_publish
from admin.text.policy.changes import change_text
from admin.text.policy.findings import why
from admin.views import problems
from admin.views.lists import Guarded, page
from admin.views.policy.checked import check_context
from engine.errors import NotFound, PolicyRefused
from engine.policy import activation
from engine.policy import publish as publishing
from engine.settings import Settings
from engine.store.due.rescore import progress, resting
from engine.store.policy.drafts import DraftState, load_draft
from engine.store.policy.plans import open_plans
from engine.store.policy.signatures import SignatureRefused, ask_for_review, reviewing, sign, valid_signatures, withdraw
from engine.store.policy.versions import active_number, read_version
from rulesets.policy.diff import diff

SIGNING = {"marketing": May.SIGN_MARKETING, "sales": May.SIGN_SALES}


class Publish(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """The page that publishes the draft."""

    needs = May.SEE_POLICY

    @page("/")
    def index(self) -> str:
        """The draft compared with the version in force."""
        state = load_draft()
        number = active_number()
        active = read_version(number) if number is not None else None
        return self._shown(
            state=state,
            number=number,
            differences=[change_text(change) for change in diff(active.document, state.document)] if active else [],
            adds={act: active is None or publishing.adds_to(active, state.digest, act) for act in publishing.ACTS},
        )

    def _shown(self, *, state: DraftState, number: int | None, differences: list[Any], adds: Mapping[str, bool]) -> str:
        signed = {signature.side: signature for signature in valid_signatures(state.digest)}
        wanted = request_to_publish(state, actor(), "", signoff=_signoff())
        return str(
            self.render(
                "baton/publish.html",
                state=state,
                **check_context(),
                number=number,
                plans=open_plans(),
                rescoring=progress(),
                asked=reviewing(state.digest),
                may_ask=may(May.EDIT_DOCUMENT),
                differences=differences,
                adds=adds,
                resting=resting(),
                signed=signed,
                signoff=_signoff(),
                lacking=publishing.lacking_signatures(wanted, state.digest),
                may_sign={side: may(permission) for side, permission in SIGNING.items()},
                may_publish=may(May.PUBLISH),
                may_bypass=may(May.BYPASS_SIGNOFF),
            )
        )

    @page("/check")
    def check(self) -> str:
        """A fragment of pages: the last check of the draft. ``brief``: in one line."""
        return str(self.render("baton/checked.html", **check_context(), brief="brief" in request.args))

    @page("/review", "POST")
    def review(self) -> Response:
        """Ask both sides to review the draft with this digest."""
        if not may(May.EDIT_DOCUMENT):
            problems.refuse()
        try:
            ask_for_review(request.form.get("digest", ""), actor(), now())
            flash(gettext("The draft is up for review. Any further edit takes it back."), "success")
        except SignatureRefused as refused:
            flash(why(refused), "error")
        return redirect(self.get_url(".index"))

    @page("/sign/<side>", "POST")
    def sign(self, side: str) -> Response:
        """Sign the draft with this digest for the reader's side."""
        if side not in SIGNING or not may(SIGNING[side]):
            problems.refuse()
        try:
            sign(side, request.form.get("digest", ""), actor(), now())
            flash(gettext("Signed. Any further edit of the draft voids the signature."), "success")
        except SignatureRefused as refused:
            flash(why(refused), "error")
        return redirect(self.get_url(".index"))

    @page("/withdraw/<side>", "POST")
    def withdraw(self, side: str) -> Response:
        """Withdraw the signature of the reader's side."""
        if side not in SIGNING or not may(SIGNING[side]):
            problems.refuse()
        withdraw(side, actor())
        return redirect(self.get_url(".index"))

    @page("/publish", "POST")
    def publish(self) -> Response:
        """Publish the draft that the reader saw. Without all signatures it needs an audited bypass."""
        bypass = request.form.get("bypass") == "1"
        if not may(May.PUBLISH) or (bypass and not may(May.BYPASS_SIGNOFF)):
            problems.refuse()
        read = read_draft()
        # the digest is part of the form: nobody publishes what they have not seen
        if read.state.digest != request.form.get("digest"):
            flash(gettext("The draft was changed after you opened the page. Read what is new, then publish."), "error")
            return redirect(self.get_url(".index"))
        self._publish(read, bypass)
        return redirect(self.get_url(".index"))

    def _publish(self, read: ReadDraft, bypass: bool) -> None:
        at, act = request.form.get("at", "").strip(), request.form.get("act_on_existing")
        try:
            done = publish_draft(
                actor(),
                request.form.get("reason", "")[:2000],
                now(),
                signoff=_signoff(),
                bypass=bypass,
                act_on_existing="promote" if act == "promote" else "none",
                moment=PublicationTime(at[:40]) if at else None,
                read=read,  # not read again: an edit made meanwhile was seen by nobody
            )
        except PolicyRefused as refused:
            flash(why(refused), "error")
            return
        if done.at is not None:
            flash(gettext("Scheduled for %(at)s.", at=format_datetime(done.at, "medium")), "success")
            return
        change_text = gettext("Version %(number)s is in force. Workers take it up within seconds.", number=done.number)
        flash(change_text, "success")

    @page("/plans/<int:number>/cancel", "POST")
    def cancel(self, number: int) -> Response:
        """Cancel a scheduled publication."""
        return self._settle(number, activation.cancel, actor(), request.form.get("reason", "")[:2000] or None)

    @page("/plans/<int:number>/move", "POST")
    def move(self, number: int) -> Response:
        """Reschedule a publication, on the base of the version in force now."""
        zone = str(load_draft().document["timezone"])
        try:
            at = activation.moment_in(request.form.get("at", ""), zone)
        except PolicyRefused as refused:
            flash(why(refused), "error")
            return redirect(self.get_url(".index"))
        return self._settle(number, activation.reschedule, at, zone, actor(), now())

    def _settle(self, number: int, act: Callable[..., bool], *arguments: Any) -> Response:
        if not may(May.PUBLISH):
            problems.refuse()
        try:
            done = act(number, *arguments)
        except NotFound:
            problems.not_found()
        except PolicyRefused as refused:
            flash(why(refused), "error")
            return redirect(self.get_url(".index"))
        if done:
            flash(gettext("Done."), "success")
        else:
            flash(gettext("It was changed, given up or put in force meanwhile: nothing was done."), "error")
        return redirect(self.get_url(".index"))


def _signoff() -> str:
    settings: Settings = current_app.config["BATON_SETTINGS"]
    return settings.signoff
