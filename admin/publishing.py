"""The draft becomes the version in force: the same steps for the API and the command line.

Decides nothing: who must have signed is `engine.publish`'s, what is signed `engine.store.signatures`'.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.publish import Request, Signature, lacking_signatures, publish
from engine.store.drafts import load_draft, mark_published
from engine.store.signatures import valid_signatures
from engine.store.versions import active_number

OPERATOR = "operator"
"""Who acts on the command line: may bypass signatures, which is audited, and never gives one."""


@dataclass(frozen=True, slots=True)
class Published:
    """The version in force now; ``changed`` is False when the draft was in force already."""

    number: int
    digest: str
    changed: bool
    bypassed: bool


def publish_draft(
    by: str, reason: str, now: datetime, *, signoff: str, bypass: bool = False, act_on_existing: str = "none"
) -> Published:
    """Publish the draft as it stands; raises PolicyRefused with every finding or naming the signatures that lack."""
    draft = load_draft()
    request = Request(
        document=draft.document,
        by=by,
        reason=reason,
        signoff=signoff,
        signatures=tuple(Signature(s.side, s.signer, s.digest, s.signed_at) for s in valid_signatures(draft.digest)),
        authors=draft.authors,
        bypass=bypass,
        act_on_existing=act_on_existing,
    )
    lacking = lacking_signatures(request, draft.digest)
    before = active_number()
    number = publish(request, now)
    if number != before:
        mark_published(number, draft.digest, by, reason, bypassed=bool(lacking))
    return Published(number, draft.digest, number != before, bool(lacking))
