"""A second opinion: R1.1 to R4.7, written from docs/contract/policy.md alone, slow and plain.

`score(policy, facts, events, now)` is everything it offers (facts: `oracle_reading.facts_of`). It may not import
anything of the product, nor be tuned until the two agree: where they differ, the page decides who is mended; where the
page is silent, docs/scoring.md does.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import ceil
from typing import Any

from tests.oracle.conditions import Seen, holds, holds_for, is_of, property_of
from tests.oracle.reading import Document, Value, age_in_days, days, fold, history, is_nothing, moment_of, order

CENT = Fraction(1, 100)


@dataclass
class Line:
    """One counted occurrence on its way through the caps."""

    group: str
    signal: str
    place: int
    event: Document
    value: Fraction
    contribution: Fraction
    cut_by: str | None = None


@dataclass
class Answer:
    """What R9.1 prints of scores and qualification."""

    model: str
    fit: Fraction
    engagement: Fraction
    grade: str
    heat: str
    fit_rules: list[tuple[str, str]]
    ledger: list[Line]
    adjustments: list[tuple[str, str, Fraction]]
    action: str = "nurture"
    may_sell: bool = False
    excluded: str | None = None
    flagged: list[str] = field(default_factory=list)
    checklists: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    passing: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def cell(self) -> str:
        return f"{self.grade}.{self.heat}"

    @property
    def route(self) -> str | None:
        return self.passing[0] if self.passing and not self.excluded and not self.flagged else None


# --- scores (R3.1–R3.9) -------------------------------------------------------------------------------


def exact(amount: Any) -> Fraction:
    return Fraction(str(amount))


def clamp(total: Fraction, bounds: Document) -> Fraction:
    """R3.2: an absent bound is none."""
    low, high = bounds.get("min"), bounds.get("max")
    total = total if low is None else max(total, exact(low))
    return total if high is None else min(total, exact(high))


def fit_of(fit: Document, seen: Seen) -> tuple[Fraction, list[tuple[str, str]]]:
    """R3.3, with the rules that gave points."""
    total, true_rules = exact(fit.get("start", 0)), []
    for group in fit.get("groups", []):
        true = [rule for rule in group.get("rules", []) if rule.get("enabled", True) and holds_for(rule["when"], seen)]
        true_rules += [(group["key"], rule["key"]) for rule in true]
        total += clamp(sum((exact(rule["points"]) for rule in true), Fraction(0)), group)
    return clamp(total, fit), true_rules


def factor(decay: Document, age: Fraction) -> Fraction:
    """R3.4 step 4: the table of curves."""
    curve = decay.get("curve", "none")
    if curve == "linear":
        return max(Fraction(0), 1 - exact(decay["percent"]) / 100 * age / days(decay["period"]))
    if curve == "half_life":
        with localcontext() as context:
            context.prec = 60
            power = -age / exact(decay["days"])
            return Fraction(Decimal(2) ** (Decimal(power.numerator) / Decimal(power.denominator)))
    if curve == "step":
        reached = [step for step in decay["steps"] if exact(step["after_days"]) <= age]
        return (
            exact(max(reached, key=lambda step: exact(step["after_days"]))["percent"]) / 100 if reached else Fraction(1)
        )
    if curve == "expire":
        return Fraction(1 if age < exact(decay["days"]) else 0)
    return Fraction(1)


def worth(signal: Document, age: Fraction) -> Fraction:
    """What an occurrence of that age is worth, to the cent, halves away from zero."""
    decay, points = signal.get("decay") or {}, exact(signal["points"])
    size = max(abs(points) * factor(decay, max(age, Fraction(0))), min(abs(points), exact(decay.get("floor", 0))))
    with localcontext() as context:
        context.prec = 80
        cents = (Decimal((size * 100).numerator) / Decimal((size * 100).denominator)).quantize(
            Decimal(1), ROUND_HALF_UP
        )
    return Fraction(cents) * CENT * (-1 if points < 0 else 1)


def repeat_key(signal: Document, event: Document, seen: Seen) -> tuple[str, ...]:
    """R3.4 step 3: what an occurrence shares its limit with."""
    per = signal["repeat"].get("per", "event")
    if per == "day":
        return ("day", moment_of(event).astimezone(seen.zone).date().isoformat())
    if per == "asset":
        path = next(
            (known.get("asset") for known in seen.policy.get("events", []) if is_of(event, known["key"], seen.policy)),
            None,
        )
        asset = property_of(event, path or "properties.asset_id")
        own = ("own", event.get("source", ""), event["id"])
        return own if is_nothing(asset) else ("asset", fold(str(asset)))
    return ("event",)


def counted(signal: Document, seen: Seen) -> list[Document]:
    """R3.4 steps 2 and 3: the occurrences that count, in order."""
    occurs = [
        event
        for event in seen.past
        if is_of(event, signal["event"], seen.policy)
        and holds_for(signal.get("when", {"all": []}), replace(seen, event=event))
    ]
    repeat = signal.get("repeat") or {}
    if repeat.get("times") is None:
        return occurs
    kept: list[Document] = []
    for event in occurs:
        same = [other for other in kept if repeat_key(signal, other, seen) == repeat_key(signal, event, seen)]
        window = repeat.get("window")
        within = [
            other for other in same if window is None or age_in_days(moment_of(other), moment_of(event)) < days(window)
        ]
        if len(within) < repeat["times"]:
            kept.append(event)
    return kept


def cut(lines: list[Line], excess: Fraction, level: str) -> None:
    """R3.5: take an excess from occurrences of its sign, latest first, each at most down to 0."""
    for line in sorted(lines, key=lambda line: (order(line.event), line.place), reverse=True):
        if excess and line.contribution * excess > 0:
            taken = min(abs(excess), abs(line.contribution)) * (1 if excess > 0 else -1)
            line.contribution -= taken
            excess -= taken
            line.cut_by = line.cut_by or level


def bound(
    lines: list[Line], total: Fraction, bounds: Document, level: str, key: str, raised: list[tuple[str, str, Fraction]]
) -> Fraction:
    """Cut what lies above `max`; write down what `min` raises."""
    limited = clamp(total, bounds)
    if limited < total:
        cut(lines, total - limited, level)
    if limited > total:
        raised.append((level, key, limited - total))
    return limited


def engagement_of(engagement: Document, seen: Seen) -> tuple[Fraction, list[Line], list[tuple[str, str, Fraction]]]:
    """R3.4 step 5 and R3.5: the total, the ledger, and the adjustments."""
    seen = replace(seen, past=seen.past[-10_000:])
    ledger: list[Line] = []
    raised: list[tuple[str, str, Fraction]] = []
    total, place = Fraction(0), 0
    for group in engagement.get("groups", []):
        own: list[Line] = []
        for signal in group.get("signals", []):
            place += 1
            values = [
                (event, worth(signal, age_in_days(moment_of(event), seen.now)))
                for event in (counted(signal, seen) if signal.get("enabled", True) else [])
            ]
            lines = [Line(group["key"], signal["key"], place, event, value, value) for event, value in values]
            if signal.get("max") is not None:
                reach, most = sum((line.value for line in lines), Fraction(0)), exact(signal["max"])
                cut(lines, reach - max(-most, min(most, reach)), "signal")
            own += lines
        ledger += own
        total += bound(own, sum((line.contribution for line in own), Fraction(0)), group, "group", group["key"], raised)
    return bound(ledger, total, engagement, "total", "total", raised), ledger, raised


def band(value: Fraction, edges: Document, names: list[str]) -> str:
    """The first name whose edge the value reaches; the last name has none."""
    return next((name for name in names[:-1] if name in edges and value >= exact(edges[name])), names[-1])


def score(
    policy: Document,
    facts: dict[str, Value],
    events: list[Document],
    now: datetime,
    others: tuple[tuple[dict[str, Value], list[Document]], ...] = (),
) -> Answer:
    """Scores and qualification of one lead at one moment; ``others``: facts and events of its account's other leads."""
    own = Seen(policy, facts, history(events, now), now)
    union = history(events + [event for _, theirs in others for event in theirs], now)
    company = replace(own, past=union, account=(facts, *(theirs for theirs, _ in others)))
    ordered = sorted(policy["models"], key=lambda model: model.get("priority", 100))
    sights = [(model, company if model.get("scores") == "account" else own) for model in ordered]
    model, seen = next((model, seen) for model, seen in sights if holds_for(model.get("when", {"all": []}), seen))
    fit, rules = fit_of(model.get("fit", {}), seen)
    engagement, ledger, raised = engagement_of(model.get("engagement", {}), seen)
    grade = band(fit, model.get("fit", {}).get("grades", {}), ["A", "B", "C", "D"])
    heat = band(engagement, model.get("engagement", {}).get("heats", {}), ["frenzied", "hot", "warm", "cold"])
    answer = Answer(model["key"], fit, engagement, grade, heat, rules, ledger, raised)
    matrix = model.get("matrix", {})
    cells, default = matrix.get("cells", {}), matrix.get("default", {"action": "nurture"})
    answer.action = cells.get(answer.cell, default)["action"]
    answer.may_sell = any(cell["action"] == "sales" for cell in [default, *cells.values()])
    qualify(policy.get("qualification", {}), answer, own)
    return answer


