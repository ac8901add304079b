"""Rows of the store as JSON for the API. Facts are read by the policy of the last decision. May not decide anything."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from admin.lead_data.shown_scores import NAMES, ScoresNow
from admin.text import refusals
from engine.core.assignment.pool import is_in_pool
from engine.core.explain import moment
from engine.core.lead.facts import known, load_claims, with_account
from engine.core.lead.state import LeadState, load_state
from engine.core.scoring.plan import frame_of
from engine.store.policy.versions import digest_of, read_version
from engine.store.read.leads import KINDS, LeadRecord, Row
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import CONSENT_FIELDS

Json = dict[str, Any]
UNSEEN: Json = {"identities": {}, "other_identities": {}, "extras": {}, "notes": []}
"""Replaces the parts of a lead that may hold personal data, for readers who may not see them."""
KEPT_POLICIES = 8
"""Policies in the cache; parsing one takes milliseconds, and a page reads few versions."""
_parsed: dict[str, Policy] = {}


def policy_of(number: int) -> Policy:
    """A published policy. The cache never goes stale: a digest names one document."""
    digest = digest_of(number)
    if digest not in _parsed:
        while len(_parsed) >= KEPT_POLICIES:
            _parsed.pop(next(iter(_parsed)), None)  # another thread may have removed it
        _parsed[digest] = Policy.model_validate(read_version(number).document)
    return _parsed[digest]


def plain(value: Any) -> Any:
    """A stored value as JSON: moments in UTC with Z, decimals as numbers, sets as sorted lists."""
    if isinstance(value, date):
        return moment(value) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def lead_json(record: LeadRecord) -> Json:
    """A lead after its last decision."""
    row = record.row
    return {
        "id": row["id"],
        **{name: row[name] for name in ("stage", "owner", "sdr", "rep")},
        "identities": {kind: record.identities[kind][0] for kind in KINDS if kind in record.identities},
        "other_identities": {kind: found[1:] for kind, found in record.identities.items() if len(found) > 1},
        "facts": facts_of(record),
        "extras": row["extras"],
        "notes": row["notes"],
        "scores": scores_json(row),
        **{name: row[name] for name in ("excluded", "flagged", "route", "checklists", "missing")},
        "clocks": [clock_json(clock) for clock in record.clocks],
        "queued": _queued(row),
        "conflict": row["state"].get("conflict"),
        "protected_until": plain(row["protected_until"]),
        "pool": pool_json(row),
        "former_owners": former_owners(row),
        "consent": consent_json(record),
        "erased_at": row["state"].get("erased_at"),
        "policy": policy_json(row["policy_number"], record.policy_digest),
        "waiting_events": record.waiting_events,
    }


def unclaimed_json(record: LeadRecord) -> Json:
    """A lead for people who may claim it: scores and former owners, no contact details."""
    return {**lead_json(record), **UNSEEN, "facts": _impersonal(record)}


def _impersonal(record: LeadRecord) -> Json:
    """The facts without personal data. The name stays, as on the page of the pool."""
    facts, number = facts_of(record), record.row["policy_number"]
    if number is None:
        return facts
    fields = frame_of(policy_of(number)).vocabulary.fields
    return {key: value for key, value in facts.items() if key == "lead.name" or not fields[key].pii}


def lead_now_json(record: LeadRecord, now: ScoresNow) -> Json:
    """A lead with its current scores; ``stale``: the last decision's, because no worker answered in time."""
    lead = lead_json(record)
    scores = {name: now.told[name] for name in NAMES} if now.told else lead["scores"]
    return {**lead, "scores": {**scores, **now.about}}


def facts_of(record: LeadRecord) -> Json:
    """Field → value of every known fact. Empty before the first decision."""
    number = record.row["policy_number"]
    if number is None:
        return {}
    frame = frame_of(policy_of(number))
    own, company = load_claims(record.row["claims"]), load_claims(record.account_claims)
    claims = with_account(own, company) if record.row["account_id"] is not None else own
    found: Json = plain(dict(sorted(known(claims, frame.vocabulary, frame.zone).items())))
    return found


