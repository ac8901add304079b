"""The data of the page of one lead: stored values and current scores. May not decide anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import format_datetime, gettext

from admin.lead_data.lead_json import facts_of, policy_of
from admin.lead_data.ledger import ledger_json
from admin.lead_data.shown_scores import scores_now
from admin.moment import now
from admin.text import terms
from engine.core.assignment.pool import is_in_pool
from engine.core.lead.facts import load_claims
from engine.core.lead.state import LeadState, load_state
from engine.store.read import leads
from engine.store.read.lead_cards import LeadCard, lead_cards
from engine.store.read.leads import LeadRecord, Row
from rulesets.policy.policy import Policy

TIMELINE = 50


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact, and the event it comes from."""

    key: str
    value: Any
    source: str = ""
    event_id: str = ""
    occurred_at: Any = None

    @property
    def shown(self) -> str:
        """The value as people read it."""
        if isinstance(self.value, bool):
            return str(gettext("yes")) if self.value else str(gettext("no"))
        if isinstance(self.value, datetime):
            return str(format_datetime(self.value, "medium"))
        return ", ".join(map(str, self.value)) if isinstance(self.value, list) else str(self.value)


@dataclass(frozen=True, slots=True)
class LeadPage:
    """Everything on the page."""

    record: LeadRecord
    card: LeadCard
    facts: list[Fact]
    ledger: dict[str, Any]
    fit_sum: float
    timeline: list[Row]
    older: int | None
    policy: Policy | None

    @property
    def row(self) -> Row:
        """The lead's row."""
        return self.record.row

    @property
    def state(self) -> LeadState:
        """The state that the next decision starts from."""
        return load_state(self.row, self.row["state"])

    @property
    def pool_why(self) -> str | None:
        """Why it is in the public pool, in words. None if it is not."""
        return why_in_pool(self.state, self.policy) if is_in_pool(self.state) else None

    def why(self, code: str) -> str:
        """Why a former owner lost or returned it, in words."""
        return _why(code, self.policy)

    @property
    def at(self) -> datetime:
        """The moment of the scores that are shown."""
        return datetime.fromisoformat(self.ledger["at"])


def read_page(number: int, before: int | None = None) -> LeadPage:
    """The page of a lead. Raises NotFound."""
    record = leads.read_lead(number)
    ident = record.row["id"]
    ledger = ledger_json(record, scores_now(record, now(), full=True))
    events = leads.read_recent(ident, before=before, limit=TIMELINE + 1)
    return LeadPage(
        record=record,
        card=lead_cards([ident])[ident],
        facts=_facts(record),
        ledger=ledger,
        fit_sum=(ledger["fit_start"] or 0) + sum(group["points"] for group in ledger["fit_groups"]),
        timeline=events[:TIMELINE],
        older=events[TIMELINE - 1]["event_id"] if len(events) > TIMELINE else None,
        policy=policy_of(record.row["policy_number"]) if record.row["policy_number"] is not None else None,
    )


def why_in_pool(state: LeadState, policy: Policy | None) -> str:
    """Why a lead is in the public pool, in words. Empty for leads that nobody ever had."""
    code = state.pool_reason or (state.former_owners[-1].why if state.former_owners else None)
    return _why(code, policy) if code else ""


def _why(code: str, policy: Policy | None) -> str:
    if code in terms.POOL_REASONS:
        return str(terms.POOL_REASONS[code])
    if policy and any(rule.key == code for rule in policy.assignment):
        return str(gettext("nobody could be found by policy %(key)s", key=code))
    return str(gettext("clock %(key)s was missed", key=code))


def labels(policy: Policy | None) -> dict[str, Any]:
    """Key → label of the document. Keys: ``group/key`` of rules and signals, ``group``, ``sla:key`` of clocks."""
    found: dict[str, Any] = {f"sla:{clock.key}": _label(clock) for clock in policy.sla} if policy else {}
    for model in policy.models if policy else ():
        for group in model.fit.groups:
            found |= {group.key: _label(group), **{f"{group.key}/{rule.key}": _label(rule) for rule in group.rules}}
        for side in model.engagement.groups:
            found |= {side.key: _label(side), **{f"{side.key}/{one.key}": _label(one) for one in side.signals}}
    return found


def _label(part: Any) -> Any:
    return part.label if isinstance(part.label, str | None) else part.label.model_dump(exclude_none=True)


def _facts(record: LeadRecord) -> list[Fact]:
    own, company = load_claims(record.row["claims"]), load_claims(record.account_claims)
    facts = []
    for key, plain_value in facts_of(record).items():
        value = datetime.fromisoformat(plain_value) if key == "lead.created_at" else plain_value
        slots = (company if key.startswith("company.") else own).get(key) or own.get(key)
        claim = slots.counting if slots else None
        if claim is None:
            facts.append(Fact(key, value))
        else:
            facts.append(Fact(key, value, claim.source, claim.event_id, claim.occurred_at))
    return facts
