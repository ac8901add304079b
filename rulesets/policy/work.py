"""In which stages the work of people and trusted systems is allowed (R4.5), and which clocks that leaves unmet (R6.10).

The table only: what work does to a lead, and who may do it, is `engine.core.qualification.stages`.
"""

from collections.abc import Mapping

from rulesets.policy.sla import ClockRule
from rulesets.policy.vocabulary import STAGES

OPEN = frozenset({"raw", "nurture", "ready", "mql", "sql", "opportunity"})
CLOSED = frozenset(STAGES) - OPEN

WORK_STAGES: Mapping[str, frozenset[str]] = {
    "lead.touched": frozenset(STAGES),
    "lead.qualified": OPEN,
    "lead.accepted": frozenset({"mql"}),
    "lead.rejected": frozenset({"mql"}),
    "lead.released": frozenset({"ready", "mql", "sql"}),
    "lead.claimed": frozenset({"raw", "nurture", "ready", "mql"}),
    "lead.assigned": OPEN,
    "lead.dispatched": OPEN,
    "lead.disqualified": OPEN,
    "lead.recycled": OPEN,
    "lead.reopened": CLOSED,
    "opportunity.created": frozenset({"sql"}),
    "opportunity.withdrawn": frozenset({"opportunity"}),
    "opportunity.won": frozenset({"opportunity"}),
    "opportunity.lost": frozenset({"opportunity"}),
}
"""Event → the stages of leads at which it is not refused."""


def can_be_met(rule: ClockRule, stage: str | None) -> bool:
    """Whether anything that meets a clock is accepted at leads in a stage; clocks that nothing meets are left alone.

    Events that are not work are never refused.
    """
    events = [item if isinstance(item, str) else item.event for item in rule.met_by]
    return not events or any(event not in WORK_STAGES or stage in WORK_STAGES[event] for event in events)
