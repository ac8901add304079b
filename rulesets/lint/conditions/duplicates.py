"""Rows that repeat each other, rows that contradict each other, rows that never apply because of an earlier row.

Two rows are duplicates if they certainly hold for the same leads and differ in nothing else. They are contradictory if
one of them adds points and the other subtracts points. Exclusions, routes and assignment policies are tried in order: a
row is shadowed if an earlier row holds whenever it holds. Example: ``employees gte 100`` after ``employees gte 10``.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from rulesets.conditions.conditions import ALWAYS, Node
from rulesets.document.findings import Finding, Place, quoted
from rulesets.document.wording import says
from rulesets.lint.meaning import Meaning, fit_groups, fit_rules, signal_groups, signals
from rulesets.policy.policy import AssignmentPolicy, Model, MqlRoute, OtherPolicy, Policy, Signal

MOST_PAIRS = 5_000
"""Most pairs of one list that are compared."""
Row = tuple[Place, Any, Hashable]
"""Place, row, and a value that is equal for rows of the same meaning."""


def check_duplicates(meaning: Meaning) -> Iterator[Finding]:
    """Every model, then the lists of qualification and assignment."""
    for place, model in meaning.models:
        yield from _fit(meaning, place, model)
        yield from _engagement(meaning, place, model)
    for c, checklist in enumerate(meaning.known.policy.qualification.checklists):
        place = ("qualification", "checklists", c, "items")
        yield from _twice(
            meaning, [((*place, i), one, said(meaning, one.when)) for i, one in enumerate(checklist.items)]
        )
    flags = enumerate(meaning.known.policy.qualification.red_flags)
    yield from _twice(meaning, [(("qualification", "red_flags", i), one, said(meaning, one.when)) for i, one in flags])
    yield from _forestalled(meaning)


def said(meaning: Meaning, condition: Node) -> Hashable:
    """The meaning of a condition; None if it is undecided, or if it never holds (`check_truth` reports that)."""
    answer = meaning.questions.ask(condition)
    return (answer.region or answer.form) if answer.may_hold else None


def _fit(meaning: Meaning, place: Place, model: Model) -> Iterator[Finding]:
    rows: list[Row] = []
    for at, group in fit_groups(place, model):
        mine = [(where, rule, said(meaning, rule.when)) for where, rule in fit_rules(at, group)]
        yield from _twice(meaning, [row for row in mine if row[1].points])
        rows += mine
    yield from _contradictory(meaning, rows)


def _engagement(meaning: Meaning, place: Place, model: Model) -> Iterator[Finding]:
    rows: list[Row] = []
    for at, group in signal_groups(place, model):
        mine = [(where, signal, _heard(meaning, signal)) for where, signal in signals(at, group)]
        yield from _twice(meaning, mine)
        rows += mine
    yield from _contradictory(meaning, rows)


def _heard(meaning: Meaning, signal: Signal) -> Hashable:
    """What a signal counts and how it decays. Signals that differ in one of these differ on purpose."""
    when = said(meaning, signal.when)
    counts = signal.model_dump_json(include={"max", "repeat", "decay"})
    return None if when is None else (frozenset(signal.events), when, counts)


def _same(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Every row that has the meaning of an earlier row, with the first row of that meaning."""
    first: dict[Hashable, Row] = {}
    for row in rows:
        if row[2] is not None and first.setdefault(row[2], row) is not row:
            yield first[row[2]], row


def _twice(meaning: Meaning, rows: Sequence[Row]) -> Iterator[Finding]:
    for (_, first, _), (place, row, _) in _same(rows):
        # Opposite signs are contradictory and not duplicates; `_contradictory` reports them.
        if getattr(first, "points", 0) * getattr(row, "points", 0) >= 0:
            message = says(
                "%(one)s holds for exactly the same leads as %(other)s, and both count",
                one=quoted(row.key), other=quoted(first.key),
            )  # fmt: skip
            yield meaning.warning("duplicate-rule", place, message, says("keep one of them"))


