"""What `engine.verification.verify` can still check of erased leads: stored decisions and sums (R4.8).

Their events no longer say what the decisions were made of. They are replayed for the sake of other leads, held at the
stages that are stored, and not compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.batch.leads import EventInBatch
from engine.core.lead.model import Stage
from engine.core.notify.effects import Effect, Reset
from engine.store.read.record import Erased, Recorded
from engine.verification.strikes import RecordDifference


class Tombstones:
    """Which leads are erased, and which decisions of other leads read what is gone."""

    def __init__(self, erasures: Sequence[Erased] = ()) -> None:
        self.leads = frozenset[int]().union(*(one.leads for one in erasures))
        self._beside: dict[int, int] = {}
        for one in erasures:
            for lead in one.beside:
                self._beside[lead] = max(one.decision, self._beside.get(lead, 0))
        self._last = {one.lead: one.decision for one in erasures}
        self._sums: dict[int, Mapping[str, Any]] = {}

    def cannot_replay(self, recorded: Recorded) -> bool:
        """Whether what a decision was made of is gone, in part at least."""
        return recorded.lead_id in self.leads or recorded.id < self._beside.get(recorded.lead_id, 0)

    def reads_gone(self, lead: int) -> bool:
        """Whether the state of a lead depends on decisions that cannot be replayed."""
        return lead in self.leads or lead in self._beside

    def check(self, recorded: Recorded) -> Iterator[RecordDifference]:
        """Whether the arithmetic that a decision stored adds up (R3.5)."""
        scores = recorded.body.get("scores") or {}
        if recorded.id == self._last.get(recorded.lead_id):
            self._sums[recorded.lead_id] = scores
        if scores:
            parts = (*(one["contribution"] for one in scores["signals"]), *_totals(scores["adjustments"]))
            total = sum((Decimal(str(part)) for part in parts), Decimal(0))
            if total != Decimal(str(scores["engagement"])):
                yield RecordDifference("decision", recorded.id, "sum", scores["engagement"], float(total))

    def compare(self, row: Mapping[str, Any]) -> Iterator[RecordDifference]:
        """The stored scores of an erased lead against the decision that erased it."""
        scores = self._sums.get(row["id"], {})
        for part in ("fit", "engagement") if scores else ():
            if row[part] != Decimal(str(scores[part])):
                yield RecordDifference("lead", row["id"], part, row[part], scores[part])


def stand_as_recorded(step: EventInBatch, recorded: Recorded) -> None:
    """Let a lead stand where the record has it, whatever a replay of what is left would make of it."""
    lead = step.track.lead
    stage = Stage(recorded.stage_after) if recorded.stage_after else None
    lead.state = replace(lead.state, stage=stage, owner=recorded.owner_after)


def met_clocks(recorded: Recorded) -> tuple[Effect, ...]:
    """The clocks that a decision met in time, as it is stored: misses in a row begin anew (R6.6)."""
    if recorded.event.imported:
        return ()
    met = (clock for clock in recorded.body.get("clocks", ()) if clock["state"] == "met" and clock["owner"])
    return tuple(Reset(clock["owner"], clock["key"]) for clock in met)


def _totals(adjustments: Sequence[Mapping[str, Any]]) -> Iterator[float]:
    yield from (one["amount"] for one in adjustments)
