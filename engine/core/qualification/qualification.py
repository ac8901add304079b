"""Qualification: exclusions, red flags, checklists, routes to MQL, and what the nearest route lacks (R4.1–R4.7).

The result says what holds at a moment; other modules decide stages and people. Choices where the contract says nothing:

* a checklist that is not passed gives one missing entry per item that it still needs, in the order of open items; each
  entry lists all open items in ``any_of``. Example: with 2 of 4 items met and 3 required there is one entry;
* routes of the policy come before a `sales` cell, which is a passed route named ``cell``. If the policy has no routes
  and the matrix has a `sales` cell, the missing parts are those of ``cell``;
* red flags are also reported for excluded leads;
* in a cell with the action hold or disqualify a route still passes and is named. It makes no MQL, so the cell is
  reported as missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.core.lead.matching import Matcher
from engine.core.lead.model import ChecklistResult, Missing, Scores, Verdict
from engine.core.lead.view import LeadView
from engine.core.scoring.plan import once_per_policy
from engine.core.scoring.scoring import score_values
from rulesets.conditions.moments import ROUTE, verdict_levels
from rulesets.policy.policy import GRADES, HEATS, Checklist, Matrix, MqlRoute, Policy

CELL_ROUTE = "cell"
"""The name of the route of `sales` cells (R4.3)."""
CLOSED_ACTIONS = frozenset({"hold", "disqualify"})
"""Cell actions with which a passed route makes no MQL (R4.3)."""


def qualify(
    policy: Policy,
    view: LeadView,
    matcher: Matcher,
    scores: Scores,
    *,
    confirmed: bool,
    ignore_confirmation: bool = False,
) -> Verdict:
    """The verdict on a lead with these scores (R4.1–R4.4).

    ``confirmed``: a person has sent `lead.qualified` in this cycle. With ``ignore_confirmation`` a route passes without
    confirmation (R9.1), but ``missing`` still lists it. ``route`` is None while an exclusion or a red flag holds.
    `engine.core.qualification.stages` decides whether the route makes an MQL, because that depends on the cell.

    1. exclusions, red flags and items, level by level, each with the checklists of earlier levels; 2. routes;
    3. missing parts.
    """
    seen = view.with_values(score_values(scores))
    true: set[str] = set()
    checklists: dict[str, ChecklistResult] = {}
    for ruleset in _levels(policy):
        true |= matcher.match(ruleset, seen)
        checklists = _checklists(policy, true)
        seen = seen.with_values({f"checklist.{key}.met": result.met for key, result in checklists.items()})
    true |= matcher.match(ROUTE, seen) if any(route.when is not None for route in policy.qualification.mql) else set()
    standing = _Standing(policy, scores, frozenset(true), checklists, confirmed=confirmed)
    excluded = next((part.key for part in policy.qualification.exclusions if f"exclusion.{part.key}" in true), None)
    flagged = standing.flagged
    missing = standing.missing()
    # Before the cell is added: a closed cell does not stop a route from passing, only from making an MQL.
    passed = _passed(missing, ignore_confirmation=ignore_confirmation)
    lacking = standing.in_its_cell(missing)
    # min keeps the first of equals, so document order decides ties.
    nearest, lacks = min(lacking.items(), key=lambda item: len(item[1]), default=(None, ()))
    return Verdict(
        excluded=excluded,
        flagged=flagged,
        checklists=checklists,
        route=None if excluded else passed,
        missing=lacks,
        missing_route=nearest if lacks else None,
    )


@once_per_policy
def _levels(policy: Policy) -> tuple[str, ...]:
    return verdict_levels(policy)


def _checklists(policy: Policy, true: set[str]) -> dict[str, ChecklistResult]:
    return {checklist.key: _result(checklist, true) for checklist in policy.qualification.checklists}


def _result(checklist: Checklist, true: set[str]) -> ChecklistResult:
    items = tuple(item.key for item in checklist.items if f"item.{checklist.key}.{item.key}" in true)
    required = checklist.required
    return ChecklistResult(len(items), len(checklist.items), required, passed=len(items) >= required, items=items)


def _passed(missing: Mapping[str, tuple[Missing, ...]], *, ignore_confirmation: bool) -> str | None:
    """The first route without missing parts."""
    for key, lacks in missing.items():
        if not lacks or (ignore_confirmation and all(entry.code == "confirm" for entry in lacks)):
            return key
    return None


@dataclass(frozen=True, slots=True)
class _Standing:
    """Everything about a lead that routes depend on."""

    policy: Policy
    scores: Scores
    true: frozenset[str]
    checklists: Mapping[str, ChecklistResult]
    confirmed: bool

    @property
    def flagged(self) -> tuple[str, ...]:
        """Keys of the red flags that hold."""
        return tuple(flag.key for flag in self.policy.qualification.red_flags if f"flag.{flag.key}" in self.true)

    def missing(self) -> dict[str, tuple[Missing, ...]]:
        """The missing parts of each route, in order; a route without missing parts passes."""
        flags = tuple(Missing("flag", {"flag": key}) for key in self.flagged)
        routes = self.policy.qualification.mql
        lacks = {route.key: (*self._lacks(route), *flags) for route in routes}
        selling = _selling_cells(self._matrix)
        if self.scores.cell in selling or (selling and not routes):
            lacks[CELL_ROUTE] = (*self._lacks_cell(selling), *flags)
        return lacks

    def in_its_cell(self, missing: Mapping[str, tuple[Missing, ...]]) -> Mapping[str, tuple[Missing, ...]]:
        """The missing parts, with the cell added to every route if the cell's action lets no route make an MQL."""
        if self._action not in CLOSED_ACTIONS:
            return missing
        return {key: self._with_cell(key, lacks) for key, lacks in missing.items()}

    def _with_cell(self, key: str, lacks: tuple[Missing, ...]) -> tuple[Missing, ...]:
        if any(entry.code == "cell" for entry in lacks):
            return lacks
        cells = next(route.cells for route in self.policy.qualification.mql if route.key == key)
        return (self._cell_entry(cells), *lacks)

    @property
    def _action(self) -> str:
        return self._matrix.cell(self.scores.grade, self.scores.heat).action

    @property
    def _matrix(self) -> Matrix:
        return next(model.matrix for model in self.policy.models if model.key == self.scores.model)

    def _lacks(self, route: MqlRoute) -> tuple[Missing, ...]:
        return (
            *self._lacks_cell(route.cells),
            *self._lacks_points("fit", self.scores.fit, route.min_fit),
            *self._lacks_points("engagement", self.scores.engagement, route.min_engagement),
            *self._lacks_items(route.checklist),
            *self._lacks_condition(route),
            *self._lacks_confirmation(route),
        )

    def _lacks_cell(self, cells: tuple[str, ...]) -> tuple[Missing, ...]:
        return () if not cells or self.scores.cell in cells else (self._cell_entry(cells),)

    def _cell_entry(self, cells: tuple[str, ...]) -> Missing:
        return Missing("cell", {"cell": self.scores.cell, "action": self._action, "cells": list(cells)})

    @staticmethod
    def _lacks_points(score: str, have: Decimal, need: Decimal | None) -> tuple[Missing, ...]:
        if need is None or have >= need:
            return ()
        return (Missing("points", {"score": score, "have": float(have), "need": float(need)}),)

    def _lacks_items(self, key: str | None) -> tuple[Missing, ...]:
        if key is None or self.checklists[key].passed:
            return ()
        result = self.checklists[key]
        checklist = next(one for one in self.policy.qualification.checklists if one.key == key)
        unmet = [item.key for item in checklist.items if item.key not in result.items]
        needed = result.required - result.met
        return tuple(_item(key, unmet, place) for place in range(needed))

    def _lacks_condition(self, route: MqlRoute) -> tuple[Missing, ...]:
        if route.when is None or f"route.{route.key}" in self.true:
            return ()
        return (Missing("condition", {"route": route.key}),)

    def _lacks_confirmation(self, route: MqlRoute) -> tuple[Missing, ...]:
        if route.confirm is None or self.confirmed:
            return ()
        return (Missing("confirm", {"by": route.confirm}),)


def _item(checklist: str, unmet: list[str], place: int) -> Missing:
    """One open item. If a checklist requires more items than it has, the key of the extra item is None."""
    detail: dict[str, Any] = {"checklist": checklist, "item": unmet[place] if place < len(unmet) else None}
    return Missing("item", {**detail, "any_of": list(unmet)})


def _selling_cells(matrix: Matrix) -> tuple[str, ...]:
    cells = (f"{grade}.{heat}" for grade in GRADES for heat in HEATS)
    return tuple(cell for cell in cells if matrix.cell(*cell.split(".")).action == "sales")
