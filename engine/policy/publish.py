"""Publish a document as the version in force (docs/contract/design.md §4, §6).

A version is immutable: document, digest, compiled rulesets, signatures. Before it is written, the document is linted,
compiled and matched in a subprocess, because the matcher's library can hang or crash on its input.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.errors import PolicyRefused
from engine.policy.linting import lint_policy
from engine.policy.trial import check_in_subprocess
from engine.store.lock_keys import LockKey, lock
from engine.store.orm import unit_of_work
from engine.store.policy.drafts import note_published
from engine.store.policy.versions import Version, active_number, add_version, read_version
from engine.store.session import raw
from rulesets.compile.compiler import compile_policy
from rulesets.conditions.reading import EDITION
from rulesets.document import document as documents
from rulesets.document.wording import Sentence, says, words
from rulesets.policy.policy import Policy

SIDES = ("marketing", "sales")
"""The sides that must sign the definition of an MQL and of what may be sent back."""
ACTS = ("none", "promote")
"""Whether existing leads that qualify under the new version are acted upon."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature of one side under exactly one document."""

    side: str
    by: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A publication: what, by whom, and with whose signatures. ``signoff`` is the setting BATON_SIGNOFF."""

    document: dict[str, Any]
    by: str
    reason: str
    signoff: str = "both"
    signatures: tuple[Signature, ...] = ()
    authors: tuple[str, ...] = ()
    bypass: bool = False
    act_on_existing: str = "none"
    check_base: bool = False
    base: int | None = None
    """With ``check_base``: the version that must still be in force; None if there must be none."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """A checked request that may be published. ``lacking`` signatures were bypassed."""

    policy: Policy
    digest: str
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """The version in force after a publication. ``written`` is False if it was in force already."""

    number: int
    written: bool
    bypassed: bool


class BaseChanged(PolicyRefused):
    """The version in force (``active``) is not the expected one."""

    def __init__(self, active: int | None) -> None:
        super().__init__(
            says("version %(number)s is in force now: look at what would change, then publish", number=str(active))
        )
        self.active = active


def publish(request: Request, now: datetime) -> Publication:
    """Publish the document. If it adds nothing to the version in force, nothing is written.

    The version, its line in the audit log and the draft's new base are written in one transaction. Raises PolicyRefused
    with every finding, or with the missing signatures.
    """
    agreement = agreed(request)
    # Checked and compiled before the lock: this takes seconds, and other publications need not wait.
    policy, digest = agreement.policy, agreement.digest
    compiled = compile_policy(policy).model_dump(mode="json", exclude_defaults=True)
    bypassed = bool(agreement.lacking)
    with unit_of_work() as session:
        connection = session.connection()
        # Before the version is read: two publications at once must see each other.
        lock(raw(connection), LockKey.PUBLISH)
        number = active_number()
        if number is not None and not adds_to(read_version(number), digest, request.act_on_existing):
            return Publication(number, written=False, bypassed=bypassed)
        if request.check_base and number != request.base:
            raise BaseChanged(number)
        number = add_version(
            connection,
            digest=digest,
            document=documents.plain(policy),
            compiled=compiled,
            by=request.by,
            reason=request.reason,
            signatures=[signature_body(s) for s in request.signatures if s.digest == digest],
            bypassed=bypassed,
            act_on_existing=request.act_on_existing,
            now=now,
        )
        note_published(session, number, digest, request.by, request.reason, bypassed=bypassed)
        return Publication(number, written=True, bypassed=bypassed)


def adds_to(active: Version, digest: str, act_on_existing: str) -> bool:
    """Whether a publication makes more of the version in force than it is.

    The same document does so where it promotes the leads that the version left at rest (R3.10), and where the version
    was published under an earlier edition of the rules.
    """
    promotes = act_on_existing == "promote" and active.act_on_existing != "promote"
    return active.digest != digest or active.edition != EDITION or promotes


def agreed(request: Request) -> Agreement:
    """Check a publication. Raises PolicyRefused with every finding, or with the missing signatures."""
    policy = checked(request.document)
    digest = documents.digest(policy)
    if not request.reason.strip():
        raise PolicyRefused(says("a publication needs a reason: say what changes and why"))
    if request.act_on_existing not in ACTS:
        raise PolicyRefused(
            says(
                "act_on_existing is %(value)s: use one of %(words)s",
                value=repr(request.act_on_existing),
                words=tuple(ACTS),
            )
        )
    lacking = lacking_signatures(request, digest)
    if lacking and not request.bypass:
        raise PolicyRefused(_unsigned(lacking))
    return Agreement(policy, digest, tuple(lacking))


def checked(document: dict[str, Any]) -> Policy:
    """The policy of a document that may be published. Raises PolicyRefused with every finding."""
    checked_ = lint_policy(document)
    policy, red = checked_.report.policy, checked_.samples.red
    if policy is None:
        raise PolicyRefused(
            says("the policy has %(n)s errors", n=len(checked_.report.errors)), checked_.findings, document
        )
    if red:
        keys = tuple(result.key for result in red[:10])
        told = says("%(n)s test cases of the policy are red: %(keys)s", n=len(red), keys=keys)
        raise PolicyRefused(told, checked_.findings, document)
    # Last: it is the slowest check, and only a valid policy can be compiled.
    refused = check_in_subprocess(policy)
    if refused:
        raise PolicyRefused(says("the matcher cannot take this policy"), tuple(refused), document)
    return policy


def _unsigned(lacking: list[str]) -> Sentence:
    first, *more = words("lacking", *lacking)
    sides = says("%(one)s and %(other)s", one=first, other=more[0]) if more else first
    return says("not signed by %(sides)s: sign this very document, or have it bypassed", sides=sides)


def lacking_signatures(request: Request, digest: str) -> list[str]:
    """The sides that must still sign this digest. An author is never the only signer."""
    if request.signoff == "none":
        return []
    valid = [signature for signature in request.signatures if signature.digest == digest and signature.side in SIDES]
    authors = {author.casefold() for author in request.authors}
    others = [signature for signature in valid if signature.by.casefold() not in authors]
    signed = {signature.side for signature in valid}
    if request.signoff == "one":
        return [] if others else ["marketing or sales"]
    lacking = [side for side in SIDES if side not in signed]
    return lacking or ([] if others else ["somebody who did not write it"])


def signature_body(signature: Signature) -> dict[str, str]:
    """A signature as versions and plans store it."""
    return {
        "side": signature.side,
        "by": signature.by,
        "digest": signature.digest,
        "at": signature.at.isoformat(),
    }
