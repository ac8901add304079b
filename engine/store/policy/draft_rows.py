"""Convert a policy document to rows and back. Pure; both are inverse up to defaults (R0.5).

``split`` takes the plain document of a valid policy. ``join`` returns a document whose policy has the same digest.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

from engine.store.policy.draft_lists import join_lists, split_lists
from engine.store.schema.draft_tables import (
    DraftCell,
    DraftClock,
    DraftEntry,
    DraftGroup,
    DraftModel,
    DraftPart,
    DraftRule,
    DraftSignal,
)
from rulesets.conditions.numbers import write_number

Document = dict[str, Any]
UNITS = ("seconds", "minutes", "hours", "days")
P = TypeVar("P", bound=DraftPart)


def split(document: Document) -> tuple[Document, list[DraftPart]]:
    """The rest of the document, and its parts in order."""
    rest, entries = split_lists({name: value for name, value in document.items() if name not in {"models", "sla"}})
    parts: list[DraftPart] = [*entries]
    for place, model in enumerate(document.get("models", ())):
        parts += _model_parts(model, place)
    parts += [_clock(clock, place) for place, clock in enumerate(document.get("sla", ()))]
    return rest, parts


def join(rest: Document, parts: Iterable[DraftPart]) -> Document:
    """The document of these rows. Manual changes to the rows are included, valid or not."""
    rows = sorted(parts, key=lambda part: (part.position, part.path))
    models = [_joined_model(model, rows) for model in rows if isinstance(model, DraftModel)]
    clocks = [_joined_clock(clock) for clock in rows if isinstance(clock, DraftClock)]
    document = join_lists(rest, [row for row in rows if isinstance(row, DraftEntry)])
    return {**document, "models": models, **({"sla": clocks} if clocks else {})}


# --------------------------------------------------------------------------------------------------------- splitting
def _model_parts(model: Document, place: int) -> Iterator[DraftPart]:
    fit, engagement, matrix = (dict(model.get(name, {})) for name in ("fit", "engagement", "matrix"))
    path = model["key"]
    named = {"key", "priority", "when", "fit", "engagement", "matrix"}
    grades, heats = fit.get("grades", {}), engagement.get("heats", {})
    yield DraftModel(
        path=path, position=place, key=path, priority=model.get("priority", 100), when=model.get("when"),
        fit_start=_exact(fit.get("start", 0)), fit_min=_exact(fit.get("min")), fit_max=_exact(fit.get("max")),
        grade_a=_exact(grades.get("A")), grade_b=_exact(grades.get("B")), grade_c=_exact(grades.get("C")),
        engagement_min=_exact(engagement.get("min")), engagement_max=_exact(engagement.get("max")),
        heat_frenzied=_exact(heats.get("frenzied")), heat_hot=_exact(heats.get("hot")),
        heat_warm=_exact(heats.get("warm")), rest=_without(model, named),
    )  # fmt: skip
    for number, group in enumerate(fit.get("groups", ())):
        yield _group(group, path, "fit", number)
        for rank, rule in enumerate(group.get("rules", ())):
            yield _rule(rule, f"{path}/fit/{group['key']}", rank)
    for number, group in enumerate(engagement.get("groups", ())):
        yield _group(group, path, "engagement", number)
        for rank, signal in enumerate(group.get("signals", ())):
            yield _signal(signal, f"{path}/engagement/{group['key']}", rank)
    yield _cell(matrix.get("default", {"action": "nurture"}), path, "default")
    for key, cell in matrix.get("cells", {}).items():
        yield _cell(cell, path, key)


def _group(group: Document, model: str, side: str, place: int) -> DraftGroup:
    return DraftGroup(
        path=f"{model}/{side}/{group['key']}", parent=model, position=place, key=group["key"], side=side,
        min=_exact(group.get("min")), max=_exact(group.get("max")),
        rest=_without(group, {"key", "min", "max", "rules", "signals"}),
    )  # fmt: skip


def _rule(rule: Document, group: str, place: int) -> DraftRule:
    return DraftRule(
        path=f"{group}/{rule['key']}", parent=group, position=place, key=rule["key"], when=rule["when"],
        points=_exact(rule["points"]) or Decimal(0), enabled=rule.get("enabled", True),
        rest=_without(rule, {"key", "when", "points", "enabled"}),
    )  # fmt: skip


def _signal(signal: Document, group: str, place: int) -> DraftSignal:
    return DraftSignal(
        path=f"{group}/{signal['key']}", parent=group, position=place, key=signal["key"], event=signal["event"],
        when=signal.get("when"), points=_exact(signal["points"]) or Decimal(0), max=_exact(signal.get("max")),
        enabled=signal.get("enabled", True), repeat=signal.get("repeat"), decay=signal.get("decay"),
        rest=_without(signal, {"key", "event", "when", "points", "max", "enabled", "repeat", "decay"}),
    )  # fmt: skip


def _cell(cell: Document, model: str, key: str) -> DraftCell:
    return DraftCell(
        path=f"{model}/matrix/{key.replace('.', '/')}", parent=model, key=key, action=cell["action"],
        priority=cell.get("priority", 3), assignment=cell.get("assignment"), sla=cell.get("sla"),
    )  # fmt: skip


def _clock(clock: Document, place: int) -> DraftClock:
    ((unit, amount),) = clock["window"].items()
    return DraftClock(
        path=clock["key"], position=place, key=clock["key"], role=clock["role"], kind=clock.get("kind", "deadline"),
        window_amount=_exact(amount) or Decimal(0), window_unit=unit, clock=clock.get("clock", "elapsed"),
        starts_on=clock["starts_on"], when=clock.get("when"), met_by=clock.get("met_by"),
        on_breach=clock.get("on_breach"), rest=_without(clock, {
            "key", "role", "kind", "window", "clock", "starts_on", "when", "met_by", "on_breach",
        }),
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- joining
def _joined_model(model: DraftModel, rows: list[DraftPart]) -> Document:
    groups = _below(rows, DraftGroup, model.path)
    fit = _said(start=model.fit_start, min=model.fit_min, max=model.fit_max)
    fit["grades"] = _said(A=model.grade_a, B=model.grade_b, C=model.grade_c)
    fit["groups"] = [
        {**_group_part(group), "rules": [_joined_rule(rule) for rule in _below(rows, DraftRule, group.path)]}
        for group in groups
        if group.side == "fit"
    ]
    engagement = _said(min=model.engagement_min, max=model.engagement_max)
    engagement["heats"] = _said(frenzied=model.heat_frenzied, hot=model.heat_hot, warm=model.heat_warm)
    engagement["groups"] = [
        {**_group_part(group), "signals": [_joined_signal(signal) for signal in _below(rows, DraftSignal, group.path)]}
        for group in groups
        if group.side == "engagement"
    ]
    cells = {cell.key: _joined_cell(cell) for cell in _below(rows, DraftCell, model.path)}
    default = cells.pop("default", None)
    matrix = {"cells": cells, **({"default": default} if default else {})}
    named = {"key": model.key, "priority": model.priority, **_said(when=model.when)}
    return {**named, **model.rest, "fit": fit, "engagement": engagement, "matrix": matrix}


def _group_part(group: DraftGroup) -> Document:
    return {"key": group.key, **group.rest, **_said(min=group.min, max=group.max)}


def _joined_rule(rule: DraftRule) -> Document:
    return {"key": rule.key, **rule.rest, "enabled": rule.enabled, **_said(when=rule.when, points=rule.points)}


def _joined_signal(signal: DraftSignal) -> Document:
    said = _said(
        event=signal.event, when=signal.when, points=signal.points, max=signal.max, repeat=signal.repeat,
        decay=signal.decay,
    )  # fmt: skip
    return {"key": signal.key, **signal.rest, "enabled": signal.enabled, **said}


def _joined_cell(cell: DraftCell) -> Document:
    return {"action": cell.action, "priority": cell.priority, **_said(assignment=cell.assignment, sla=cell.sla)}


def _joined_clock(clock: DraftClock) -> Document:
    named = {"key": clock.key, "role": clock.role, "kind": clock.kind, "clock": clock.clock}
    said = _said(starts_on=clock.starts_on, when=clock.when, met_by=clock.met_by, on_breach=clock.on_breach)
    return {**named, **clock.rest, **said, "window": {clock.window_unit: _number(clock.window_amount)}}


def _below(rows: list[DraftPart], kind: type[P], parent: str) -> list[P]:
    return [row for row in rows if isinstance(row, kind) and row.parent == parent]


def _without(part: Document, names: set[str]) -> Document:
    return {name: value for name, value in part.items() if name not in names}


def _said(**values: Any) -> Document:
    """The values that are set; empty columns are left out."""
    return {name: _number(value) for name, value in values.items() if value is not None}


def _number(value: Any) -> Any:
    return write_number(value) if isinstance(value, Decimal) else value


def _exact(value: Any) -> Decimal | None:
    # Through text: the decimal of a float would carry its binary rounding error.
    return None if value is None else Decimal(str(value))
