"""Depth, size and reads of a condition with its segments expanded. Each segment is measured once.

Segments may use the same segments, so that expansion can grow exponentially. Measuring does not expand.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from rulesets.conditions.conditions import (
    AllOf,
    AnyOf,
    CountTest,
    DaysSinceTest,
    FieldTest,
    Node,
    NoneOf,
    PropertyTest,
    SegmentTest,
    children,
    walk,
)
from rulesets.policy.policy import Segment
from rulesets.policy.vocabulary import is_read_only

LONGEST_CHAIN = 20
"""How deep segments may be nested."""


@dataclass(frozen=True, slots=True)
class Measure:
    """``groups``: depth of groups (a ``where`` is measured apart); ``chain``: depth of segments; ``size``: all nodes.

    ``properties``: it tests the current event; ``results``: the fields it reads that scoring may not read (R2.7).
    """

    groups: int = 0
    chain: int = 0
    size: int = 1
    properties: bool = False
    results: frozenset[str] = frozenset()


def measure(node: Node, segments: Mapping[str, Measure]) -> Measure:
    """The measure of a condition; a segment without measure (missing, or in a cycle) counts as one test."""
    match node:
        case SegmentTest():
            inner = segments.get(node.segment, Measure())
            results = inner.results if inner.chain < LONGEST_CHAIN else frozenset()
            return Measure(inner.groups, inner.chain + 1, inner.size, inner.properties, results)
        case AllOf() | AnyOf() | NoneOf():
            return _together([measure(child, segments) for child in children(node)])
        case FieldTest():
            return Measure(results=frozenset({node.field}) if is_result(node.field) else frozenset())
        case _:
            where = where_of(node)
            inner = Measure(size=0) if where is None else measure(where, segments)
            return Measure(0, inner.chain, 1 + inner.size, isinstance(node, PropertyTest), inner.results)


def _together(parts: list[Measure]) -> Measure:
    return Measure(
        1 + max((part.groups for part in parts), default=0),
        max((part.chain for part in parts), default=0),
        1 + sum(part.size for part in parts),
        any(part.properties for part in parts),
        frozenset().union(*(part.results for part in parts)),
    )


def measures_of(segments: Iterable[Segment]) -> dict[str, Measure]:
    """The measure of every segment, in order of dependency; empty if there is a cycle."""
    conditions = {segment.key: segment.when for segment in segments}
    graph = {key: segments_named(when) for key, when in conditions.items()}
    found: dict[str, Measure] = {}
    try:
        for key in TopologicalSorter(graph).static_order():
            if key in conditions:
                found[key] = measure(conditions[key], found)
    except CycleError:
        return {}
    return found


def where_of(node: Node) -> Node | None:
    """The ``where`` of a count or days since."""
    if isinstance(node, CountTest):
        return node.count.where
    return node.days_since.where if isinstance(node, DaysSinceTest) else None


def nodes(condition: Node) -> Iterator[Node]:
    """Every node of a condition, ``where`` included; does not follow segments."""
    for node in walk(condition):
        yield node
        where = where_of(node)
        if where is not None:
            yield from nodes(where)


def segments_named(condition: Node) -> frozenset[str]:
    """The segments a condition names directly."""
    return frozenset(node.segment for node in nodes(condition) if isinstance(node, SegmentTest))


def is_result(field: str) -> bool:
    """Whether a field is a result of scoring or of people's work, which scoring may not read (R2.7)."""
    return is_read_only(field) and not field.startswith("account.")
