"""The score of the moment for one lead that is shown: asked of `workers.live_scores`, else the last decision's (R3.6).

Nobody is asked where the last decision's score is that of this moment: just made, or such as time alone never changes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.core.explain import moment
from engine.store.read.leads import LeadRecord
from workers.live_scores import ask_scores

NAMES = ("model", "fit", "engagement", "grade", "heat", "cell")


@dataclass(frozen=True, slots=True)
class ScoresNow:
    """What is to be shown of a lead's scores: those told for ``at``, or None: those stored are right, or ``stale``."""

    at: datetime | None
    told: dict[str, Any] | None = None
    policy: dict[str, Any] | None = None
    stale: bool = False

    @property
    def about(self) -> dict[str, Any]:
        """The moment as the API shows it, and a warning where the scores are older than this look."""
        return {"at": self.at and moment(self.at), **({"stale": True} if self.stale else {})}


def scores_now(record: LeadRecord, now: datetime, *, full: bool = False) -> ScoresNow:
    """The scores of a lead now; with every line of the ledger if ``full``."""
    row = record.row
    scored_at = row["scored_at"]
    if scored_at is None or scored_at >= now:
        return ScoresNow(scored_at)
    if row["next_refresh_at"] is None:
        return ScoresNow(now)
    told = ask_scores(row["id"], now, full=full)
    if told is None:
        return ScoresNow(scored_at, stale=True)
    return ScoresNow(datetime.fromisoformat(told["at"]), told["scores"], told["policy"])
