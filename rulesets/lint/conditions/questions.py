"""Satisfiability of a condition with its segments expanded: can it hold, can it fail, where does it hold.

A condition is a formula over tests. The values of one subject are divided into cells, and each test is constant on a
cell (`rulesets.lint.conditions.subjects`). Subjects are treated as independent. Therefore "cannot hold" is always
certain; "may hold" is certain only for conditions on one subject. Work is bounded: for a condition that would take too
long the answer is that it may hold and may fail.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from rulesets.conditions.conditions import OPERATORS, AllOf, AnyOf, Condition, Node, NoneOf, SegmentTest, children
from rulesets.conditions.moments import segments_of
from rulesets.conditions.operands import read_operand
from rulesets.lint.conditions.regions import Region, region_of
from rulesets.lint.conditions.segments import measure
from rulesets.lint.conditions.subjects import EquivalenceClass, Test, TestSubject, cells, subject_of
from rulesets.lint.known import DocumentIndex

LARGEST = 500
"""Most nodes of a condition that is analysed, segments expanded."""
STEPS = 2_000
"""Most partial assignments that are tried for one question."""
WORK = 600_000
"""Most evaluations of tests for one policy, so that a hostile policy cannot keep the lint busy."""


class Tree(NamedTuple):
    """A group with its parts; or, with the kind ``test``, one test by its number."""

    kind: str
    parts: tuple["Tree", ...] = ()
    test: int = 0


@dataclass(frozen=True, slots=True)
class TruthRow:
    """Tests that are true together: their numbers, and every combination of truths they can take."""

    tests: tuple[int, ...]
    truths: tuple[tuple[bool, ...], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a condition. ``region``: where it holds, if it reads one subject. ``form``: its normal form."""

    may_hold: bool = True
    may_fail: bool = True
    region: Region | None = None
    form: str | None = None
    subjects: frozenset[tuple[str, ...]] = frozenset()


UNDECIDED = Answer()


