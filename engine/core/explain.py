"""A decision as JSON data: every reason is a code with values, stored once and shown in any language.

`admin` makes sentences of it. Points are numbers with two decimals, moments are RFC 3339 in UTC.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.core.assignment.assignment import Choice
from engine.core.decide import is_before_mql
from engine.core.lead.model import LeadEvent, LedgerLine, Note, Scores, Verdict
from engine.core.notify.effects import Effect, Notice, Record, Reset, Strike, Tag
from engine.core.outcome import Outcome
from engine.core.sla.clocks import SlaClock
from engine.core.sla.discipline import Struck

LINES_KEPT = 50
"""How many of the latest occurrences a decision lists; the sums of signals always cover all of them."""


def decision_body(outcome: Outcome, event: LeadEvent, notes: Sequence[Note], digest: str) -> dict[str, Any]:
    """The stored form of a decision; empty parts are left out."""
    body = {
        "event": {"source": event.source, "id": event.id, "type": event.type, "occurred_at": moment(event.occurred_at)},
        "policy": digest,
        "imported": event.imported,
        "actor": event.actor,
        "scores": scores_body(outcome.scores),
        "verdict": verdict_body(outcome.verdict, missing=is_before_mql(outcome.after)),
        "refused": outcome.refusal and {"code": outcome.refusal.code, "values": dict(outcome.refusal.values)},
        "assignment": outcome.choice and choice_body(outcome.choice),
        "clocks": [clock_body(clock) for clock in outcome.clocks if _is_new(clock, outcome)],
        "breach": outcome.breached and clock_body(outcome.breached),
        "actions": [action.model_dump(exclude_defaults=True, mode="json") for action in outcome.actions],
        "effects": [effect_body(effect) for effect in outcome.effects if not isinstance(effect, Reset)],
        "protected_until": _protection(outcome),
        "conflict": outcome.after.conflict,
        "notes": [note_body(note) for note in notes],
    }
    return {name: part for name, part in body.items() if part}


def scores_body(scores: Scores) -> dict[str, Any]:
    """Both scores with their arithmetic."""
    return {
        "model": scores.model,
        "fit": number(scores.fit),
        "engagement": number(scores.engagement),
        "grade": scores.grade,
        "heat": scores.heat,
        "cell": scores.cell,
        "fit_start": number(scores.fit_start),
        "fit_rules": [{"group": x.group, "rule": x.rule, "points": number(x.points)} for x in scores.fit_lines],
        "fit_groups": [{"group": g, "sum": number(s), "points": number(p)} for g, s, p in scores.fit_groups],
        "signals": [
            {
                "group": s.group,
                "signal": s.signal,
                "count": s.counted,
                "value": number(s.value),
                "contribution": number(s.contribution),
            }
            for s in scores.signals
        ],
        "ledger": [line_body(line) for line in scores.ledger[-LINES_KEPT:]],
        "adjustments": [{"level": a.level, "key": a.key, "amount": number(a.amount)} for a in scores.adjustments],
        **({"truncated": True} if scores.truncated else {}),
    }


def verdict_body(verdict: Verdict, *, missing: bool = True) -> dict[str, Any]:
    """Exclusion, flags, checklists, the route, and what the nearest route lacks."""
    return {
        "excluded": verdict.excluded,
        "flagged": list(verdict.flagged),
        "checklists": {
            key: {"met": r.met, "of": r.of, "required": r.required, "passed": r.passed, "items": list(r.items)}
            for key, r in verdict.checklists.items()
        },
        "route": verdict.route,
        "missing": [{"code": m.code, **m.detail} for m in verdict.missing] if missing else [],
        "missing_route": verdict.missing_route if missing else None,
    }


def line_body(line: LedgerLine) -> dict[str, Any]:
    """One counted occurrence (R9.1, R9.2)."""
    return {
        "group": line.group,
        "signal": line.signal,
        "source": line.source,
        "event_id": line.event_id,
        "occurred_at": moment(line.occurred_at),
        "raw": number(line.raw),
        "factor": line.factor,
        "value": number(line.value),
        "contribution": number(line.contribution),
        "cut_by": line.cut_by,
    }


def choice_body(choice: Choice) -> dict[str, Any]:
    """All candidates with their reasons, and the chosen person (R5.2).

    Optional parts: ``tried``: policies that found nobody; ``way``: how the person was found, if not by rotation;
    ``conflict``: the owner because of whom the lead waits; ``warnings``: reasons against a person named by hand.
    """
    body = {
        "role": choice.role,
        "policy": choice.policy,
        "chosen": choice.person,
        "otherwise": choice.otherwise,
        "candidates": candidates_body(choice),
    }
    more = {
        "tried": [{"policy": other.policy, "candidates": candidates_body(other)} for other in choice.tried],
        "way": choice.way if choice.way != "turn" else None,
        "conflict": choice.conflict,
        "warnings": list(choice.warnings),
    }
    return body | {name: part for name, part in more.items() if part}


def candidates_body(choice: Choice) -> list[dict[str, str]]:
    """All candidates of one policy, with their reasons."""
    return [{"person": candidate.person, "reason": candidate.reason.value} for candidate in choice.candidates]


def effect_body(effect: Effect) -> dict[str, Any]:
    """An effect as data; ``does`` names its kind."""
    match effect:
        case Notice():
            return {"does": "tell", "kind": effect.kind, "to": effect.to, "person": effect.person, **effect.values}
        case Record():
            return {"does": "record", "kind": effect.kind, "person": effect.person, "key": effect.key}
        case Strike():
            return {"does": "strike", "person": effect.person, "clock": effect.clock}
        case Reset():
            return {"does": "reset", "person": effect.person, "clock": effect.clock}
        case Tag():
            return {"does": "tag", "tag": effect.tag}
    return {"does": "compensate", "person": effect.person, "policy": effect.policy}


def struck_body(struck: Struck) -> dict[str, Any]:
    """The result of a strike."""
    until = struck.suspended and moment(struck.suspended.end)
    return {
        "person": struck.person,
        "rule": struck.rule,
        "count": struck.count,
        "of": struck.of,
        "suspended_until": until,
    }


def _protection(outcome: Outcome) -> str | None:
    """Until when the owner may keep the lead, if this decision changed it; else None."""
    kept, before = outcome.after.protection, outcome.before.protection
    moved = kept is not None and (before is None or (kept.start, kept.until) != (before.start, before.until))
    return moment(kept.until) if kept and moved else None


def clock_body(clock: SlaClock) -> dict[str, Any]:
    """The current state of a clock."""
    return {
        "key": clock.key,
        "owner": clock.owner,
        "started_at": moment(clock.started_at),
        "due_at": moment(clock.due_at),
        "state": clock.state,
        "ended_at": clock.ended_at and moment(clock.ended_at),
        "met_at": clock.met_at and moment(clock.met_at),
        "met_late": clock.met_late,
    }


def note_body(note: Note) -> dict[str, Any]:
    """A value that could not be read: which, why, and from which event."""
    return {
        "field": note.field,
        "code": note.code,
        "raw": note.raw,
        "source": note.source,
        "event_id": note.event_id,
        "occurred_at": moment(note.occurred_at),
    }


def moment(value: datetime) -> str:
    """RFC 3339 in UTC with Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def number(value: Decimal) -> float:
    """Points as a JSON number; a float writes two decimals exactly as they are (0.1 as 0.1)."""
    return float(value)


def _is_new(clock: SlaClock, outcome: Outcome) -> bool:
    """Whether this decision started or changed the clock; a breach has a part of its own."""
    return clock not in outcome.clocks_before and clock != outcome.breached
