"""Translates the named conditions of a policy into rulesets that durable_rules can take without harm.

The library hangs, crashes or answers wrongly on inputs that look harmless (docs/matching.md lists them). So one narrow
form of rule is ever made: an anchor ``{"k": "L"}`` and literals ``{"f_3": 1}`` (`rulesets.compile.compiled`), at most
`SHARD_LEAVES` of them per ruleset. Alternatives (`any`) become rules of their own under the same rule id; negation is
pushed down to the tests; what would grow too wide is computed by the interpreter as one literal. Matching itself is
`engine.matcher.rete`. Nothing here does I/O.

compile_policy:
1. `rulesets.conditions.moments` names the conditions and groups them by moment;
2. each condition becomes alternatives of atoms over shared sources (`rulesets.compile.features`);
3. alternatives are packed into shards, those that read one source alone by source, the rest by likeness.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from math import prod
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from rulesets.compile.compiled import ANCHOR, SENTINEL, Compiled, Read, Ruleset, Shard, Source
from rulesets.compile.features import ALWAYS, Alternatives, Atom, Features, fresh_names
from rulesets.conditions.conditions import AllOf, AnyOf, Node, NoneOf, SegmentTest, children
from rulesets.conditions.moments import CannotCompile, named_conditions, segment, segments_of
from rulesets.document.wording import says
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import EDITION, Vocabulary

SHARD_LEAVES = 48
SHARD_MESSAGES = 64  # about how many different messages a shard of several sources may be sent
MOST_SHARDS = 1000  # each takes 0.1 to 0.6 MB in every worker
RULE_LEAVES = 24  # a condition wider than this, alternatives multiplied out, is computed by the interpreter in part

Rule = tuple[str, tuple[Atom, ...]]


def compile_policy(policy: Policy) -> Compiled:
    """All rulesets of a policy. Raises CannotCompile when it has errors that its lint reports."""
    vocabulary, zone, segments = Vocabulary.of(policy), ZoneInfo(policy.timezone), segments_of(policy)
    rulesets = {
        name: _ruleset(conditions, Features(vocabulary, zone), segments)
        for name, conditions in named_conditions(policy).items()
    }
    shards = sum(len(ruleset.shards) for ruleset in rulesets.values())
    if shards > MOST_SHARDS:
        raise CannotCompile(
            says(
                "its rules need %(n)s shards of the matcher, of which there may be %(most)s", n=shards, most=MOST_SHARDS
            )
        )
    return Compiled(rulesets=rulesets, edition=EDITION)


def _ruleset(conditions: Mapping[str, Node], features: Features, segments: Mapping[str, Node]) -> Ruleset:
    expansion = Expansion(features, segments)
    always: list[str] = []
    rules: list[Rule] = []
    for rule, condition in conditions.items():
        alternatives = expansion.of(condition, holds=True)
        if () in alternatives:
            always.append(rule)
        else:
            rules.extend((rule, alternative) for alternative in alternatives)
    sources, moved = features.sources({atom for _, atoms in rules for atom in atoms}, fresh_names())
    rules = [(rule, tuple(sorted(moved[atom] for atom in atoms))) for rule, atoms in rules]
    return Ruleset(
        always=tuple(always), sources=sources, shards=tuple(_shard(packed, sources) for packed in pack(rules))
    )


class Expansion:
    """Multiplies conditions out into alternatives of atoms, segments in place, negation pushed down to the tests."""

    def __init__(self, features: Features, segments: Mapping[str, Node]) -> None:
        self._features = features
        self._segments = segments

    def of(self, condition: Node, *, holds: bool, inside: tuple[str, ...] = ()) -> Alternatives:
        """When ``condition`` holds (or, with ``holds=False``, when it does not)."""
        if isinstance(condition, SegmentTest):
            below = segment(condition, self._segments, inside)
            return self.of(below, holds=holds, inside=(*inside, condition.segment))
        if not isinstance(condition, AllOf | AnyOf | NoneOf):
            return self._features.test(condition, holds=holds)
        wanted = holds != isinstance(condition, NoneOf)  # what a child must be
        together = holds != isinstance(condition, AnyOf)  # whether every child must be so, or one
        parts = [(child, self.of(child, holds=wanted, inside=inside)) for child in children(condition)]
        whole = self._every(parts, wanted) if together else merge(part for _, part in parts)
        return whole if leaves_of(whole) <= RULE_LEAVES else self._features.whole(condition, holds=holds)

    def _every(self, parts: list[tuple[Node, Alternatives]], wanted: bool) -> Alternatives:
        """The product of all parts; the widest become one literal each while the product would be too wide."""
        while product_leaves(part for _, part in parts) > RULE_LEAVES:
            widest = max(range(len(parts)), key=lambda index: leaves_of(parts[index][1]))
            condition, alternatives = parts[widest]
            if leaves_of(alternatives) <= 1:
                break
            parts[widest] = (condition, self._features.whole(condition, holds=wanted))
        return multiply(part for _, part in parts)


def leaves_of(alternatives: Alternatives) -> int:
    """How many leaves the engine would be given, as it counts them."""
    return sum(len(alternative) for alternative in alternatives)


def product_leaves(parts: Iterable[Alternatives]) -> int:
    """An upper bound of the leaves of the product, without making it."""
    ways, leaves = 1, 0
    for part in parts:
        ways, leaves = ways * len(part), leaves * len(part) + leaves_of(part) * ways
    return leaves


def merge(parts: Iterable[Alternatives]) -> Alternatives:
    """Any of the parts: every alternative once; one that is always true makes the others superfluous."""
    merged = tuple(dict.fromkeys(alternative for part in parts for alternative in part))
    return ALWAYS if () in merged else merged


def multiply(parts: Iterable[Alternatives]) -> Alternatives:
    """All of the parts: one alternative of each, joined in the order of sources so that rules share beginnings."""
    product = ALWAYS
    for part in parts:
        product = merge([tuple(tuple(sorted({*left, *right})) for left in product for right in part)])
    return product


def pack(rules: Iterable[Rule]) -> Iterator[list[Rule]]:
    """Shards of at most SHARD_LEAVES leaves that see few different leads.

    A shard that reads little is asked the same again and again, and the matcher remembers its answers. So rules of one
    source alone share a shard; the others go to the source that most of them read, as long as the messages they could
    be sent stay few.
    """
    alone: dict[int, list[Rule]] = {}
    joint: list[Rule] = []
    for rule in rules:
        sources = _sources(rule)
        if len(sources) == 1:
            alone.setdefault(min(sources), []).append(rule)
        else:
            joint.append(rule)
    for source in sorted(alone):
        yield from _filled(alone[source])
    popularity = Counter(source for rule in joint for source in _sources(rule))
    hubs: dict[int, list[Rule]] = {}
    for rule in joint:
        hubs.setdefault(max(_sources(rule), key=lambda source: (popularity[source], source)), []).append(rule)
    for source in sorted(hubs):
        yield from _filled(sorted(hubs[source], key=lambda rule: rule[1]))


def _sources(rule: Rule) -> set[int]:
    return {atom.source for atom in rule[1]}


def _filled(rules: Iterable[Rule]) -> Iterator[list[Rule]]:
    """At least one rule, as many to a shard as fit."""
    shard: list[Rule] = []
    for rule in rules:
        if shard and not _fits([*shard, rule]):
            yield shard
            shard = []
        shard.append(rule)
    yield shard


def _fits(rules: list[Rule]) -> bool:
    """Within the engine's limit, and of several sources few combinations of what may be true."""
    if sum(len(atoms) for _, atoms in rules) > SHARD_LEAVES:
        return False
    literals = Counter(source for source, _ in {atom for _, atoms in rules for atom in atoms})
    return len(literals) == 1 or prod(count + 1 for count in literals.values()) <= SHARD_MESSAGES


def _shard(packed: list[Rule], sources: tuple[Source, ...]) -> Shard:
    """The sentinel has the lowest priority, hence fires last. A comparison has one key: a second would be ignored."""
    definition: dict[str, Any] = {
        str(number): _engine_rule([{sources[atom.source].assertions[atom.literal].name: 1} for atom in atoms])
        for number, (_, atoms) in enumerate(packed)
    }
    definition[SENTINEL] = {**_engine_rule([]), "pri": len(packed) + 1}
    return Shard(
        rules=tuple(rule for rule, _ in packed),
        definition=definition,
        reads=tuple(
            Read(source=source, assertions=tuple(literal for _, literal in atoms))
            for source, atoms in groupby(sorted({atom for _, atoms in packed for atom in atoms}), key=itemgetter(0))
        ),
    )


def _engine_rule(comparisons: list[dict[str, Any]]) -> dict[str, Any]:
    return {"all": [{"m": {"$and": [ANCHOR, *comparisons]}}]}