@dataclass(slots=True)
class Questions:
    """Analyses conditions of one policy without errors, and caches the answers."""

    known: DocumentIndex
    work: int = WORK
    _segments: Mapping[str, Node] = field(init=False)
    _answers: dict[int, tuple[Node, Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._segments = segments_of(self.known.policy)

    def ask(self, condition: Node) -> Answer:
        """What is known of a condition; cached."""
        # The entry holds the condition too: while it lives, no other object gets its id.
        if id(condition) not in self._answers:
            self._answers[id(condition)] = (condition, self._ask(condition))
        return self._answers[id(condition)][1]

    def may_hold(self, *conditions: Node, but: Sequence[Node] = ()) -> bool:
        """Whether all of these may hold together while every condition of ``but`` fails."""
        parts = (*conditions, *(NoneOf.model_construct(none=(cast("Condition", other),)) for other in but))
        return self._ask(AllOf.model_construct(all=cast("tuple[Condition, ...]", parts))).may_hold

    def implies(self, one: Node, two: Node) -> bool:
        """Whether ``two`` certainly holds whenever ``one`` holds."""
        return not self.may_hold(one, but=(two,))

    def _ask(self, condition: Node) -> Answer:
        """1. expand; 2. divide the values of each subject into cells; 3. search a way to hold, and a way to fail."""
        if measure(condition, self.known.measures).size > LARGEST or self.work <= 0:
            return UNDECIDED
        draft = _Draft(self.known, self._segments)
        tree = draft.expand(condition)
        tests = [test for _, tested in draft.subjects.values() for test in tested.values()]
        divided = [(subject, tested, self._cells(subject, tested)) for subject, tested in draft.subjects.values()]
        rows = [row for _, tested, found in divided for row in _rows(tuple(tested.values()), found)]
        may_hold = _possible(tree, rows, wanted=True, size=len(tests))
        may_fail = _possible(tree, rows, wanted=False, size=len(tests))
        region = _region(tree, divided[0][0], divided[0][2]) if len(divided) == 1 else None
        return Answer(may_hold, may_fail, region, draft.form(tree), frozenset(draft.subjects))

    def _cells(self, subject: TestSubject, tested: Mapping["Tested", int]) -> tuple[EquivalenceClass, ...] | None:
        found = cells(subject, [one.test for one in tested], self.known.zone)
        self.work -= len(tested) * (len(found) if found else 1)
        return found


@dataclass(frozen=True, slots=True)
class Tested:
    """A test by its normal form: equal tests are evaluated once."""

    form: str
    test: Test = field(compare=False)


@dataclass(slots=True)
class _Draft:
    """A condition while it is being expanded: its subjects, each with its tests by number."""

    known: DocumentIndex
    segments: Mapping[str, Node]
    subjects: dict[tuple[str, ...], tuple[TestSubject, dict[Tested, int]]] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)

    def expand(self, node: Node) -> Tree:
        """The formula of a condition."""
        match node:
            case SegmentTest():
                return self.expand(self.segments[node.segment])
            case AllOf() | AnyOf() | NoneOf():
                kind = next(iter(type(node).model_fields))
                return Tree(kind, tuple(self.expand(child) for child in children(node)))
            case _:
                return Tree("test", test=self._number(cast("Test", node)))

    def _number(self, test: Test) -> int:
        subject = subject_of(test, self.known.vocabulary)
        operand = read_operand(subject.type, OPERATORS[test.op], test.value, self.known.zone)
        said = sorted(operand) if isinstance(operand, frozenset) else operand
        _, tested = self.subjects.setdefault(subject.key, (subject, {}))
        one = Tested(f"{subject.key} {test.op} {said!r}", test)
        if one not in tested:
            tested[one] = len(self.forms)
            self.forms.append(one.form)
        return tested[one]

    def form(self, tree: Tree) -> str:
        """The normal form as text: equal for conditions that differ in order, repetition or groups of one."""
        if tree.kind == "test":
            return self.forms[tree.test]
        parts = sorted({self.form(part) for part in tree.parts})
        return parts[0] if len(parts) == 1 and tree.kind != "none" else f"{tree.kind}({', '.join(parts)})"


def _rows(tests: tuple[int, ...], found: tuple[EquivalenceClass, ...] | None) -> Iterator[TruthRow]:
    """The truths that the tests of a subject can take; without cells, each test is true or false independently."""
    if found is None:
        yield from (TruthRow((test,), ((True,), (False,))) for test in tests)
    else:
        yield TruthRow(tests, tuple(dict.fromkeys(cell.truths for cell in found)))


def _region(tree: Tree, subject: TestSubject, found: tuple[EquivalenceClass, ...] | None) -> Region | None:
    """Where a condition that reads only this subject holds."""
    if found is None:
        return None
    return region_of(subject, ((cell.what, _value(tree, cell.truths)) for cell in found))


def _possible(tree: Tree, rows: Sequence[TruthRow], *, wanted: bool, size: int) -> bool:
    """Whether some combination gives the formula the wanted truth; also True if there are too many to try."""
    truth: list[bool | None] = [None] * size
    steps = STEPS

    def found(depth: int) -> bool:
        nonlocal steps
        steps -= 1
        value = _value(tree, truth)
        if value is not None or steps < 0:
            return value is wanted or steps < 0
        row = rows[depth]
        for truths in row.truths:
            for test, held in zip(row.tests, truths, strict=True):
                truth[test] = held
            if found(depth + 1):
                return True
        for test in row.tests:
            truth[test] = None
        return False

    return found(0)


def _value(tree: Tree, truth: Sequence[bool | None]) -> bool | None:
    """The truth of a formula under a partial assignment; None if it is still open."""
    if tree.kind == "test":
        return truth[tree.test]
    decisive = tree.kind != "all"
    settled = True
    for part in tree.parts:
        value = _value(part, truth)
        if value is decisive:
            return tree.kind == "any"
        settled = settled and value is not None
    return (tree.kind != "any") if settled else None
