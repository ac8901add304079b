"""Tables of event processing: leads, events, decisions, clocks, rotation, roster, versions.

Rows carry what `engine.core` decided and nothing else decides here. Events are written once and never changed but for
the lead they belong to (merging). What waits to be decided stands in `Inbox`; a row leaves it in the transaction that
decides.
Accounts of people who sign in, keys and drafts are in `engine.store.schema.admin_tables`.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, DateTime, Index, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

NOW = text("now()")


def moment_column(*, nullable: bool = False, default: bool = False, index: bool = False) -> Column[Any]:
    """A column of moments with time zone."""
    return Column(DateTime(timezone=True), nullable=nullable, server_default=NOW if default else None, index=index)


def json_column(*, default: str = "{}") -> Column[Any]:
    """A JSON column that is never null."""
    return Column(JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))


def score_column() -> Column[Any]:
    """A column of points with two decimals."""
    return Column(Numeric(14, 2), nullable=True)


class Account(SQLModel, table=True):
    """A company: facts under ``company.*`` belong to it (R1.7). A lead without a company has its own."""

    __tablename__: ClassVar[str] = "account"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    key: str | None = Field(default=None, sa_column=Column(Text, unique=True))
    claims: dict[str, Any] = Field(sa_column=json_column())
    policy_number: int | None = None
    created_at: datetime = Field(sa_column=moment_column(default=True))


class Lead(SQLModel, table=True):
    """A lead as it stands after its last decision."""

    __tablename__: ClassVar[str] = "lead"
    __table_args__ = (
        Index("lead_stage", "stage", "id"),
        Index("lead_owner", "owner", "id"),
        Index(
            "lead_queue",
            "queued_role",
            "queue_priority",
            "grade",
            "queued_at",
            postgresql_where=text("queued_role IS NOT NULL"),
        ),
        Index("lead_protection", "pool_next_at", "id", postgresql_where=text("pool_next_at IS NOT NULL")),
        Index("lead_pool", "pool_since", "id", postgresql_where=text("owner IS NULL AND merged_into IS NULL")),
        Index(
            "lead_pool_best",
            "stage",
            text("coalesce(grade, 'E')"),
            text("(- coalesce(engagement, 0))"),
            "id",
            postgresql_where=text(
                "owner IS NULL AND merged_into IS NULL AND (pool_since IS NOT NULL OR stage IN ('raw', 'nurture'))"
            ),
        ),
        Index("lead_refresh", "next_refresh_at", "id", postgresql_where=text("next_refresh_at IS NOT NULL")),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    account_id: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    version: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    stage: str | None = None
    owner: str | None = None
    sdr: str | None = None
    rep: str | None = None
    model: str | None = None
    fit: Decimal | None = Field(default=None, sa_column=score_column())
    engagement: Decimal | None = Field(default=None, sa_column=score_column())
    grade: str | None = None
    heat: str | None = None
    cell: str | None = Field(default=None, index=True)
    scored_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    policy_number: int | None = None
    route: str | None = None
    excluded: str | None = None
    flagged: list[str] = Field(sa_column=json_column(default="[]"))
    checklists: dict[str, Any] = Field(sa_column=json_column())
    missing: list[Any] = Field(sa_column=json_column(default="[]"))
    claims: dict[str, Any] = Field(sa_column=json_column())
    extras: dict[str, Any] = Field(sa_column=json_column())
    notes: list[Any] = Field(sa_column=json_column(default="[]"))
    state: dict[str, Any] = Field(sa_column=json_column())
    queued_role: str | None = None
    queued_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    queue_priority: int | None = None
    pool_since: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    first_event_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    last_event_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    next_refresh_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    protected_until: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    pool_next_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    queue_asked_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    queue_for: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text), nullable=True))
    """Whom a queued lead waits for since ``queue_asked_at`` (`engine.core.assignment.queueing.token`)."""
    merged_into: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    created_at: datetime = Field(sa_column=moment_column(default=True))


class Identity(SQLModel, table=True):
    """One identifier and the lead it names. ``kind``: external_id, wechat, email, phone, anonymous_id.

    ``shared``: it names nobody, for several people use it; events that it alone names go to ``visitor_id``.
    """

    __tablename__: ClassVar[str] = "identity"
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    trusted: bool = True
    shared: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    visitor_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    created_at: datetime = Field(sa_column=moment_column(default=True))


class Event(SQLModel, table=True):
    """One accepted event. ``body`` holds lead, traits, company, answers, properties as they came."""

    __tablename__: ClassVar[str] = "event"
    __table_args__ = (
        UniqueConstraint("source", "external_id", name="event_once"),
        Index("event_history", "lead_id", "occurred_at", "id"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    source: str
    external_id: str
    type: str
    occurred_at: datetime = Field(sa_column=moment_column())
    received_at: datetime = Field(sa_column=moment_column(default=True))
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: dict[str, Any] = Field(sa_column=json_column())
    actor: str | None = None
    imported: bool = False
    trusted: bool = True


class SeenEventType(SQLModel, table=True):
    """A type of event that was accepted at least once, as it was sent: the lint says which signals nothing feeds."""

    __tablename__: ClassVar[str] = "seen_event_type"
    type: str = Field(primary_key=True)
    first_at: datetime = Field(sa_column=moment_column(default=True))


class Inbox(SQLModel, table=True):
    """An accepted event that is not decided: waiting until ``due_at``, or set aside with its ``error``."""

    __tablename__: ClassVar[str] = "inbox"
    __table_args__ = (Index("inbox_waiting", "shard", "event_id", postgresql_where=text("set_aside_at IS NULL")),)
    event_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    shard: int
    due_at: datetime = Field(sa_column=moment_column())
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    error: str | None = None
    set_aside_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True, index=True))


class Decision(SQLModel, table=True):
    """What one event did, with every reason; stored once and read back, never recomputed."""

    __tablename__: ClassVar[str] = "decision"
    __table_args__ = (
        Index("decision_lead", "lead_id", "id"),
        Index("decision_when", "decided_at", postgresql_using="brin"),
        Index("decision_choice", "decided_at", postgresql_where=text("body ? 'assignment'")),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    event_id: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    decided_at: datetime = Field(sa_column=moment_column())
    policy_number: int
    stage_before: str | None = None
    stage_after: str | None = None
    owner_before: str | None = None
    owner_after: str | None = None
    cell: str | None = None
    refused: str | None = None
    body: dict[str, Any] = Field(sa_column=json_column())


class LedgerRow(SQLModel, table=True):
    """One counted occurrence of a lead's engagement (R3.5); what it is worth at a moment is computed from it."""

    __tablename__: ClassVar[str] = "ledger"
    lead_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    event_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    group_key: str = Field(primary_key=True)
    signal_key: str = Field(primary_key=True)
    raw: Decimal = Field(sa_column=Column(Numeric(14, 2), nullable=False))


