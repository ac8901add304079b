"""The draft becomes the version in force: the same steps for the API and the command line.

Decides nothing: who must have signed is `engine.policy.publish`'s, what is signed `engine.store.policy.signatures`'.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.policy.activation import moment_in, schedule
from engine.policy.publish import Request, Signature, lacking_signatures, publish
from engine.store.policy.drafts import DraftState, load_draft
from engine.store.policy.signatures import valid_signatures

OPERATOR = "operator"
"""Who acts on the command line: may bypass signatures, which is audited, and never gives one."""


@dataclass(frozen=True, slots=True)
class Published:
    """The version in force now; ``changed`` is False when the draft was in force already.

    Of a publication for a later moment ``number`` is None, and ``plan`` and ``at`` name it.
    """

    number: int | None
    digest: str
    changed: bool
    bypassed: bool
    plan: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublicationTime:
    """When a draft is to come into force, as people write it: local time of ``zone`` (the policy's)."""

    text: str
    zone: str | None = None


def publish_draft(
    by: str,
    reason: str,
    now: datetime,
    *,
    signoff: str,
    bypass: bool = False,
    act_on_existing: str = "none",
    moment: PublicationTime | None = None,
    draft: DraftState | None = None,
) -> Published:
    """Publish the draft, at once or at a moment: ``draft`` as it was read, else as it is now.

    Raises PolicyRefused with every finding, or naming the signatures that lack.
    """
    draft = draft or load_draft()
    request = request_to_publish(draft, by, reason, signoff=signoff, bypass=bypass, act_on_existing=act_on_existing)
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
    """What would be published, with the signatures that hold."""
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
