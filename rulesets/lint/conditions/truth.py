"""Conditions that always or never hold, segments expanded; and rules that never hold for a lead of their model."""

from collections.abc import Iterator

from rulesets.conditions.conditions import (
    ALWAYS,
    OPERATORS,
    CountTest,
    DaysSinceTest,
    FieldTest,
    Node,
    PropertyTest,
    children,
)
from rulesets.conditions.operands import property_type, read_operand
from rulesets.document.findings import Finding, Place
from rulesets.document.wording import says
from rulesets.lint.conditions.conditions import nodes_at
from rulesets.lint.known import sites
from rulesets.lint.meaning import Meaning, fit_groups, fit_rules, signal_groups, signals
from rulesets.policy.policy import Model

STOPPING = {"exclusions", "red_flags"}
"""Lists in which even a plain ``{all: []}`` is a mistake: it would stop every lead."""
MEND = says("mend or remove it")


def check_truth(meaning: Meaning) -> Iterator[Finding]:
    """Checks every enabled condition and every ``where``; reports the largest part that is constant."""
    off = switched_off(meaning)
    for site in sites(meaning.known.policy):
        if site.place not in off:
            stops = len(site.place) > 1 and site.place[1] in STOPPING
            yield from _constant(meaning, site.place, site.condition, plain=stops)
            for place, node, inside in nodes_at(site.place, site.condition):
                if inside and place[-1] == "where":
                    yield from _constant(meaning, place, node)


def switched_off(meaning: Meaning) -> frozenset[Place]:
    """The places of the conditions of disabled rules and signals."""
    found: set[Place] = set()
    for m, model in enumerate(meaning.known.policy.models):
        for g, group in enumerate(model.fit.groups):
            for r, rule in enumerate(group.rules):
                found |= set() if rule.enabled else {("models", m, "fit", "groups", g, "rules", r, "when")}
        for g, listening in enumerate(model.engagement.groups):
            for s, signal in enumerate(listening.signals):
                found |= set() if signal.enabled else {("models", m, "engagement", "groups", g, "signals", s, "when")}
    return frozenset(found)


def _constant(meaning: Meaning, place: Place, node: Node, *, plain: bool = False) -> Iterator[Finding]:
    """``plain``: also report a condition that is written as always true."""
    if (node == ALWAYS and not plain) or _is_told(meaning, node):
        return
    answer = meaning.questions.ask(node)
    if not answer.may_hold:
        yield meaning.warning("always-false", place, says("this never holds, whatever the lead"), MEND)
    elif not answer.may_fail:
        yield meaning.warning("always-true", place, says("this always holds, whatever the lead"), MEND)
    else:
        kind = next(iter(type(node).model_fields))
        for index, child in enumerate(children(node)):
            yield from _constant(meaning, (*place, kind, index), child)


def _is_told(meaning: Meaning, node: Node) -> bool:
    """Whether the operand is the cause and has its own warning: an empty list, or a range with its ends swapped."""
    if not isinstance(node, FieldTest | PropertyTest | CountTest | DaysSinceTest):
        return False
    subject = meaning.known.vocabulary.fields[node.field].type if isinstance(node, FieldTest) else None
    operator = OPERATORS[node.op]
    type_ = subject or property_type(operator, node.value)
    operand = read_operand(type_, operator, node.value, meaning.known.zone)
    return operand == frozenset() or (isinstance(operand, tuple) and operand[0] > operand[1])


def check_models(meaning: Meaning) -> Iterator[Finding]:
    """Models that score no lead, and rules that hold for no lead of their model."""
    for place, model in meaning.models:
        own, earlier = meaning.context(model)
        if not meaning.questions.may_hold(*own, but=earlier) and meaning.questions.ask(model.when).may_hold:
            message = says(
                "every lead that fits is scored by a model before it: %(models)s", models=_names(meaning, model)
            )
            mend = says("narrow those, or give this one a lower priority number")
            yield meaning.warning("unreachable-model", place, message, mend)
        elif model.scores == "lead" and (earlier or model.when != ALWAYS):
            yield from _never_here(meaning, place, model)


def _names(meaning: Meaning, model: Model) -> tuple[str, ...]:
    before = meaning.models[: [one for _, one in meaning.models].index(model)]
    return tuple(other.key for _, other in before)[:10]


def _never_here(meaning: Meaning, place: Place, model: Model) -> Iterator[Finding]:
    rules = [(at, rule.when) for group_at, group in fit_groups(place, model) for at, rule in fit_rules(group_at, group)]
    listening = signal_groups(place, model)
    rules += [(at, signal.when) for group_at, group in listening for at, signal in signals(group_at, group)]
    for at, when in rules:
        if meaning.questions.ask(when).may_hold and not meaning.may_hold(when, model):
            message = says("this holds for no lead that the model %(model)s scores", model=model.key)
            yield meaning.warning("unreachable-rule", at, message, says("move it to the model that scores such leads"))
