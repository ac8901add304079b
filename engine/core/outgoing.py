"""The changes that a decision reports to subscribed systems, with old and new values (docs/contract/design.md §5).

Pure. An imported event reports nothing (R4.5). `workers.deliver` sends.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.core.lead.model import LeadEvent, Scores
from engine.core.lead.state import LeadState
from engine.core.sla.clocks import SlaClock

EVENTS: dict[str, str] = {
    "lead.score_changed": "points, grade, heat, cell or model of a lead changed",
    "lead.stage_changed": "a lead went to another stage",
    "lead.assigned": "a lead has another owner, or none any more",
    "sla.warned": "so much of a clock's window has passed",
    "sla.breached": "a clock ran out",
}
"""Event types for subscribers; the pages, the commands and the documentation read this table."""

SCORES = ("model", "fit", "engagement", "grade", "heat", "cell")
Values = Mapping[str, Any]


class Decided(Protocol):
    """The parts of a decision that this module reads; `engine.core.outcome.Outcome` has them."""

    @property
    def before(self) -> LeadState: ...

    @property
    def after(self) -> LeadState: ...

    @property
    def scores(self) -> Scores: ...

    @property
    def breached(self) -> SlaClock | None: ...

    @property
    def clocks(self) -> Sequence[SlaClock]: ...


@dataclass(frozen=True, slots=True)
class OutgoingChange:
    """One change: a key of `EVENTS`, and the values before and after it, as JSON."""

    type: str
    old: Values
    new: Values


def scores_of(scores: Scores) -> dict[str, Any]:
    """The scores as subscribers get them."""
    return {name: _plain(getattr(scores, name)) for name in SCORES}


def changes(event: LeadEvent, outcome: Decided, scores_before: Values | None) -> tuple[OutgoingChange, ...]:
    """All changes of a decision, in a fixed order. ``scores_before`` is None before the first decision."""
    return () if event.imported else tuple(_changes(event, outcome, scores_before))


def _changes(event: LeadEvent, outcome: Decided, scores_before: Values | None) -> Iterator[OutgoingChange]:
    old, new = dict(scores_before or dict.fromkeys(SCORES)), scores_of(outcome.scores)
    if old != new:
        yield OutgoingChange("lead.score_changed", old, new)
    before, after = outcome.before, outcome.after
    if before.stage != after.stage:
        yield OutgoingChange("lead.stage_changed", {"stage": before.stage}, {"stage": after.stage})
    if before.owner != after.owner:
        yield OutgoingChange("lead.assigned", {"owner": before.owner}, {"owner": after.owner})
    yield from _of_clock(event, outcome)


def _of_clock(event: LeadEvent, outcome: Decided) -> Iterator[OutgoingChange]:
    """The change that a clock event reports, if it was still valid when it was decided."""
    said = {name: event.properties.get(name) for name in ("key", "owner", "due_at")}
    if event.type == "sla.breached" and outcome.breached is not None:
        yield OutgoingChange("sla.breached", {"state": "running"}, {**said, "state": "breached"})
    if event.type == "sla.warned" and any(c.running and c.id == event.properties["clock"] for c in outcome.clocks):
        yield OutgoingChange("sla.warned", {"state": "running"}, {**said, "percent": event.properties.get("percent")})


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)
