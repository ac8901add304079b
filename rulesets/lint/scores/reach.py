"""Grades, heats, matrix cells and routes that no lead can reach (R3.2, R3.8, R4.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from rulesets.document.findings import Finding, Place
from rulesets.document.wording import Sentence, Word, says
from rulesets.lint.meaning import Meaning
from rulesets.lint.scores.amounts import BEYOND, Amounts, cents
from rulesets.lint.scores.sums import engagement_of, fit_of, points_text
from rulesets.policy.policy import GRADES, HEATS, Checklist, Model, MqlRoute

CLOSED = frozenset({"hold", "disqualify"})
"""Cell actions with which no route makes an MQL (R4.3)."""
Steps = Mapping[str, tuple[int, int]]
"""Grade or heat → its scores in cents: the first included, the second excluded."""


@dataclass(frozen=True, slots=True)
class ReachableScores:
    """The scores that leads of a model can have."""

    place: Place
    model: Model
    fit: Amounts
    engagement: Amounts
    grades: Steps
    heats: Steps

    @classmethod
    def of(cls, meaning: Meaning, place: Place, model: Model) -> "ReachableScores":
        """The reachable scores of a model."""
        fit, engagement = fit_of(meaning, model), engagement_of(meaning, model)
        grades, heats = steps(GRADES, model.fit.grades), steps(HEATS, model.engagement.heats)
        return cls(place, model, fit, engagement, grades, heats)

    def cell(self, grade: str, heat: str, fit: int = -BEYOND, engagement: int = -BEYOND) -> bool:
        """Whether some lead can be in a cell with at least these scores, in cents."""
        return _within(self.fit, self.grades.get(grade), fit) and _within(
            self.engagement, self.heats.get(heat), engagement
        )


def steps(names: tuple[str, ...], edges: Mapping[Any, Decimal]) -> Steps:
    """The scores of each name. The last name has no edge; any other name without an edge is never used."""
    found: dict[str, tuple[int, int]] = {}
    above = BEYOND + 1
    for name in names:
        if name in edges:
            found[name] = (cents(edges[name]), above)
            above = cents(edges[name])
    return {**found, names[-1]: (-BEYOND, above)}


def _within(amounts: Amounts, step: tuple[int, int] | None, least: int) -> bool:
    return step is not None and amounts.reaches(max(step[0], least), step[1])


def check_reach(meaning: Meaning) -> Iterator[Finding]:
    """Every model, then every route."""
    reaches = [ReachableScores.of(meaning, place, model) for place, model in meaning.models]
    for reach in reaches:
        hint = says("move the edge, or give more points")
        for name, at in _missed(reach.fit, reach.grades):
            message = says("no lead has grade %(grade)s: fit goes %(range)s", grade=name, range=_range(reach.fit))
            yield meaning.warning("unreachable-grade", (*reach.place, "fit", "grades", *at), message, hint)
        for name, at in _missed(reach.engagement, reach.heats):
            message = says(
                "no lead has heat %(heat)s: engagement goes %(range)s",
                heat=Word("heat", name), range=_range(reach.engagement),
            )  # fmt: skip
            yield meaning.warning("unreachable-heat", (*reach.place, "engagement", "heats", *at), message, hint)
        yield from _cells(meaning, reach)
    for index, route in enumerate(meaning.known.policy.qualification.mql):
        yield from _route(meaning, ("qualification", "mql", index), route, reaches)


def _missed(amounts: Amounts, named: Steps) -> Iterator[tuple[str, Place]]:
    """Names that no score reaches, each with the key of its edge; the last name has none."""
    for name, (low, below) in named.items():
        if len(named) > 1 and not amounts.reaches(low, below):
            yield name, (name,) if low > -BEYOND else ()


def _range(amounts: Amounts) -> Sentence:
    low, high = points_text(amounts.low), points_text(amounts.high)
    if amounts.low <= -BEYOND:
        return says("down without end, up without end") if amounts.high >= BEYOND else _down(high)
    return says("from %(low)s, up without end", low=low) if amounts.high >= BEYOND else _between(low, high)


def _down(high: str) -> Sentence:
    return says("down without end, up to %(high)s", high=high)


def _between(low: str, high: str) -> Sentence:
    return says("from %(low)s, up to %(high)s", low=low, high=high)


def _cells(meaning: Meaning, reach: ReachableScores) -> Iterator[Finding]:
    for key in reach.model.matrix.cells:
        grade, heat = key.split(".")
        if not reach.cell(grade, heat):
            place = (*reach.place, "matrix", "cells", key)
            message = says(
                "no lead of the model %(model)s stands in the cell %(cell)s", model=reach.model.key, cell=key
            )
            yield meaning.warning("unreachable-cell", place, message, says("move the edges, or remove the cell"))


def _route(meaning: Meaning, place: Place, route: MqlRoute, reaches: list[ReachableScores]) -> Iterator[Finding]:
    why = _closed_by(meaning, route)
    if why is None and not any(_reached(route, reach) for reach in reaches):
        why = says("no cell it names lets a route pass, can be reached, and has the points it asks for")
    if why is not None:
        message = says("no lead passes this route: %(why)s", why=why)
        yield meaning.warning("unreachable-route", place, message, says("mend or remove it"))


def _closed_by(meaning: Meaning, route: MqlRoute) -> Sentence | None:
    """The reason why no lead passes the route, scores aside; None if there is none."""
    if route.when is not None and not meaning.questions.ask(route.when).may_hold:
        return says("its condition never holds")
    checklists = meaning.known.policy.qualification.checklists
    for checklist in checklists:
        if checklist.key == route.checklist and _open_items(meaning, checklist) < checklist.required:
            return says(
                "the checklist %(key)s asks for %(n)s items, more than can be met",
                key=checklist.key,
                n=checklist.required,
            )
    return None


def _open_items(meaning: Meaning, checklist: Checklist) -> int:
    return sum(meaning.questions.ask(item.when).may_hold for item in checklist.items)


def _reached(route: MqlRoute, reach: ReachableScores) -> bool:
    least = [-BEYOND if points is None else cents(points) for points in (route.min_fit, route.min_engagement)]
    matrix = reach.model.matrix
    return any(
        f"{grade}.{heat}" in (route.cells or (f"{grade}.{heat}",))
        and matrix.cell(grade, heat).action not in CLOSED
        and reach.cell(grade, heat, *least)
        for grade, heat in product(GRADES, HEATS)
    )
