"""Points that a limit always cuts (R3.3, R3.4, R3.5), so that no lead gets them in full."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rulesets.document.findings import Finding, Place
from rulesets.document.wording import Sentence, says
from rulesets.lint.meaning import Meaning, fit_groups, fit_rules, signal_groups, signals
from rulesets.lint.scores.amounts import ZERO, Amounts, cents
from rulesets.lint.scores.sums import goes_together, group_engagement, group_fit, least_worth, points_text, signal_range
from rulesets.policy.policy import FitGroup, FitRule, Model, Signal, SignalGroup

MOST_RULES = 80
"""Most rules of a group that are compared pair by pair."""


@dataclass(frozen=True, slots=True)
class Level:
    """A limit in points, and what other rows add before it applies."""

    name: Sentence
    low: Decimal | None
    high: Decimal | None
    added_by_others: Amounts = ZERO


def check_caps(meaning: Meaning) -> Iterator[Finding]:
    """Every model."""
    for place, model in meaning.models:
        yield from _fit(meaning, place, model)
        yield from _engagement(meaning, place, model)


def _fit(meaning: Meaning, place: Place, model: Model) -> Iterator[Finding]:
    sums = {at: group_fit(meaning, model, at, group) for at, group in fit_groups(place, model)}
    for at, group in fit_groups(place, model):
        others = _without(sums, at, cents(model.fit.start))
        levels = (
            Level(_group_named(group), group.min, group.max),
            Level(says("the fit"), model.fit.min, model.fit.max, others),
        )
        rules = [(where, rule) for where, rule in fit_rules(at, group) if meaning.may_hold(rule.when, model)]
        added_by_others = _beside(meaning, model, [rule for _, rule in rules])
        for where, rule in rules:
            yield from _wasted(
                meaning, where, rule.points, added_by_others(rule).plus(Amounts.of([cents(rule.points)])), levels
            )


def _group_named(group: FitGroup | SignalGroup) -> Sentence:
    return says("the group %(key)s", key=group.key)


def _without(sums: Mapping[Place, Amounts], place: Place, start: int = 0) -> Amounts:
    """The sums of all groups except one, from the lowest to the highest."""
    others = [found for at, found in sums.items() if at != place]
    return Amounts(start + sum(one.low for one in others), start + sum(one.high for one in others))


def _beside(meaning: Meaning, model: Model, rules: list[FitRule]) -> Callable[[FitRule], Amounts]:
    """What the other rules of a group can add if one rule holds, before bounds."""
    points = [cents(rule.points) for rule in rules]
    every = Amounts(sum(min(0, one) for one in points), sum(max(0, one) for one in points))

    def added_by_others(rule: FitRule) -> Amounts:
        own = cents(rule.points)
        if len(rules) > MOST_RULES:
            return Amounts(every.low - min(0, own), every.high - max(0, own))
        others = [one for one in rules if one is not rule and _go_together(meaning, model, rule, one)]
        return Amounts(
            sum(min(0, cents(one.points)) for one in others), sum(max(0, cents(one.points)) for one in others)
        )

    return added_by_others


def _go_together(meaning: Meaning, model: Model, rule: FitRule, other: FitRule) -> bool:
    one, two = meaning.questions.ask(rule.when).region, meaning.questions.ask(other.when).region
    if one is None or two is None or one.subject != two.subject or not goes_together(model, one):
        return True
    return one.meets(two)


def _cut(points: Decimal, given: Amounts, low: Decimal | None, high: Decimal | None) -> int:
    """The least that a bound cuts from the points of a rule, in cents."""
    lost = 0
    if points > 0 and high is not None:
        lost = given.low - cents(high)
    elif points < 0 and low is not None:
        lost = cents(low) - given.high
    return min(max(0, lost), abs(cents(points)))


def _wasted(
    meaning: Meaning, place: Place, points: Decimal, given: Amounts, levels: Iterable[Level]
) -> Iterator[Finding]:
    """Reports the first level that always cuts some of these points; ``given``: the sum of the group with them."""
    for level in levels:
        given = given.plus(level.added_by_others)
        cut = _cut(points, given, level.low, level.high)
        if cut:
            sign = -1 if points < 0 else 1
            left = points_text(cents(points) - sign * cut)
            message = says(
                "%(lost)s of %(points)s points are always cut away by %(limit)s",
                lost=points_text(sign * cut), points=points_text(cents(points)), limit=level.name,
            )  # fmt: skip
            mend = says("write %(points)s, or move the bound", points=left)
            yield meaning.warning("wasted-points", (*place, "points"), message, mend)
            return
        given = Amounts(given.low, given.high).clamped(level.low, level.high)


def _engagement(meaning: Meaning, place: Place, model: Model) -> Iterator[Finding]:
    sums = {at: group_engagement(meaning, model, at, group) for at, group in signal_groups(place, model)}
    for at, group in signal_groups(place, model):
        elsewhere = _without(sums, at)
        listening = [(where, one, signal_range(meaning, model, one)) for where, one in signals(at, group)]
        low, high = (sum(getattr(span, end) for _, _, span in listening) for end in ("low", "high"))
        for where, signal, span in listening:
            if span.low or span.high:
                levels = (
                    Level(says("its own max"), *_own(signal)),
                    Level(_group_named(group), group.min, group.max, Amounts(low - span.low, high - span.high)),
                    Level(says("the engagement"), model.engagement.min, model.engagement.max, elsewhere),
                )
                worth = least_worth(signal) * (-1 if signal.points < 0 else 1)
                yield from _wasted(meaning, where, signal.points, Amounts.of([worth]), levels)


def _own(signal: Signal) -> tuple[Decimal | None, Decimal | None]:
    return (None, None) if signal.max is None else (-signal.max, signal.max)
