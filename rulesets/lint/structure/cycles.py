"""Cycles of segments, of checklists that read each other, of assignment policies by ``otherwise`` (R0.3)."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from rulesets.document.findings import Finding, Place
from rulesets.document.wording import Sentence, says
from rulesets.lint.conditions.segments import Measure, measure, segments_named
from rulesets.lint.known import DocumentIndex
from rulesets.policy.policy import OtherPolicy, Policy

Graph = Mapping[str, frozenset[str]]


def check_cycles(known: DocumentIndex) -> Iterator[Finding]:
    """One error per cycle, at the member that comes first in the document."""
    policy = known.policy
    segments = {segment.key: segments_named(segment.when) for segment in policy.segments}
    for graph, place, what in (
        (segments, ("segments",), says("segments")),
        (_checklist_graph(policy, known.measures), ("qualification", "checklists"), says("checklists")),
        (_otherwise_graph(policy), ("assignment",), says("assignment policies")),
    ):
        yield from _rings(known, graph, place, what)


def _rings(known: DocumentIndex, graph: Graph, place: Place, what: Sentence) -> Iterator[Finding]:
    keys = list(graph)
    left = dict(graph)
    while ring := ring_in(left):
        first = min(ring, key=keys.index)
        at = ring.index(first)
        names = " → ".join([*ring[at:], *ring[:at], first])
        message = says("%(what)s refer to each other in a ring: %(names)s", what=what, names=names)
        yield known.error("cycle", (*place, keys.index(first)), message, says("break it"))
        left = {key: refers for key, refers in left.items() if key not in ring}


def ring_in(graph: Graph) -> list[str]:
    """The members of one cycle, each referring to the next and the last to the first; empty if there is none."""
    known = {key: {name for name in refers if name in graph} for key, refers in graph.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as cycle:
        members: list[str] = cycle.args[1]
        # graphlib lists predecessors and repeats the first member at the end: reverse, and drop the repeat.
        return members[:0:-1]
    return []


def _checklist_graph(policy: Policy, measures: Mapping[str, Measure]) -> Graph:
    """Checklist → the checklists that its items read, segments included."""
    found: dict[str, frozenset[str]] = {}
    for checklist in policy.qualification.checklists:
        fields = frozenset(field for item in checklist.items for field in measure(item.when, measures).results)
        found[checklist.key] = frozenset(field.split(".")[1] for field in fields if field.startswith("checklist."))
    return found


def _otherwise_graph(policy: Policy) -> Graph:
    return {
        assignment.key: frozenset({assignment.otherwise.policy})
        if isinstance(assignment.otherwise, OtherPolicy)
        else frozenset()
        for assignment in policy.assignment
    }
