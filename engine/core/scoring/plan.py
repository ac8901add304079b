"""The models of a policy, prepared for scoring: whole cents, rule ids, signals by event. Built once per policy.

This module reads no lead; `engine.core.scoring.scoring` does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeVar

from engine.core.lead.model import FitLine
from engine.core.lead.view import Frame
from engine.core.scoring.amounts import Bounds, cents, points
from engine.core.scoring.decay import Worth, worth_of
from rulesets.conditions.conditions import Node, PropertyTest
from rulesets.conditions.moments import leaves, segments_of
from rulesets.policy.policy import (
    GRADES,
    HEATS,
    Engagement,
    Fit,
    FitGroup,
    FitRule,
    Model,
    Policy,
    Repeat,
    Signal,
    SignalGroup,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FitRulePlan:
    """A fit rule: the matcher's ``rule`` id, its line when true, its points in cents."""

    rule: str
    line: FitLine
    cents: int


@dataclass(frozen=True, slots=True)
class FitGroupPlan:
    """A fit group and its enabled rules."""

    key: str
    bounds: Bounds
    rules: tuple[FitRulePlan, ...]


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """A signal: its ``place`` in the document, the place of its group, its value, and how often it may count.

    ``worth`` is None without decay; ``times`` is None without limit. ``paths`` has the properties of the current event
    that the condition tests, split into steps.
    """

    place: int
    group: int
    group_key: str
    key: str
    rule: str
    events: tuple[str, ...]
    points: Decimal
    cents: int
    limit: int | None
    worth: Worth | None
    times: int | None
    per: str
    window: timedelta | None
    paths: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model; ``listeners`` maps an event key to the signals that count it, in document order."""

    key: str
    rule: str
    of_account: bool
    fit_start: int
    fit_groups: tuple[FitGroupPlan, ...]
    fit_bounds: Bounds
    grades: tuple[tuple[str, int], ...]
    groups: tuple[tuple[str, Bounds], ...]
    signals: tuple[SignalPlan, ...]
    listeners: Mapping[str, tuple[SignalPlan, ...]]
    total: Bounds
    heats: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ScoringPlan:
    """All models in the order in which they are tried (R3.1)."""

    models: tuple[ModelPlan, ...]


class _Same(Generic[_T]):
    """A value that is compared by identity, so that a large immutable object can be a cache key."""

    __slots__ = ("value",)

    def __init__(self, value: _T) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        # Safe as a hash: the cache key holds the value, so its id is not reused while the entry lives.
        return id(self.value)


def once_per_policy(make: Callable[[Policy], _T]) -> Callable[[Policy], _T]:
    """Caches a function of a policy by identity, for the 32 policies used last; a policy is immutable."""

    @lru_cache(maxsize=32)
    def remembered(policy: _Same[Policy]) -> _T:
        return make(policy.value)

    return lambda policy: remembered(_Same(policy))


@once_per_policy
def frame_of(policy: Policy) -> Frame:
    """The frame of a policy's views."""
    return Frame.of(policy)


@once_per_policy
def scoring_plan(policy: Policy) -> ScoringPlan:
    """The plan of a policy."""
    # sorted is stable: models of equal priority keep document order (R3.1).
    models = sorted(policy.models, key=lambda model: model.priority)
    return ScoringPlan(tuple(_model(model, policy) for model in models))


def _model(model: Model, policy: Policy) -> ModelPlan:
    fit, engagement = model.fit, model.engagement
    signals = _signals(model, policy)
    return ModelPlan(
        key=model.key,
        rule=f"model.{model.key}",
        of_account=model.scores == "account",
        fit_start=cents(fit.start),
        fit_groups=_fit_groups(model.key, fit),
        fit_bounds=_bounds(fit),
        grades=_edges(GRADES, fit.grades),
        groups=tuple((group.key, _bounds(group)) for group in engagement.groups),
        signals=signals,
        listeners=_listeners(signals),
        total=_bounds(engagement),
        heats=_edges(HEATS, engagement.heats),
    )


def _fit_groups(model: str, fit: Fit) -> tuple[FitGroupPlan, ...]:
    return tuple(
        FitGroupPlan(
            group.key,
            _bounds(group),
            tuple(_fit_rule(model, group.key, rule) for rule in group.rules if rule.enabled),
        )
        for group in fit.groups
    )


def _fit_rule(model: str, group: str, rule: FitRule) -> FitRulePlan:
    amount = cents(rule.points)
    return FitRulePlan(f"fit.{model}.{group}.{rule.key}", FitLine(group, rule.key, points(amount)), amount)


def _signals(model: Model, policy: Policy) -> tuple[SignalPlan, ...]:
    segments = segments_of(policy)
    placed = [(g, group.key, s) for g, group in enumerate(model.engagement.groups) for s in group.signals if s.enabled]
    return tuple(
        _signal(place, group, (group_key, f"signal.{model.key}.{group_key}.{signal.key}"), signal, segments)
        for place, (group, group_key, signal) in enumerate(placed)
    )


def _signal(place: int, group: int, keys: tuple[str, str], signal: Signal, segments: Mapping[str, Node]) -> SignalPlan:
    fades = signal.decay is not None and signal.decay.curve != "none"
    repeat = signal.repeat or Repeat(per="event")
    return SignalPlan(
        place=place,
        group=group,
        group_key=keys[0],
        key=signal.key,
        rule=keys[1],
        events=tuple(dict.fromkeys(signal.events)),
        points=points(cents(signal.points)),
        cents=cents(signal.points),
        limit=None if signal.max is None else cents(signal.max),
        worth=worth_of(cents(signal.points), signal.decay) if signal.decay and fades else None,
        times=repeat.times,
        per=repeat.per,
        window=repeat.window.timedelta if repeat.window else None,
        paths=_paths(signal.when, segments),
    )


def _paths(condition: Node, segments: Mapping[str, Node]) -> tuple[tuple[str, ...], ...]:
    """The properties of the current event that a condition tests, without the first step ``properties``."""
    tested = {leaf.event for leaf in leaves(condition, segments) if isinstance(leaf, PropertyTest)}
    return tuple(tuple(path.split(".")[1:]) for path in sorted(tested))


def _listeners(signals: tuple[SignalPlan, ...]) -> dict[str, tuple[SignalPlan, ...]]:
    events = dict.fromkeys(event for signal in signals for event in signal.events)
    return {event: tuple(signal for signal in signals if event in signal.events) for event in events}


def _bounds(part: FitGroup | SignalGroup | Fit | Engagement) -> Bounds:
    return Bounds(*(None if bound is None else cents(bound) for bound in (part.min, part.max)))


def _edges(names: tuple[str, ...], edges: Mapping[Any, Decimal]) -> tuple[tuple[str, int], ...]:
    """The edges from the best name down; the last name has none."""
    return tuple((name, cents(edges[name])) for name in names if name in edges)
