"""Clocks that nothing can meet where they would start (R6.10)."""

from collections.abc import Iterator

from rulesets.conditions.conditions import FieldTest
from rulesets.document.findings import Finding
from rulesets.document.wording import says, words
from rulesets.lint.meaning import Meaning
from rulesets.policy.policy import ClockRule
from rulesets.policy.vocabulary import STAGES
from rulesets.policy.work import OPEN, WORK_STAGES, can_be_met

ASSIGNED = {"sdr": frozenset({"raw", "nurture", "ready"}), "sales": frozenset({"mql", "sql", "opportunity"})}
"""Role → the stages of leads that people own in it."""
LEADS_TO = {
    "lead.accepted": frozenset({"sql"}),
    "lead.claimed": frozenset({"ready", "mql"}),
    "lead.recycled": frozenset({"nurture"}),
    "lead.reopened": frozenset({"nurture"}),
    "opportunity.created": frozenset({"opportunity"}),
    "opportunity.withdrawn": frozenset({"sql"}),
    "lead.rejected": frozenset[str](),
    "lead.released": frozenset[str](),
}
"""Work that moves a lead → the stage where clocks that it starts find it. Where the policy sends what comes back is not
looked at.
"""


def check_clocks(meaning: Meaning) -> Iterator[Finding]:
    """Clocks that may be due to start at leads at which everything that meets them is refused."""
    for index, rule in enumerate(meaning.known.policy.sla):
        unmet = [stage for stage in STAGES if stage in _starts_in(rule) and not can_be_met(rule, stage)]
        where = [stage for stage in unmet if meaning.questions.may_hold(rule.when, _at(stage))]
        if where:
            met_in = [stage for stage in STAGES if can_be_met(rule, stage)]
            message = says(
                "at leads in %(stages)s everything that meets this clock is refused, so it does not start there",
                stages=words("stage", *where),
            )
            mend = says("say in its condition that the stage is one of %(stages)s", stages=words("stage", *met_in))
            yield meaning.warning("unmeetable-clock", ("sla", index, "met_by"), message, mend)


def _starts_in(rule: ClockRule) -> frozenset[str]:
    starts = rule.starts_on
    if starts.stage is not None:
        return frozenset({starts.stage})
    if starts.assigned is not None:
        return ASSIGNED[starts.assigned]
    event = starts.event or ""
    return LEADS_TO.get(event, WORK_STAGES.get(event, OPEN)) & OPEN


def _at(stage: str) -> FieldTest:
    return FieldTest(field="lead.stage", op="eq", value=stage)
