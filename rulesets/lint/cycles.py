"""Cycles: segments, checklists that read each other, assignment policies that hand on in a ring (R0.3)."""

from collections.abc import Iterator, Mapping

from rulesets.conditions import CountTest, DaysSinceTest, FieldTest, Node, SegmentTest, walk
from rulesets.findings import Finding, Place
from rulesets.lint.known import Known
from rulesets.policy import OtherPolicy, Policy

Graph = Mapping[str, frozenset[str]]


def check_cycles(known: Known) -> Iterator[Finding]:
    """One error per ring, at its first member in the document."""
    policy = known.policy
    for graph, place, what in (
        (segment_graph(policy), ("segments",), "segments"),
        (_checklist_graph(policy), ("qualification", "checklists"), "checklists"),
        (_otherwise_graph(policy), ("assignment",), "assignment policies"),
    ):
        yield from _rings(known, graph, place, what)


def _rings(known: Known, graph: Graph, place: Place, what: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, key in enumerate(graph):
        ring = ring_of(graph, key)
        if ring and not seen & set(ring):
            names = " → ".join([*ring, ring[0]])
            yield known.error("cycle", (*place, index), f"{what} refer to each other in a ring: {names}", "break it")
        seen |= set(ring)


def ring_of(graph: Graph, start: str) -> list[str]:
    """A shortest way from ``start`` back to itself; empty if there is none."""
    ways: list[list[str]] = [[start]]
    reached: set[str] = set()
    while ways:
        way = ways.pop(0)
        for after in sorted(graph.get(way[-1], ())):
            if after == start:
                return way
            if after not in reached:
                reached.add(after)
                ways.append([*way, after])
    return []


def nodes(condition: Node) -> Iterator[Node]:
    """Every node of a condition, also those of ``where``; segments are not entered."""
    for node in walk(condition):
        yield node
        where = node.count.where if isinstance(node, CountTest) else None
        where = node.days_since.where if isinstance(node, DaysSinceTest) else where
        if where is not None:
            yield from nodes(where)


def segments_named(condition: Node) -> frozenset[str]:
    """The segments a condition names directly."""
    return frozenset(node.segment for node in nodes(condition) if isinstance(node, SegmentTest))


def segment_graph(policy: Policy) -> Graph:
    """Segment → segments it names."""
    return {segment.key: segments_named(segment.when) for segment in policy.segments}


def _checklist_graph(policy: Policy) -> Graph:
    """Checklist → checklists its items read, also through segments."""
    reads = {segment.key: fields_read(segment.when) for segment in policy.segments}
    graph = segment_graph(policy)
    found: dict[str, frozenset[str]] = {}
    for checklist in policy.qualification.checklists:
        fields: set[str] = set()
        for item in checklist.items:
            fields |= fields_read(item.when).union(*(reads[key] for key in reached(graph, segments_named(item.when))))
        found[checklist.key] = frozenset(f.split(".")[1] for f in fields if f.startswith("checklist."))
    return found


def fields_read(condition: Node) -> frozenset[str]:
    """The fields a condition tests, also inside ``where``."""
    return frozenset(node.field for node in nodes(condition) if isinstance(node, FieldTest))


def reached(graph: Graph, starts: frozenset[str]) -> set[str]:
    """Everything that can be reached in a graph, the known starts included."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        key = waiting.pop()
        if key in graph and key not in found:
            found.add(key)
            waiting += graph[key]
    return found


def _otherwise_graph(policy: Policy) -> Graph:
    return {
        assignment.key: frozenset({assignment.otherwise.policy})
        if isinstance(assignment.otherwise, OtherPolicy)
        else frozenset()
        for assignment in policy.assignment
    }
