"""The current scores of one lead (R3.6): computed by `workers.live_scores`, else those of the last decision.

No worker is asked if the stored scores are current: just decided, or unaffected by time.
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
    """The scores to show. ``told``: computed for ``at``. None: show the stored ones; they are current or ``stale``."""

    at: datetime | None
    told: dict[str, Any] | None = None
    policy: dict[str, Any] | None = None
    stale: bool = False

    @property
    def about(self) -> dict[str, Any]:
        """`at` as the API shows it, and `stale` if the scores are older than the request."""
        return {"at": self.at and moment(self.at), **({"stale": True} if self.stale else {})}


def scores_now(record: LeadRecord, now: datetime, *, full: bool = False) -> ScoresNow:
    """The current scores of a lead; ``full``: with every line of the ledger."""
    row = record.row
    scored_at = row["scored_at"]
    # clocks of two machines may differ: a decision may lie a moment ahead
    if scored_at is None or scored_at >= now:
        return ScoresNow(scored_at)
    # without a next refresh, time alone never changes the scores
    if row["next_refresh_at"] is None:
        return ScoresNow(now)
    told = ask_scores(row["id"], now, full=full)
    if told is None:
        return ScoresNow(scored_at, stale=True)
    return ScoresNow(datetime.fromisoformat(told["at"]), told["scores"], told["policy"])