def _contradictory(meaning: Meaning, rows: Sequence[Row]) -> Iterator[Finding]:
    by_meaning: defaultdict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        if row[2] is not None:
            by_meaning[row[2]].append(row)
    for alike in by_meaning.values():
        for place, row, _ in alike:
            against = next((other for _, other, _ in alike if other.points * row.points < 0), None)
            if against is not None and alike[0][1] is not row:
                message = says(
                    "%(one)s and %(other)s hold for the same leads and work against each other",
                    one=quoted(row.key), other=quoted(against.key),
                )  # fmt: skip
                mend = says("keep one of them, or add up the points")
                yield meaning.warning("contradictory-rules", place, message, mend)
                break


def _forestalled(meaning: Meaning) -> Iterator[Finding]:
    policy = meaning.known.policy
    lists: dict[Place, Sequence[Any]] = {
        ("qualification", "exclusions"): policy.qualification.exclusions,
        ("qualification", "mql"): policy.qualification.mql,
    }
    for place, rows in lists.items():
        yield from _shadowed(meaning, place, list(enumerate(rows)))
    named = _named(policy)
    for role in ("sdr", "sales"):
        tried = [(i, one) for i, one in enumerate(policy.assignment) if one.role == role and one.key not in named]
        tried.sort(key=lambda numbered: numbered[1].priority)
        yield from _shadowed(meaning, ("assignment",), tried)


def _named(policy: Policy) -> frozenset[str | None]:
    """Assignment policies that cells or other policies name: those can apply even if an earlier one always holds."""
    cells = [c for model in policy.models for c in (model.matrix.default, *model.matrix.cells.values())]
    others = [one.otherwise.policy for one in policy.assignment if isinstance(one.otherwise, OtherPolicy)]
    return frozenset([*(cell.assignment for cell in cells), *others])


def _shadowed(meaning: Meaning, place: Place, rows: Sequence[tuple[int, Any]]) -> Iterator[Finding]:
    pairs = 0
    for later, (index, row) in enumerate(rows):
        for _, earlier in rows[:later]:
            pairs += 1
            if pairs > MOST_PAIRS:
                return
            if _forestalls(meaning, earlier, row):
                message = says(
                    "whenever %(one)s holds, %(other)s holds and comes first",
                    one=quoted(row.key), other=quoted(earlier.key),
                )  # fmt: skip
                mend = says("move it up, narrow the other, or remove it")
                yield meaning.warning("shadowed-rule", (*place, index), message, mend)
                break


def _forestalls(meaning: Meaning, earlier: Any, later: Any) -> bool:
    """Whether the later row never applies because of the earlier one."""
    if isinstance(later, MqlRoute) and not _asks_less(earlier, later):
        return False
    if isinstance(later, AssignmentPolicy) and not _same_people(earlier, later):
        return False
    wide, narrow = earlier.when or ALWAYS, later.when or ALWAYS
    if wide == ALWAYS:
        return True
    # Without a common subject one implies the other only if it is constant, which `check_truth` reports.
    apart = meaning.questions.ask(wide).subjects.isdisjoint(meaning.questions.ask(narrow).subjects)
    return not apart and meaning.questions.ask(narrow).may_hold and meaning.questions.implies(narrow, wide)


def _asks_less(earlier: MqlRoute, later: MqlRoute) -> bool:
    """Whether the earlier route requires at most what the later one requires, conditions aside."""
    cells = not earlier.cells or (bool(later.cells) and set(later.cells) <= set(earlier.cells))
    points = all(
        least is None or (other is not None and other >= least)
        for least, other in ((earlier.min_fit, later.min_fit), (earlier.min_engagement, later.min_engagement))
    )
    return (
        cells and points and earlier.checklist in {None, later.checklist} and earlier.confirm in {None, later.confirm}
    )


def _same_people(earlier: AssignmentPolicy, later: AssignmentPolicy) -> bool:
    """Whether two policies choose from the same people on the same terms: if one finds nobody, so does the other."""
    terms = {"teams", "reps", "match", "strategy", "sticky", "avoid_previous", "off_hours"}
    return earlier.model_dump(include=terms) == later.model_dump(include=terms)