# --- qualification (R4.1–R4.7) ------------------------------------------------------------------------


def qualify(rules: Document, answer: Answer, seen: Seen) -> None:
    """R4.1–R4.4: checklists are counted first, since everything else may read them."""
    scores: dict[str, Value] = {
        "score.fit": answer.fit,
        "score.engagement": answer.engagement,
        "score.grade": answer.grade,
    }
    scores |= {"score.heat": answer.heat, "score.cell": answer.cell, "score.model": answer.model}
    seen = replace(seen, facts={**seen.facts, **scores})
    for checklist in rules.get("checklists", []):
        met = sum(holds(item["when"], seen) for item in checklist["items"])
        needed = required(checklist)
        answer.checklists[checklist["key"]] = (met, needed, met >= needed)
        seen.facts[f"checklist.{checklist['key']}.met"] = Fraction(met)
    answer.excluded = next((one["key"] for one in rules.get("exclusions", []) if holds(one["when"], seen)), None)
    answer.flagged = [one["key"] for one in rules.get("red_flags", []) if holds(one["when"], seen)]
    lacks = [(route["key"], missing(route, answer, seen)) for route in rules.get("mql", [])]
    answer.passing = [key for key, codes in lacks if codes in ([], ["confirm"])] + (
        ["cell"] if answer.action == "sales" else []
    )
    answer.missing = nearest([codes for _, codes in lacks], answer)