def consent_json(record: LeadRecord) -> Json:
    """Channel → whether the person may be contacted, who said so and when; channels nobody spoke of are absent."""
    facts, claims = facts_of(record), load_claims(record.row["claims"])
    found: Json = {}
    for field in sorted(CONSENT_FIELDS & facts.keys()):
        claim = claims[field].counting
        if claim is not None:
            said = {"source": claim.source, "event_id": claim.event_id, "at": moment(claim.occurred_at)}
            found[field.rpartition(".")[2]] = {"given": facts[field], **said}
    return found


def scores_json(row: Row) -> Json:
    """Both scores of a lead's row."""
    scores = {name: plain(row[name]) for name in NAMES}
    return {**scores, "at": plain(row["scored_at"])}


def clock_json(row: Row) -> Json:
    """A clock."""
    shown = {name: plain(row[name]) for name in row if name not in {"policy_number", "warnings"}}
    warnings = [{"percent": part, "at": plain(datetime.fromisoformat(at))} for part, at in row["warnings"]]
    return {**shown, "warnings": warnings, "policy": row["policy_number"]}


def policy_json(number: int | None, digest: str | None) -> Json | None:
    """Number and digest of a version."""
    return None if number is None else {"number": number, "digest": digest}


def _queued(row: Row) -> Json | None:
    if row["queued_role"] is None:
        return None
    return {"role": row["queued_role"], "since": plain(row["queued_at"]), "priority": row["queue_priority"]}


def pool_json(row: Row) -> Json | None:
    """Since when and why a lead is in the public pool. Both are null for raw and nurture leads nobody had."""
    state = load_state(row, row["state"])
    if not is_in_pool(state):
        return None
    return {"since": plain(state.pool_since), "why": state.pool_reason, "reason": returned_for(state)}


def returned_for(state: LeadState) -> str | None:
    """The key of the reason given when the lead was last rejected or released."""
    last = state.former_owners[-1].why if state.former_owners else None
    return {"rejected": state.reject_reason, "released": state.release_reason}.get(last or "")


def former_owners(row: Row) -> list[Json]:
    """Former owners, the latest last."""
    return [
        {"person": one.person, "why": one.why, "at": plain(one.at)}
        for one in load_state(row, row["state"]).former_owners
    ]


def decision_json(row: Row) -> Json:
    """A decision with everything stored about it."""
    detail = dict(row["body"])
    event = detail.pop("event", None) or {
        "source": row["source"],
        "id": row["external_id"],
        "type": row["type"],
        "occurred_at": plain(row["occurred_at"]),
    }
    detail.pop("policy", None)
    return {
        "id": row["id"],
        "event": event,
        "lead": row["lead_id"],
        "at": plain(row["decided_at"]),
        "policy": policy_json(row["policy_number"], row["policy_digest"]),
        "stage_before": row["stage_before"],
        "stage": row["stage_after"],
        "owner_before": row["owner_before"],
        "owner": row["owner_after"],
        "cell": row["cell"],
        "refused": _refused(detail.pop("refused", None)),
        "assignment": detail.pop("assignment", None),
        "detail": detail,
    }


def _refused(stored: Json | None) -> Json | None:
    return refusals.refusal_shown(stored) if stored else None


def event_json(row: Row) -> Json:
    """An event with its status and its decision."""
    names = ("source", "id", "type", "occurred_at", "received_at")
    decision = row["decision"]
    return {
        **{name: plain(row[name]) for name in names},
        "lead": row["lead_id"],
        **{name: plain(row[name]) for name in ("body", "actor", "imported", "trusted", "status")},
        **{name: plain(row[name]) for name in ("due_at", "attempts", "error")},
        "decision": decision and decision_json(decision),
    }
