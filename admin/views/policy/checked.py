"""What pages show of the draft's check: the last one, and whether a newer one is on its way. Checks nothing itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from admin.permissions import all_granted
from admin.policy_rights import ANY
from admin.text.policy.findings import FindingText, finding_text
from admin.text.policy.wording import case_value, named
from engine.policy.draft_check import current, stored
from engine.store.policy.drafts import load_draft
from rulesets.document.findings import from_data
from workers.checks import ask_check


@dataclass(frozen=True, slots=True)
class DraftStatus:
    """The last check, None before the first.

    ``current`` says that it is of the draft as it stands. If it is not, ``coming`` says that a worker was asked.
    """

    found: dict[str, Any] | None
    at: datetime | None
    current: bool
    coming: bool

    @property
    def findings(self) -> list[FindingText]:
        """What was found, in the reader's language; with links to the rows while the draft is still the one checked."""
        document = load_draft().document
        kept = self.found["findings"] if self.found else ()
        return [finding_text(from_data(one), document, linked=self.current) for one in kept]

    @property
    def blocks(self) -> bool:
        """Whether the draft as it stands is known to be unfit for publishing."""
        return self.current and self.found is not None and bool(self.found["errors"] or self.found["red"])


def check_context() -> dict[str, Any]:
    """What `baton/checked.html` needs: the status, and how it names what test cases expect."""
    return {
        "status": draft_status(),
        "named": named,
        "case_text": case_value,
        "may_accept": bool(ANY & all_granted()),
    }


def draft_status() -> DraftStatus:
    """How the draft stands; asks a worker when nobody has looked at it as it is now."""
    of, last = current(), stored()
    fresh = last is not None and last.of == of
    return DraftStatus(
        found=last.body if last else None,
        at=last.checked_at if last else None,
        current=fresh,
        coming=not fresh and ask_check(of.revision),
    )
