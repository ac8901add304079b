"""Scores of a lead at a moment: model, fit, engagement, ledger and cell (R3.1–R3.9).

A pure function of the lead's history, its facts, the policy and the moment. It calculates in whole cents and returns
points. Only the order of history counts, so events that arrive late give the same result. The consequences of a cell
are decided elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.lead.history import History, Past
from engine.core.lead.matching import Matcher
from engine.core.lead.model import FitLine, Scores
from engine.core.lead.view import LeadView
from engine.core.scoring.amounts import points
from engine.core.scoring.decay import MICROSECOND
from engine.core.scoring.ledger import Counted, Ledger
from engine.core.scoring.plan import ModelPlan, ScoringPlan, SignalPlan, scoring_plan
from engine.core.scoring.repeats import Repeats
from rulesets.conditions.moments import PROFILE, occurrence_of
from rulesets.policy.policy import Policy


def score(policy: Policy, view: LeadView, matcher: Matcher, account: Sequence[LeadView] = ()) -> Scores:
    """Both scores of a lead at the moment of its view, with their arithmetic.

    ``account`` has the views of the account's open leads, this one included. Models that score accounts read all of
    them and the union of their histories (R3.7). Without ``account`` a lead is an account of its own.
    """
    plan = scoring_plan(policy)
    model, subject = _choose(plan, view, matcher, account)
    fit, fit_lines, fit_groups = _fit(model, subject.true)
    ledger = Ledger(model, _count(model, subject))
    grade, heat = _named(model.grades, fit, "D"), _named(model.heats, ledger.engagement, "cold")
    return Scores(
        model=model.key,
        fit=points(fit),
        engagement=points(ledger.engagement),
        grade=grade,
        heat=heat,
        cell=f"{grade}.{heat}",
        fit_start=points(model.fit_start),
        fit_lines=fit_lines,
        fit_groups=fit_groups,
        ledger=ledger.lines(),
        adjustments=ledger.adjustments(),
        truncated=subject.history.truncated,
        signals=ledger.signals(),
    )


def score_values(scores: Scores) -> dict[str, Any]:
    """Scores as the ``score.*`` fields of conditions."""
    return {
        "score.fit": scores.fit,
        "score.engagement": scores.engagement,
        "score.grade": scores.grade,
        "score.heat": scores.heat,
        "score.cell": scores.cell,
        "score.model": scores.model,
    }


class _Subject:
    """What is scored: one lead, or all open leads of an account; a condition holds if it holds for one of them."""

    __slots__ = ("_matcher", "history", "now", "true", "views")

    def __init__(self, views: Sequence[LeadView], matcher: Matcher) -> None:
        self._matcher = matcher
        self.views = views
        self.history: History = views[0].history
        self.now = views[0].now
        self.true = self._match(PROFILE, views)

    def true_at(self, event: str, past: Past) -> frozenset[str]:
        """The signals with property tests that are true for an event."""
        return self._match(occurrence_of(event), [view.at_event(past.properties) for view in self.views])

    def _match(self, ruleset: str, views: Sequence[LeadView]) -> frozenset[str]:
        first, *others = [self._matcher.match(ruleset, view) for view in views]
        return first.union(*others) if others else first


def _choose(
    plan: ScoringPlan, view: LeadView, matcher: Matcher, account: Sequence[LeadView]
) -> tuple[ModelPlan, _Subject]:
    """The first model that holds, and its subject; the last model if none holds."""
    lead = _Subject((view,), matcher)
    company = lead
    if account and any(model.of_account for model in plan.models):
        # Only if a model needs it: joining the histories of a large account is costly.
        history = History.joined(other.history for other in account)
        company = _Subject([other.with_history(history) for other in account], matcher)
    subjects = ((model, company if model.of_account else lead) for model in plan.models)
    chosen = next(((model, subject) for model, subject in subjects if model.rule in subject.true), None)
    last = plan.models[-1]
    return chosen or (last, company if last.of_account else lead)


def _fit(model: ModelPlan, true: frozenset[str]) -> tuple[int, tuple[FitLine, ...], tuple[tuple[str, Any, Any], ...]]:
    """Fit in cents, the true rules, and (key, sum, sum within the bounds) of every group (R3.3)."""
    lines: list[FitLine] = []
    groups: list[tuple[str, Any, Any]] = []
    total = model.fit_start
    for group in model.fit_groups:
        holding = [rule for rule in group.rules if rule.rule in true]
        lines.extend(rule.line for rule in holding)
        raw = sum(rule.cents for rule in holding)
        bounded = group.bounds.clamp(raw)
        groups.append((group.key, points(raw), points(bounded)))
        total += bounded
    return model.fit_bounds.clamp(total), tuple(lines), tuple(groups)


def _count(model: ModelPlan, subject: _Subject) -> list[Counted]:
    """The occurrences that count, with their values, from one pass through the history (R3.4)."""
    counted: list[Counted] = []
    listening = _Listening(model, subject)
    repeats = Repeats(subject.views[0].frame)
    for past in subject.history.items:
        for signal in listening.to(past):
            if signal.times is None or repeats.counts(signal, signal.times, past):
                value, factor = signal.cents, 1.0
                if signal.worth is not None:
                    value, factor = signal.worth((subject.now - past.occurred_at) // MICROSECOND)
                counted.append((signal, past, value, factor))
    return counted


class _Listening:
    """The signals that occur at an event, in document order; cached for events with equal tested properties."""

    __slots__ = ("_alike", "_by_type", "_event_key", "_model", "_subject")

    def __init__(self, model: ModelPlan, subject: _Subject) -> None:
        self._model = model
        self._subject = subject
        self._event_key = subject.views[0].vocabulary.event_key
        self._by_type: dict[str, _Listeners] = {}
        self._alike: dict[tuple[str, ...], tuple[SignalPlan, ...]] = {}

    def to(self, past: Past) -> tuple[SignalPlan, ...]:
        """The signals that occur at this event."""
        event, signals, paths = self._by_type.get(past.type) or self._of_type(past.type)
        if not paths:
            return signals
        # repr tells 1, 1.0, True and "1" apart, and works for lists and objects, which are not hashable.
        looks = (event, *[repr(_property(past.properties, path)) for path in paths])
        found = self._alike.get(looks)
        if found is None:
            true = self._subject.true_at(event, past)
            found = tuple(signal for signal in signals if not signal.paths or signal.rule in true)
            self._alike[looks] = found
        return found

    def _of_type(self, event_type: str) -> "_Listeners":
        """The event key, the signals that may occur, and the properties of the event that they test."""
        event = self._event_key(event_type)
        listening = self._model.listeners.get(event, ())
        signals = tuple(signal for signal in listening if signal.paths or signal.rule in self._subject.true)
        found = (event, signals, tuple(dict.fromkeys(path for signal in signals for path in signal.paths)))
        self._by_type[event_type] = found
        return found


_Listeners = tuple[str, tuple[SignalPlan, ...], tuple[tuple[str, ...], ...]]


def _property(properties: Mapping[str, Any], path: tuple[str, ...]) -> object:
    first, *rest = path
    found: object = properties.get(first)
    for step in rest:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _named(edges: tuple[tuple[str, int], ...], cents: int, otherwise: str) -> str:
    """The best name whose edge is reached; a score equal to an edge gets the better name."""
    return next((name for name, edge in edges if cents >= edge), otherwise)
