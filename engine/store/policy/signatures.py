"""Signatures of marketing and sales on the draft, bound to its digest. An edit changes the digest and voids them.

`engine.policy.publish` decides whose signatures a publication needs.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import select

from engine.errors import BatonError
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.policy.drafts import load_draft
from engine.store.schema.draft_tables import DraftSignature
from rulesets.document.wording import says

SIDES = ("marketing", "sales")
REVIEW = "review"
"""A request for review, stored like a signature, and void after an edit like one."""


class SignatureRefused(BatonError):
    """A signature that cannot be given; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class DraftSignatureGiven:
    """One side's signature."""

    side: str
    signer: str
    signed_at: datetime
    digest: str


def valid_signatures(digest: str) -> tuple[DraftSignatureGiven, ...]:
    """The signatures on the draft with this digest. Those of other digests are void and left out."""
    with unit_of_work() as session:
        rows = session.exec(
            select(DraftSignature)
            .where(DraftSignature.digest == digest, DraftSignature.side != REVIEW)
            .order_by(DraftSignature.side)
        ).all()
        return tuple(DraftSignatureGiven(row.side, row.signer, row.signed_at, row.digest) for row in rows)


def reviewing(digest: str) -> DraftSignatureGiven | None:
    """Who asked for a review of the draft with this digest, and when; None if nobody did."""
    with unit_of_work() as session:
        row = session.get(DraftSignature, REVIEW)
        asked = row is not None and row.digest == digest
        return DraftSignatureGiven(row.side, row.signer, row.signed_at, row.digest) if row and asked else None


def ask_for_review(digest: str, by: str, now: datetime) -> None:
    """Ask both sides to review the draft. Raises `SignatureRefused` if the draft is not the one that was read."""
    _put(REVIEW, digest, by, now, "draft.review_asked")


def sign(side: str, digest: str, by: str, now: datetime) -> None:
    """Sign for a side. Raises `SignatureRefused` if the draft is not the one that was read."""
    if side not in SIDES:
        raise SignatureRefused(says("%(side)s is not a side: choose marketing or sales", side=side))
    _put(side, digest, by, now, "draft.signed")


def _put(side: str, digest: str, by: str, now: datetime, action: str) -> None:
    if load_draft().digest != digest:
        raise SignatureRefused(says("the draft was changed after you opened the page: read what is new, then sign"))
    with unit_of_work() as session:
        session.merge(DraftSignature(side=side, digest=digest, signer=by, signed_at=now))
        audit.record(session, actor=by, action=action, subject=f"draft/{side}", after={"digest": digest})


def withdraw(side: str, by: str) -> None:
    """Withdraw a signature."""
    with unit_of_work() as session:
        row = session.get(DraftSignature, side)
        if row is not None:
            session.delete(row)
            audit.record(
                session, actor=by, action="draft.signature_withdrawn", subject=f"draft/{side}",
                before={"digest": row.digest, "signer": row.signer},
            )  # fmt: skip
