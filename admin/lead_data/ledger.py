"""The arithmetic of a lead's scores: current if a worker computed it, else as stored.

Stored values are added up; no rule is matched again. Fit comes from the last decision, engagement from the ledger. Both
are as of the lead's stored scores, under the policy that computed them.
"""

from datetime import datetime, timedelta
from typing import Any

from admin.lead_data.lead_json import plain, policy_json, policy_of
from admin.lead_data.shown_scores import NAMES, ScoresNow
from engine.core.explain import line_body, number
from engine.core.lead.history import Past
from engine.core.scoring.ledger import Counted, Ledger
from engine.core.scoring.plan import SignalPlan, scoring_plan
from engine.store.read import leads
from engine.store.read.leads import LeadRecord, Row

MICROSECOND = timedelta(microseconds=1)
FIT_PARTS = ("fit_start", "fit_rules", "fit_groups", "truncated")


def ledger_json(record: LeadRecord, now: ScoresNow) -> dict[str, Any]:
    """Every line that adds up to fit and engagement. ``stale``: as of the last decision instead of now."""
    row = record.row
    stored = now.told is None
    scores = {name: plain(row[name]) for name in NAMES} | _fit(record) if now.told is None else now.told
    lines = _engagement(record) if stored else {name: scores[name] for name in ("ledger", "adjustments")}
    return {
        "lead": row["id"],
        **now.about,
        "policy": policy_json(row["policy_number"], record.policy_digest) if stored else now.policy,
        **{name: scores[name] for name in NAMES},
        "fit_start": scores.get("fit_start"),
        "fit_rules": scores.get("fit_rules", []),
        "fit_groups": scores.get("fit_groups", []),
        **lines,
        "truncated": bool(scores.get("truncated", False)),
    }


def _fit(record: LeadRecord) -> dict[str, Any]:
    decision = leads.last_scored(record.row["id"])
    scores = decision["body"]["scores"] if decision else {}
    return {name: scores[name] for name in FIT_PARTS if name in scores}


def _engagement(record: LeadRecord) -> dict[str, Any]:
    row = record.row
    if row["model"] is None or row["policy_number"] is None:
        return {"ledger": [], "adjustments": []}
    plans = scoring_plan(policy_of(row["policy_number"])).models
    model = next(plan for plan in plans if plan.key == row["model"])
    signals = {(signal.group_key, signal.key): signal for signal in model.signals}
    lines = [(signals.get((line["group_key"], line["signal_key"])), line) for line in leads.read_ledger(row["id"])]
    counted = [_counted(signal, line, row["scored_at"]) for signal, line in lines if signal is not None]
    counted.sort(key=lambda one: (one[1][:3], one[0].place))
    ledger = Ledger(model, counted)
    return {
        "ledger": [line_body(line) for line in ledger.lines()],
        "adjustments": [{"level": a.level, "key": a.key, "amount": number(a.amount)} for a in ledger.adjustments()],
    }


def _counted(signal: SignalPlan, line: Row, at: datetime) -> Counted:
    """An occurrence with its value at the moment of the stored scores (R3.4, step 4)."""
    past = Past(line["occurred_at"], line["source"], line["external_id"], line["type"], {})
    if signal.worth is None:
        return signal, past, signal.cents, 1.0
    age = max(at - line["occurred_at"], timedelta(0)) // MICROSECOND
    value, factor = signal.worth(age)
    return signal, past, value, factor
