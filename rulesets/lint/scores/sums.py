"""The fit and engagement that a model can give (R3.3, R3.4); checks of grades, heats, routes and caps use them.

Rules on one number or choice depend on one value, so only their combinations for a value count. All other rules are
treated as independent. A model that scores accounts reads several leads, so there only company facts have one value.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from rulesets.document.findings import Place
from rulesets.lint.conditions.regions import Region
from rulesets.lint.meaning import Meaning, fit_groups, fit_rules, signal_groups, signals
from rulesets.lint.scores.amounts import BEYOND, Amounts, cents, total
from rulesets.policy.policy import FitGroup, Model, Signal, SignalGroup

Scored = tuple[Region, int]
"""The region of a rule, and its points in cents."""


def fit_of(meaning: Meaning, model: Model) -> Amounts:
    """Every fit that a lead can have under a model."""
    groups = [group_fit(meaning, model, at, group) for at, group in fit_groups((), model)]
    return total([Amounts.of([cents(model.fit.start)]), *groups]).clamped(model.fit.min, model.fit.max)


def group_fit(meaning: Meaning, model: Model, place: Place, group: FitGroup) -> Amounts:
    """Every sum of a group, after its bounds."""
    together: defaultdict[tuple[str, ...], list[Scored]] = defaultdict(list)
    free: list[Amounts] = []
    for _, rule in fit_rules(place, group):
        answer = meaning.questions.ask(rule.when)
        if not meaning.may_hold(rule.when, model):
            continue
        if answer.region is not None and goes_together(model, answer.region):
            together[answer.region.subject].append((answer.region, cents(rule.points)))
        else:
            free.append(Amounts.of([cents(rule.points), *([0] if answer.may_fail else [])]))
    by_subject = [Amounts.of(sums_of(scored)) for scored in together.values()]
    return total([*by_subject, *free]).clamped(group.min, group.max)


def goes_together(model: Model, region: Region) -> bool:
    """Whether the subject has one value, so that the truths of rules on it depend on each other."""
    return model.scores == "lead" or (region.subject[0] == "field" and region.subject[1].startswith("company."))


def sums_of(scored: list[Scored]) -> set[int]:
    """The sums for each value of one subject, and the sum for an unknown value."""
    unknown = sum(points for region, points in scored if region.unknown)
    if any(region.spans for region, _ in scored):
        return {unknown, *_sums_of_spans(scored)}
    named = frozenset[object]().union(*(region.values for region, _ in scored))
    values = {sum(p for region, p in scored if (value in region.values) is not region.others) for value in named}
    return {unknown, sum(points for region, points in scored if region.others), *values}


def _sums_of_spans(scored: list[Scored]) -> Iterator[int]:
    """The sums from the lowest value up, 0 where no rule holds."""
    changes: defaultdict[int, int] = defaultdict(int)
    for region, points in scored:
        for low, high in region.spans:
            changes[low] += points
            changes[high + 1] -= points
    running = 0
    yield running
    for step in sorted(changes):
        running += changes[step]
        yield running


def engagement_of(meaning: Meaning, model: Model) -> Amounts:
    """The engagement that a lead can have under a model."""
    groups = [group_engagement(meaning, model, at, group) for at, group in signal_groups((), model)]
    return total(groups).clamped(model.engagement.min, model.engagement.max)


def group_engagement(meaning: Meaning, model: Model, place: Place, group: SignalGroup) -> Amounts:
    """The engagement of a group, after its bounds."""
    parts = [signal_range(meaning, model, signal) for _, signal in signals(place, group)]
    return total(parts).clamped(group.min, group.max)


def signal_range(meaning: Meaning, model: Model, signal: Signal) -> Amounts:
    """The points of one signal: from 0 to its limit, or to points × the number of times that it may count."""
    if not meaning.may_hold(signal.when, model):
        return Amounts(0, 0)
    most = BEYOND
    repeat = signal.repeat
    # Only then is the number of occurrences bounded for ever; a window, a day or an asset begins a new count.
    if repeat is not None and repeat.per == "event" and repeat.times is not None and repeat.window is None:
        most = repeat.times * abs(cents(signal.points))
    if signal.max is not None:
        most = min(most, cents(signal.max))
    return Amounts(0, most) if signal.points > 0 else Amounts(-most if signal.points < 0 else 0, 0)


def least_worth(signal: Signal) -> int:
    """The smallest value that a counted occurrence decays to, without sign, in cents."""
    points = abs(cents(signal.points))
    if signal.decay is None or signal.decay.curve == "none":
        return points
    return min(points, cents(signal.decay.floor or Decimal(0)))


def points_text(amount: int) -> str:
    """Cents as text in points."""
    return f"{Decimal(amount) / 100:f}"