class ClockRow(SQLModel, table=True):
    """One SLA clock of a lead (R6.1–R6.9).

    ``next_at`` is the one indexed moment at which something is due: the next of ``warnings`` (lists of percent and
    moment), else ``due_at``; null once it fired or ended. It is claimed by a conditional update.
    """

    __tablename__: ClassVar[str] = "clock"
    __table_args__ = (
        Index("clock_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("clock_once", "lead_id", "key", unique=True, postgresql_where=text("state = 'running'")),
        Index("clock_lead", "lead_id", "id"),
        Index("clock_started", "started_at", postgresql_using="brin"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    key: str
    kind: str = Field(default="deadline", sa_column_kwargs={"server_default": "deadline"})
    owner: str | None = None
    policy_number: int
    started_at: datetime = Field(sa_column=moment_column())
    due_at: datetime = Field(sa_column=moment_column())
    state: str = "running"
    ended_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    met_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    met_late: bool = False
    fired_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    next_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    warnings: list[Any] = Field(sa_column=json_column(default="[]"))


class TrackRecord(SQLModel, table=True):
    """What somebody did, missed or was credited with (`engine.core.notify.effects.RECORD_KINDS`); reports read it."""

    __tablename__: ClassVar[str] = "track_record"
    __table_args__ = (Index("track_record_person", "person", "kind", "at"), Index("track_record_at", "at"))
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    kind: str
    person: str
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    event_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    key: str | None = None
    at: datetime = Field(sa_column=moment_column())


class StrikeCount(SQLModel, table=True):
    """Consecutive misses of a person under one strike rule (R6.6); ``rule`` is its role and clocks."""

    __tablename__: ClassVar[str] = "strike"
    person: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    count: int


class Suspension(SQLModel, table=True):
    """A time in which a person receives no leads of a role (R6.6), and the event that led to it."""

    __tablename__: ClassVar[str] = "suspension"
    __table_args__ = (
        Index("suspension_person", "person", "until_at"),
        Index("suspension_open", "until_at", postgresql_where=text("ended_at IS NULL")),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    person: str
    role: str
    rule: str
    from_at: datetime = Field(sa_column=moment_column())
    until_at: datetime = Field(sa_column=moment_column())
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    event_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    lifted_by: str | None = None


class RotationPointer(SQLModel, table=True):
    """A person's pointer in one assignment policy, an exact fraction (R5.5); the row without ``member`` is the lock."""

    __tablename__: ClassVar[str] = "rotation"
    policy_key: str = Field(primary_key=True)
    member: str = Field(primary_key=True)
    numerator: int = Field(default=0, sa_column=Column(Numeric(40, 0), nullable=False, server_default="0"))
    denominator: int = Field(default=1, sa_column=Column(Numeric(40, 0), nullable=False, server_default="1"))
    served: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    served_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))


class Assignment(SQLModel, table=True):
    """One lead given to one person; what caps count and reports read (R5.9)."""

    __tablename__: ClassVar[str] = "assignment"
    __table_args__ = (
        Index("assignment_person", "person", "at"),
        Index("assignment_when", "at", postgresql_using="brin"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    event_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    role: str
    person: str
    policy_key: str | None = None
    at: datetime = Field(sa_column=moment_column())


class Person(SQLModel, table=True):
    """Somebody who may own leads (R8.1–R8.3)."""

    __tablename__: ClassVar[str] = "person"
    email: str = Field(primary_key=True)
    name: str = ""
    role: str = "sdr"
    team: str | None = None
    department: str | None = None
    manager: str | None = None
    tier: int = 3
    weight: int = 1
    capacity: int | None = None
    active: bool = True
    calendar: str | None = None
    details: dict[str, Any] = Field(sa_column=json_column())


class Team(SQLModel, table=True):
    """A team, its head and its department."""

    __tablename__: ClassVar[str] = "team"
    key: str = Field(primary_key=True)
    label: str = ""
    head: str | None = None
    department: str | None = None


class CalendarRow(SQLModel, table=True):
    """A working calendar of the roster, as in the document."""

    __tablename__: ClassVar[str] = "calendar"
    key: str = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_column=json_column())


class PolicyVersion(SQLModel, table=True):
    """An immutable published policy with its compiled rulesets."""

    __tablename__: ClassVar[str] = "policy_version"
    number: int = Field(primary_key=True)
    digest: str
    document: dict[str, Any] = Field(sa_column=json_column())
    compiled: dict[str, Any] = Field(sa_column=json_column())
    published_at: datetime = Field(sa_column=moment_column(default=True))
    published_by: str
    reason: str
    signatures: list[Any] = Field(sa_column=json_column(default="[]"))
    bypassed: bool = False
    act_on_existing: str = "none"


class ActivePolicy(SQLModel, table=True):
    """The one pointer to the version in force; its single row has id 1."""

    __tablename__: ClassVar[str] = "active_policy"
    id: int = Field(default=1, primary_key=True)
    number: int


class Rescore(SQLModel, table=True):
    """How far existing leads are scored under a version: all up to ``last_lead`` have an event waiting or decided."""

    __tablename__: ClassVar[str] = "rescore"
    number: int = Field(primary_key=True)
    started_at: datetime = Field(sa_column=moment_column())
    finished_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    last_lead: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    until_lead: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    total: int = 0
    sent: int = 0
    same_scores: list[int] = Field(sa_column=json_column(default="[]"))


class MergeRecord(SQLModel, table=True):
    """Two leads that proved to be one person; keeps what is needed to undo it."""

    __tablename__: ClassVar[str] = "merge"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    winner_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    loser_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    merged_at: datetime = Field(sa_column=moment_column())
    undone_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    moved: dict[str, Any] = Field(sa_column=json_column())
