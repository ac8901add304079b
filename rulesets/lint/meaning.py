"""Warnings about meaning: only for policies without errors, and every finding is certain (R0.3).

A check is a function from `Meaning` to findings. A check reports nothing where it cannot decide.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rulesets.conditions.conditions import ALWAYS, Node
from rulesets.document.findings import Finding, Place
from rulesets.document.wording import Sentence
from rulesets.lint.conditions.questions import Questions
from rulesets.lint.known import DocumentIndex
from rulesets.policy.policy import FitGroup, FitRule, Model, Signal, SignalGroup


@dataclass(slots=True)
class Meaning:
    """The input of the checks of meaning. ``seen``: event types that have arrived, as key or alias; None if unknown."""

    known: DocumentIndex
    questions: Questions
    seen: Collection[str] | None = None
    _contexts: dict[str, tuple[tuple[Node, ...], tuple[Node, ...]]] = field(default_factory=dict)
    _holding: dict[tuple[int, str], bool] = field(default_factory=dict)

    def warning(self, code: str, place: Place, message: Sentence, mend: Sentence | None = None) -> Finding:
        """A warning at a place of the policy."""
        return self.known.warning(code, place, message, mend)

    @property
    def models(self) -> tuple[tuple[Place, Model], ...]:
        """The models with their places, in the order in which they are tried (R3.1)."""
        placed = [(("models", index), model) for index, model in enumerate(self.known.policy.models)]
        return tuple(sorted(placed, key=lambda one: one[1].priority))

    def context(self, model: Model) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """The conditions that certainly hold, and those that certainly fail, for a lead that this model scores.

        A model that scores accounts reads all leads of an account, so its condition says nothing about one lead (R3.7).
        """
        if model.key not in self._contexts:
            earlier = [other for _, other in self.models[: [one for _, one in self.models].index(model)]]
            own = (model.when,) if model.scores == "lead" else ()
            self._contexts[model.key] = (own, tuple(other.when for other in earlier if other.scores == "lead"))
        return self._contexts[model.key]

    def may_hold(self, condition: Node, model: Model) -> bool:
        """Whether a condition may hold for a lead that this model scores."""
        # By identity: hashing a large condition each time would be slow. The policy keeps the object alive.
        asked = (id(condition), model.key)
        if asked not in self._holding:
            self._holding[asked] = self._may_hold(condition, model)
        return self._holding[asked]

    def _may_hold(self, condition: Node, model: Model) -> bool:
        if not self.questions.ask(condition).may_hold:
            return False
        own, earlier = self.context(model)
        if model.scores == "account" or (own == (ALWAYS,) and not earlier):
            return True
        return self.questions.may_hold(*own, condition, but=earlier)


def fit_rules(place: Place, group: FitGroup) -> Iterator[tuple[Place, FitRule]]:
    """The enabled rules of a fit group."""
    return (((*place, "rules", r), rule) for r, rule in enumerate(group.rules) if rule.enabled)


def signals(place: Place, group: SignalGroup) -> Iterator[tuple[Place, Signal]]:
    """The enabled signals of an engagement group."""
    return (((*place, "signals", s), signal) for s, signal in enumerate(group.signals) if signal.enabled)


def fit_groups(place: Place, model: Model) -> Iterator[tuple[Place, FitGroup]]:
    """The fit groups of a model."""
    return (((*place, "fit", "groups", g), group) for g, group in enumerate(model.fit.groups))


def signal_groups(place: Place, model: Model) -> Iterator[tuple[Place, SignalGroup]]:
    """The engagement groups of a model."""
    return (((*place, "engagement", "groups", g), group) for g, group in enumerate(model.engagement.groups))
