"""The shapes of answers about leads, events and decisions: pydantic models that describe them in OpenAPI."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class ScoresShape(BaseModel):
    """Both scores as of ``at``: now for a single lead, the last decision in lists."""

    model: str | None
    fit: float | None
    engagement: float | None
    grade: str | None
    heat: str | None
    cell: str | None
    at: datetime | None
    stale: bool = Field(default=False, description="true: nobody told the score of this moment in time")


class ClockShape(BaseModel):
    """An SLA clock."""

    key: str
    kind: str = Field(description="deadline: something must happen in time; hold: something must stand so long")
    owner: str | None
    policy: int = Field(description="Number of the policy it started under")
    started_at: datetime
    due_at: datetime
    state: str = Field(description="running, met, breached, cancelled, held, broken")
    ended_at: datetime | None
    met_at: datetime | None
    met_late: bool
    warnings: list[dict[str, Any]] = Field(description="Warnings still to come: percent of the window, and the moment")


class PolicyShape(BaseModel):
    """The policy a lead was decided under last."""

    number: int
    digest: str | None


class PoolShape(BaseModel):
    """Why a lead is in the public pool."""

    since: datetime | None = Field(description="null for raw and nurture leads, which are in the pool as they are")
    why: str | None = Field(description="reclaimed, released, rejected, nobody, or the key of a clock or policy")
    reason: str | None = Field(description="The reason given by whoever let the lead go last")


class FormerOwnerShape(BaseModel):
    """A former owner, who lost or returned the lead."""

    person: str
    why: str = Field(description="rejected, released, reclaimed, or the key of the clock they missed")
    at: datetime


class ConsentShape(BaseModel):
    """Whether a person may be contacted by a channel, and which event said so."""

    given: bool
    source: str
    event_id: str
    at: datetime


class LeadShape(BaseModel):
    """A lead after its last decision."""

    id: int
    stage: str | None = Field(description="null until its first event is decided")
    owner: str | None
    sdr: str | None
    rep: str | None
    identities: dict[str, str] = Field(description="One identifier of each kind, the first that arrived")
    other_identities: dict[str, list[str]] = Field(description="Further identifiers of the same person")
    facts: dict[str, Any] = Field(description="Field to typed value, as the policy reads it; unknown ones are absent")
    extras: dict[str, Any] = Field(description="Names that arrived and are not in the vocabulary")
    notes: list[dict[str, Any]] = Field(description="Data-quality notes: values that could not be read")
    scores: ScoresShape
    excluded: str | None
    flagged: list[str]
    route: str | None
    checklists: dict[str, Any]
    missing: list[dict[str, Any]]
    clocks: list[ClockShape]
    queued: dict[str, Any] | None = Field(description="Role, since and priority while the lead waits for a person")
    conflict: str | None = Field(
        description="Owner of the company's other lead while this outbound lead waits for that"
    )
    protected_until: datetime | None = Field(description="Until when the owner may keep the lead")
    pool: PoolShape | None = Field(description="null while the lead is not in the public pool")
    former_owners: list[FormerOwnerShape] = Field(description="Who lost or returned the lead, the latest last")
    consent: dict[str, ConsentShape] = Field(description="Channel (email, phone, wechat) to what was said of it last")
    erased_at: datetime | None = Field(description="Since when nothing is known of the person any more")
    policy: PolicyShape | None
    waiting_events: int


class LeadsShape(BaseModel):
    """A page of leads."""

    items: list[LeadShape]
    next: str | None = Field(description="Give it as cursor for the next page; null on the last")


class DecisionShape(BaseModel):
    """The stored decision of one event."""

    id: int
    event: dict[str, Any] = Field(description="source, id, type and occurred_at of the event")
    lead: int
    at: datetime
    policy: PolicyShape
    stage_before: str | None
    stage: str | None
    owner_before: str | None
    owner: str | None
    cell: str | None
    refused: dict[str, Any] | None = Field(description="code, values and message when the event was refused")
    assignment: dict[str, Any] | None = Field(description="Role, policy, chosen person, and every candidate's reason")
    detail: dict[str, Any] = Field(description="Scores with their arithmetic, verdict, clocks, actions, notes")


class DecisionsShape(BaseModel):
    """A page of decisions, in the order they were made."""

    items: list[DecisionShape]
    next: str | None


class EventShape(BaseModel):
    """An accepted event and its status."""

    source: str
    id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    lead: int
    body: dict[str, Any]
    actor: str | None
    imported: bool
    trusted: bool
    status: Literal["waiting", "decided", "set_aside"]
    due_at: datetime | None
    attempts: int | None
    error: str | None
    decision: DecisionShape | None


class TimelineShape(BaseModel):
    """A page of a lead's events, each with its decision, in the order of intake."""

    items: list[EventShape]
    next: str | None


class LedgerShape(BaseModel):
    """The arithmetic of both scores as of ``at``: contributions and adjustments add up to the engagement."""

    lead: int
    at: datetime | None
    policy: PolicyShape | None
    model: str | None
    grade: str | None
    heat: str | None
    cell: str | None
    fit: float | None
    fit_start: float | None
    fit_rules: list[dict[str, Any]]
    fit_groups: list[dict[str, Any]]
    engagement: float | None
    ledger: list[dict[str, Any]]
    adjustments: list[dict[str, Any]]
    truncated: bool = Field(description="Only the latest 10,000 events count (R3.4)")
    stale: bool = Field(default=False, description="true: as of the last decision, nobody told this moment's in time")


class SentencesShape(BaseModel):
    """The explanation of a lead, in sentences."""

    lead: int
    lang: str
    sentences: list[str]
