"""The last check of the draft, for pages, and whether a newer one was requested. May not check anything itself."""

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
    """The last check; None before the first.

    ``current``: it covers the draft of now. ``coming``: it does not, and a worker was asked for a new one.
    """

    found: dict[str, Any] | None
    at: datetime | None
    current: bool
    coming: bool

    @property
    def findings(self) -> list[FindingText]:
        """The findings, translated. Only a current check links to rows: an older one may name removed rows."""
        document = load_draft().document
        kept = self.found["findings"] if self.found else ()
        return [finding_text(from_data(one), document, linked=self.current) for one in kept]

    @property
    def blocks(self) -> bool:
        """Whether the current draft is known to have errors or red test cases."""
        return self.current and self.found is not None and bool(self.found["errors"] or self.found["red"])


def check_context() -> dict[str, Any]:
    """Context of `baton/checked.html`: the status, and a function that words what test cases expect."""
    return {
        "status": draft_status(),
        "named": named,
        "case_text": case_value,
        "may_accept": bool(ANY & all_granted()),
    }


def draft_status() -> DraftStatus:
    """The status of the draft. Asks a worker for a check if the last one is outdated."""
    of, last = current(), stored()
    fresh = last is not None and last.of == of
    return DraftStatus(
        found=last.body if last else None,
        at=last.checked_at if last else None,
        current=fresh,
        coming=not fresh and ask_check(of.revision),
    )
