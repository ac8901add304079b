"""Translates the named conditions of a policy into rulesets that durable_rules handles safely.

The library hangs, crashes or answers wrongly on some valid input (docs/matching.md lists it). So the compiler writes
only one narrow form of rule: an anchor ``{"k": "L"}`` and literals ``{"f_3": 1}`` (`rulesets.compile.compiled`), at
most `SHARD_LEAVES` literals per ruleset. Each alternative of `any` becomes a rule with the same rule id. Negation is
pushed down to the tests. A condition that would become too wide is one literal, which the interpreter evaluates.
`engine.matcher.rete` matches. No I/O here.

compile_policy:
1. `rulesets.conditions.moments` names the conditions and groups them by moment;
2. each condition becomes alternatives of atoms over shared sources (`rulesets.compile.features`);
3. alternatives are packed into shards: by source if they read one source, the others by their most common source.
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

# durable_rules raises error 303 when more than 64 nodes match at once; 48 leaves a margin.
SHARD_LEAVES = 48
SHARD_MESSAGES = 64  # about the most different messages to a shard of several sources
MOST_SHARDS = 1000  # each needs 0.1 to 0.6 MB in every worker process
RULE_LEAVES = 24  # parts of a condition that is wider, alternatives multiplied out, are left to the interpreter

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
    """Expands conditions into alternatives of atoms, with segments expanded and negation pushed down to the tests."""

    def __init__(self, features: Features, segments: Mapping[str, Node]) -> None:
        self._features = features
        self._segments = segments

    def of(self, condition: Node, *, holds: bool, inside: tuple[str, ...] = ()) -> Alternatives:
        """The alternatives in which ``condition`` is true (with ``holds=False``: false)."""
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
        """The product of all parts; while it would be too wide, the widest part becomes one literal."""
        while product_leaves(part for _, part in parts) > RULE_LEAVES:
            widest = max(range(len(parts)), key=lambda index: leaves_of(parts[index][1]))
            condition, alternatives = parts[widest]
            if leaves_of(alternatives) <= 1:
                break
            parts[widest] = (condition, self._features.whole(condition, holds=wanted))
        return multiply(part for _, part in parts)


def leaves_of(alternatives: Alternatives) -> int:
    """How many leaves durable_rules would count."""
    return sum(len(alternative) for alternative in alternatives)


def product_leaves(parts: Iterable[Alternatives]) -> int:
    """An upper bound of the leaves of the product, computed without building it."""
    ways, leaves = 1, 0
    for part in parts:
        ways, leaves = ways * len(part), leaves * len(part) + leaves_of(part) * ways
    return leaves


def merge(parts: Iterable[Alternatives]) -> Alternatives:
    """Any of the parts: every alternative once; only `ALWAYS` if one of them is always true."""
    merged = tuple(dict.fromkeys(alternative for part in parts for alternative in part))
    return ALWAYS if () in merged else merged


def multiply(parts: Iterable[Alternatives]) -> Alternatives:
    """All of the parts: one alternative of each, joined. Atoms are sorted by source, so that rules share prefixes."""
    product = ALWAYS
    for part in parts:
        product = merge([tuple(tuple(sorted({*left, *right})) for left in product for right in part)])
    return product


def pack(rules: Iterable[Rule]) -> Iterator[list[Rule]]:
    """Shards of at most SHARD_LEAVES leaves that get few different messages.

    The matcher caches the answer to each message, so a shard that reads little often answers from the cache. Therefore
    rules of a single source share a shard. Other rules are grouped by the source that most of them read, as long as the
    number of possible messages stays small.
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
    """Shards of at least one rule, each with as many rules as fit."""
    shard: list[Rule] = []
    for rule in rules:
        if shard and not _fits([*shard, rule]):
            yield shard
            shard = []
        shard.append(rule)
    yield shard


def _fits(rules: list[Rule]) -> bool:
    """Whether the rules stay within the limit of leaves and, with several sources, within few possible messages."""
    if sum(len(atoms) for _, atoms in rules) > SHARD_LEAVES:
        return False
    literals = Counter(source for source, _ in {atom for _, atoms in rules for atom in atoms})
    return len(literals) == 1 or prod(count + 1 for count in literals.values()) <= SHARD_MESSAGES


def _shard(packed: list[Rule], sources: tuple[Source, ...]) -> Shard:
    """The ruleset of the packed rules, with the sentinel as the last rule."""
    definition: dict[str, Any] = {
        # One key per comparison: the library ignores a second one.
        str(number): _engine_rule([{sources[atom.source].assertions[atom.literal].name: 1} for atom in atoms])
        for number, (_, atoms) in enumerate(packed)
    }
    # The highest number is the lowest priority: the sentinel fires after all other rules.
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
