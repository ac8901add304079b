"""Publishes the draft: the same steps for pages, API and command line.

`engine.policy.publish` decides which signatures are needed, `engine.store.policy.signatures` which are valid. May not
decide either.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.policy.activation import moment_in, schedule
from engine.policy.publish import Request, Signature, lacking_signatures, publish
from engine.store.policy.drafts import DraftState, load_draft
from engine.store.policy.signatures import valid_signatures
from engine.store.policy.versions import active_number

OPERATOR = "operator"
"""The actor of the command line. It may bypass signatures (audited) and never sign."""


@dataclass(frozen=True, slots=True)
class Published:
    """The version in force. ``changed`` is False if the draft was in force before.

    For a later publication ``number`` is None; ``plan`` is its id and ``at`` its time.
    """

    number: int | None
    digest: str
    changed: bool
    bypassed: bool
    plan: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublicationTime:
    """The time of a later publication, as typed: local time of ``zone``, by default the policy's."""

    text: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class ReadDraft:
    """A draft as somebody read it, and the version that was in force then: another one must not be overtaken."""

    state: DraftState
    base: int | None


def read_draft() -> ReadDraft:
    """The draft as it is now."""
    base = active_number()  # before the draft: a version that comes into force between the two reads is noticed
    return ReadDraft(load_draft(), base)


def publish_draft(
    by: str,
    reason: str,
    now: datetime,
    *,
    signoff: str,
    bypass: bool = False,
    act_on_existing: str = "none",
    moment: PublicationTime | None = None,
    read: ReadDraft | None = None,
) -> Published:
    """Publish the draft, at once or at a moment: as it was read, else as it is now.

    Raises PolicyRefused with every finding, or with the missing signatures.
    """
    read = read or read_draft()
    draft = read.state
    request = request_to_publish(draft, by, reason, signoff=signoff, bypass=bypass, act_on_existing=act_on_existing)
    request = replace(request, check_base=True, base=read.base)
    if moment is not None:
        zone = moment.zone or str(draft.document["timezone"])
        at = moment_in(moment.text, zone)
        bypassed = bool(lacking_signatures(request, draft.digest))
        plan = schedule(request, at, zone, now)
        return Published(None, draft.digest, changed=False, bypassed=bypassed, plan=plan, at=at)
    done = publish(request, now)
    return Published(done.number, draft.digest, done.written, done.bypassed)


def request_to_publish(
    draft: DraftState, by: str, reason: str, *, signoff: str, bypass: bool = False, act_on_existing: str = "none"
) -> Request:
    """The request to publish this draft, with its valid signatures."""
    return Request(
        document=draft.document,
        by=by,
        reason=reason,
        signoff=signoff,
        signatures=tuple(Signature(s.side, s.signer, s.digest, s.signed_at) for s in valid_signatures(draft.digest)),
        authors=draft.authors,
        bypass=bypass,
        act_on_existing=act_on_existing,
    )
