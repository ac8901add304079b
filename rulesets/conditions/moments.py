"""The named conditions of a policy, grouped by the moment at which each can be evaluated.

A rule id is the dotted path of its keys (`fit.smb.size.s50`). A ruleset holds the rules of one moment. Compiler,
matchers and decisions share this table, so that a rule has one name everywhere. Disabled rules are left out. Nothing
is evaluated here.

| ruleset | holds | needs |
|---|---|---|
| `profile` | models, fit rules, signals without property tests | facts and history |
| `occurrence.<event>` | signals of that event with property tests | also one current event |
| `verdict`, `verdict_1`, … | exclusions, red flags, checklist items | also scores and the checklists of levels before |
| `route` | conditions of routes | also every checklist |
| `action` | conditions of assignment policies and clocks | also stage and owner |
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from rulesets.conditions.conditions import (
    CountTest,
    DaysSinceTest,
    FieldTest,
    Node,
    PropertyTest,
    SegmentTest,
    children,
)
from rulesets.document.wording import says
from rulesets.policy.policy import Model, Policy, Signal

PROFILE = "profile"
VERDICT = "verdict"
ROUTE = "route"
ACTION = "action"
OCCURRENCE = "occurrence."

Named = Mapping[str, Mapping[str, Node]]


class CannotCompile(ValueError):
    """The policy has errors that its lint reports (cycles, dangling references), so it has no rulesets."""


def occurrence_of(event: str) -> str:
    """The ruleset of the signals that count this event and test its properties."""
    return OCCURRENCE + event


def named_conditions(policy: Policy) -> dict[str, dict[str, Node]]:
    """Ruleset → rule id → condition, in document order; a ruleset without rules is absent.

    Raises CannotCompile for references that are missing or form a cycle.
    """
    rulesets: dict[str, dict[str, Node]] = {}
    for ruleset, rule, condition in _named(policy):
        rulesets.setdefault(ruleset, {})[rule] = condition
    return rulesets


def verdict_levels(policy: Policy) -> tuple[str, ...]:
    """The verdict rulesets in the order in which they must be evaluated."""
    found = [name for name in named_conditions(policy) if name.split("_")[0] == VERDICT]
    # By number, not by text: verdict_10 comes after verdict_9.
    return tuple(sorted(found, key=lambda name: int(name.partition("_")[2] or 0)))


def knows_ruleset(name: str) -> bool:
    """Whether a policy could have a ruleset of this name."""
    return (
        name in {PROFILE, VERDICT, ROUTE, ACTION}
        or name.startswith(OCCURRENCE)
        or (name.startswith(VERDICT + "_") and name[len(VERDICT) + 1 :].isdecimal())
    )


def segments_of(policy: Policy) -> dict[str, Node]:
    """Segment key → its condition."""
    return {segment.key: segment.when for segment in policy.segments}


def leaves(condition: Node, segments: Mapping[str, Node]) -> Iterator[Node]:
    """Every test below a condition, segments included, ``where`` excluded. Raises CannotCompile on a segment cycle."""
    return _leaves(condition, segments, ())


def _leaves(condition: Node, segments: Mapping[str, Node], inside: tuple[str, ...]) -> Iterator[Node]:
    if isinstance(condition, SegmentTest):
        yield from _leaves(segment(condition, segments, inside), segments, (*inside, condition.segment))
    elif below := children(condition):
        for child in below:
            yield from _leaves(child, segments, inside)
    elif isinstance(condition, FieldTest | PropertyTest | CountTest | DaysSinceTest):
        yield condition


def segment(test: SegmentTest, segments: Mapping[str, Node], inside: tuple[str, ...] = ()) -> Node:
    """The condition of the segment that a test names. Raises CannotCompile if it is missing or contains itself."""
    if test.segment in inside:
        raise CannotCompile(
            says("segments refer to each other in a circle: %(names)s", names=" → ".join((*inside, test.segment)))
        )
    try:
        return segments[test.segment]
    except KeyError:
        raise CannotCompile(says("there is no segment %(key)s", key=repr(test.segment))) from None


def _named(policy: Policy) -> Iterator[tuple[str, str, Node]]:
    segments = segments_of(policy)
    for model in policy.models:
        yield PROFILE, f"model.{model.key}", model.when
        yield from _fit_rules(model)
        yield from _signals(model, segments)
    yield from _verdicts(policy, segments)
    for route in policy.qualification.mql:
        if route.when is not None:
            yield ROUTE, f"route.{route.key}", route.when
    for assignment in policy.assignment:
        yield ACTION, f"assignment.{assignment.key}", assignment.when
    for clock in policy.sla:
        yield ACTION, f"sla.{clock.key}", clock.when


def _fit_rules(model: Model) -> Iterator[tuple[str, str, Node]]:
    for group in model.fit.groups:
        for rule in group.rules:
            if rule.enabled:
                yield PROFILE, f"fit.{model.key}.{group.key}.{rule.key}", rule.when


def _signals(model: Model, segments: Mapping[str, Node]) -> Iterator[tuple[str, str, Node]]:
    for group in model.engagement.groups:
        for signal in group.signals:
            if signal.enabled:
                rule = f"signal.{model.key}.{group.key}.{signal.key}"
                for ruleset in _rulesets_of(signal, segments):
                    yield ruleset, rule, signal.when


def _rulesets_of(signal: Signal, segments: Mapping[str, Node]) -> tuple[str, ...]:
    if reads_properties(signal.when, segments):
        return tuple(occurrence_of(event) for event in dict.fromkeys(signal.events))
    return (PROFILE,)


def reads_properties(condition: Node, segments: Mapping[str, Node]) -> bool:
    """Whether a condition tests properties of the current event."""
    return any(isinstance(leaf, PropertyTest) for leaf in leaves(condition, segments))


def _verdicts(policy: Policy, segments: Mapping[str, Node]) -> Iterator[tuple[str, str, Node]]:
    """Exclusions, red flags and items; a condition that reads ``checklist.x.met`` is one level after all items of x."""
    parts = policy.qualification
    level = _checklist_levels(policy, segments)
    conditions = (
        *((f"exclusion.{part.key}", part.when) for part in parts.exclusions),
        *((f"flag.{part.key}", part.when) for part in parts.red_flags),
        *((f"item.{c.key}.{part.key}", part.when) for c in parts.checklists for part in c.items),
    )
    for rule, condition in conditions:
        after = max((level.get(key, 0) + 1 for key in _checklists_read(condition, segments)), default=0)
        yield (f"{VERDICT}_{after}" if after else VERDICT), rule, condition


def _checklist_levels(policy: Policy, segments: Mapping[str, Node]) -> dict[str, int]:
    reads = {
        checklist.key: {key for item in checklist.items for key in _checklists_read(item.when, segments)}
        for checklist in policy.qualification.checklists
    }
    levels: dict[str, int] = {}
    try:
        for key in TopologicalSorter(reads).static_order():
            levels[key] = max((levels[other] + 1 for other in reads.get(key, ())), default=0)
    except CycleError as cycle:
        raise CannotCompile(
            says("checklists read each other in a circle: %(names)s", names=" → ".join(cycle.args[1]))
        ) from None
    return levels


def _checklists_read(condition: Node, segments: Mapping[str, Node]) -> set[str]:
    """Keys of the checklists whose ``met`` a condition reads. A ``where`` reads none: the lint forbids it (R2.7)."""
    fields = (leaf.field for leaf in leaves(condition, segments) if isinstance(leaf, FieldTest))
    return {field.split(".")[1] for field in fields if field.startswith("checklist.") and field.count(".") == 2}