def nearest(routes: list[list[str]], answer: Answer) -> list[str]:
    """R4.4: a `sales` cell is a route too; where the policy names no other, being in one is what is missing."""
    if answer.action in {"hold", "disqualify"}:
        routes = [codes if "cell" in codes else ["cell", *codes] for codes in routes]
    if answer.action == "sales":
        routes = [*routes, []]
    elif not routes and answer.may_sell:
        routes = [["cell"]]
    return min((codes + ["flag"] * len(answer.flagged) for codes in routes), key=len, default=[])


def required(checklist: Document) -> int:
    """`met: n`, or the fraction of the items rounded up."""
    require = checklist["require"]
    return require["met"] if "met" in require else ceil(Fraction(require["fraction"]) * len(checklist["items"]))


def missing(route: Document, answer: Answer, seen: Seen) -> list[str]:
    """R4.4: one code for each thing that a route names and the lead lacks, flags apart."""
    codes: list[str] = []
    if "cells" in route and answer.cell not in route["cells"]:
        codes.append("cell")
    if "checklist" in route:
        met, needed, _ = answer.checklists[route["checklist"]]
        codes += ["item"] * max(0, needed - met)
    for name, reached in (("min_fit", answer.fit), ("min_engagement", answer.engagement)):
        if name in route and reached < exact(route[name]):
            codes.append("points")
    if "when" in route and not holds(route["when"], seen):
        codes.append("condition")
    return codes + (["confirm"] if "confirm" in route else [])
