"""When an event on one lead can change the scores of other leads of its account (R1.3, R3.7).

Models that score accounts read all open leads of an account, and conditions may read ``account.*``. `affects_siblings`
tells whether an event may change the scores of other leads. False positives are possible, false negatives are not.
The policy is analysed once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.core.lead.accounts import ACTIVE, last_activity
from engine.core.lead.model import OPEN_STAGES, LeadEvent, Stage
from engine.core.lead.view import LeadView
from engine.core.scoring.plan import once_per_policy
from rulesets.conditions.conditions import CountTest, DaysSinceTest, FieldTest, Node
from rulesets.conditions.moments import leaves, named_conditions, segments_of
from rulesets.policy.policy import Model, Policy

HOPS = 5
"""Longest chain of refreshes that cause each other; it ends loops in which leads change each other for ever."""


@dataclass(frozen=True, slots=True)
class AccountDependency:
    """How leads of an account depend on each other under a policy.

    ``scores``: a model scores accounts; ``reads``: the ``account.*`` fields in conditions; ``hears``: the events that
    may change the score of an account.
    """

    scores: bool
    reads: frozenset[str]
    hears: frozenset[str]

    @property
    def matters(self) -> bool:
        """Whether leads of an account depend on each other at all."""
        return self.scores or bool(self.reads)


@once_per_policy
def account_dependency(policy: Policy) -> AccountDependency:
    """How leads of an account depend on each other under a policy."""
    segments = segments_of(policy)
    conditions = [c for part in named_conditions(policy).values() for c in part.values()]
    fields = {test.field for test in _tests(conditions, segments) if isinstance(test, FieldTest)}
    models = [model for model in policy.models if model.scores == "account"]
    return AccountDependency(
        scores=bool(models),
        reads=frozenset(field for field in fields if field.startswith("account.")),
        hears=frozenset(event for model in models for event in _heard(model, segments)),
    )


def _tests(conditions: list[Node], segments: Mapping[str, Node]) -> Iterator[Node]:
    for condition in conditions:
        yield from leaves(condition, segments)


def _heard(model: Model, segments: Mapping[str, Node]) -> Iterator[str]:
    """Events that the signals of a model count, or that its conditions read."""
    signals = [signal for group in model.engagement.groups for signal in group.signals if signal.enabled]
    rules = [rule.when for group in model.fit.groups for rule in group.rules if rule.enabled]
    for signal in signals:
        yield from signal.events
    for test in _tests([model.when, *rules, *(signal.when for signal in signals)], segments):
        if isinstance(test, CountTest):
            yield test.count.event
        elif isinstance(test, DaysSinceTest):
            yield test.days_since.event


@dataclass(frozen=True, slots=True)
class FactChange:
    """The effect of an event on a lead, as far as it concerns others of the account. ``before``: the view before it."""

    event: LeadEvent
    before: LeadView
    facts_changed: bool
    stages: tuple[Stage | None, Stage | None]


def affects_siblings(policy: Policy, change: FactChange) -> bool:
    """Whether other leads of the account may now be scored differently. Joining and leaving always do."""
    plan, event, before = account_dependency(policy), change.event, change.before
    if not plan.matters:
        return False
    if change.facts_changed or (plan.scores and _opened_or_closed(change.stages)):
        return True
    # A refresh changes no facts and is no activity, so beyond stages it affects nobody.
    if event.type == "score.refreshed":
        return False
    if plan.scores and before.vocabulary.event_key(event.type) in plan.hears:
        return True
    return "account.active_leads" in plan.reads and _wakes_up(before)


def hops_of(event: LeadEvent) -> int:
    """How many refreshes in a chain led to this event."""
    hops = event.properties.get("hops", 0) if event.type == "score.refreshed" else 0
    return hops if isinstance(hops, int) else 0


def next_quiet(policy: Policy, view: LeadView) -> datetime | None:
    """When a lead stops being active without further events; None if no condition reads active leads."""
    last = last_activity(view) if "account.active_leads" in account_dependency(policy).reads else None
    return last + ACTIVE if last is not None and last + ACTIVE > view.now else None


def _opened_or_closed(stages: tuple[Stage | None, Stage | None]) -> bool:
    before, after = ((stage or Stage.RAW) in OPEN_STAGES for stage in stages)
    return before is not after


def _wakes_up(before: LeadView) -> bool:
    last = last_activity(before)
    return last is None or last <= before.now - ACTIVE
