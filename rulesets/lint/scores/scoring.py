"""Scoring models: bounds, edges, decay, and a last model that takes every lead (R3.1, R3.2, R3.4)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from rulesets.conditions.conditions import ALWAYS
from rulesets.document.findings import Finding, Place
from rulesets.document.wording import Word, says
from rulesets.lint.known import DocumentIndex
from rulesets.policy.policy import GRADES, HEATS, Decay, Model

DECAYS: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    "linear": frozenset({"percent", "period"}),
    "half_life": frozenset({"days"}),
    "step": frozenset({"steps"}),
    "expire": frozenset({"days"}),
}
"""Curve → its required parameters; ``floor`` is optional for every curve."""


def check_scoring(known: DocumentIndex) -> Iterator[Finding]:
    """Every model, and their order."""
    models = known.policy.models
    for index, model in enumerate(models):
        yield from _check_model(known, ("models", index), model)
    last = max(range(len(models)), key=lambda index: (models[index].priority, index))
    if models[last].when != ALWAYS:
        message = says("the last model by priority must take every lead, or some would have no score")
        yield known.error("last-model", ("models", last, "when"), message, says("write {all: []}, or add such a model"))


def _check_model(known: DocumentIndex, place: Place, model: Model) -> Iterator[Finding]:
    fit, engagement = model.fit, model.engagement
    yield from _check_bounds(known, (*place, "fit"), fit.min, fit.max)
    yield from _check_edges(known, (*place, "fit", "grades"), fit.grades, GRADES)
    for index, group in enumerate(fit.groups):
        yield from _check_bounds(known, (*place, "fit", "groups", index), group.min, group.max)
    yield from _check_zero_between(known, (*place, "engagement"), engagement.min, engagement.max)
    yield from _check_edges(known, (*place, "engagement", "heats"), engagement.heats, HEATS)
    for index, signals in enumerate(engagement.groups):
        at: Place = (*place, "engagement", "groups", index)
        yield from _check_zero_between(known, at, signals.min, signals.max)
        for s, signal in enumerate(signals.signals):
            if signal.decay:
                yield from _check_decay(known, (*at, "signals", s, "decay"), signal.decay)


def _check_bounds(known: DocumentIndex, place: Place, low: Decimal | None, high: Decimal | None) -> Iterator[Finding]:
    if low is not None and high is not None and low > high:
        message = says("min %(low)s is above max %(high)s", low=low, high=high)
        yield known.error("bounds", (*place, "min"), message, says("swap the two"))


def _check_zero_between(
    known: DocumentIndex, place: Place, low: Decimal | None, high: Decimal | None
) -> Iterator[Finding]:
    """Checks min ≤ 0 ≤ max, because a lead without events has engagement 0 (R3.2)."""
    if low is not None and low > 0:
        message = says("min %(low)s is above 0, where every lead starts", low=low)
        yield known.error("bounds", (*place, "min"), message, says("write 0 or less"))
    if high is not None and high < 0:
        message = says("max %(high)s is below 0, where every lead starts", high=high)
        yield known.error("bounds", (*place, "max"), message, says("write 0 or more"))


def _check_edges(
    known: DocumentIndex, place: Place, edges: Mapping[Any, Decimal], order: tuple[str, ...]
) -> Iterator[Finding]:
    names = [name for name in order if name in edges]
    for above, below in pairwise(names):
        if edges[above] <= edges[below]:
            message = says(
                "%(above)s begins at %(edge)s, which is not above %(below)s at %(other)s",
                above=Word("step", above), edge=edges[above], below=Word("step", below), other=edges[below],
            )  # fmt: skip
            yield known.error("edges", (*place, below), message, says("let the edges descend strictly"))


def _check_decay(known: DocumentIndex, place: Place, decay: Decay) -> Iterator[Finding]:
    needed, curve = DECAYS[decay.curve], Word("curve", decay.curve)
    given = {name for name in ("percent", "period", "days", "steps") if getattr(decay, name)}
    for name in sorted(needed - given):
        message = says("the curve %(curve)s needs %(key)s", curve=curve, key=Word("key", name))
        yield known.error("decay", place, message, says("add %(key)s", key=Word("key", name)))
    for name in sorted(given - needed):
        message = says("the curve %(curve)s has no %(key)s", curve=curve, key=Word("key", name))
        yield known.error("decay", (*place, name), message, says("remove it"))
    days = [step.after_days for step in decay.steps]
    for index, after in enumerate(days):
        if after in days[:index]:
            message = says("two steps begin after %(days)s days", days=after)
            yield known.error("decay", (*place, "steps", index), message, says("remove one"))
