"""Fit is not effort: rules that give points of fit for what happens (R2.8)."""

from collections.abc import Iterator

from rulesets.conditions.conditions import CountTest, DaysSinceTest, FieldTest, Node
from rulesets.conditions.moments import leaves, segments_of
from rulesets.document.findings import Finding
from rulesets.document.wording import says
from rulesets.lint.meaning import Meaning, fit_groups, fit_rules


def check_effort(meaning: Meaning) -> Iterator[Finding]:
    """Fit rules whose points follow what a lead or its company does, not who it is."""
    segments = segments_of(meaning.known.policy)
    for place, model in meaning.models:
        for at, group in fit_groups(place, model):
            for where, rule in fit_rules(at, group):
                if any(map(_reads_events, leaves(rule.when, segments))):
                    message = says("fit says who a lead is, but this rule gives points for what happens")
                    mend = says("give these points by a signal of engagement")
                    yield meaning.warning("fit-reads-events", (*where, "when"), message, mend)


def _reads_events(test: Node) -> bool:
    if isinstance(test, FieldTest):
        return test.field == "account.active_leads"
    return isinstance(test, CountTest | DaysSinceTest)
