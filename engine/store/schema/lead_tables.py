"""Tables of leads: accounts, leads, the identifiers that name them, merges, erasures.

The rows hold decisions of `engine.core`. Nothing is decided here.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column, score_column


class Account(SQLModel, table=True):
    """A company. Facts under ``company.*`` belong to it (R1.7). A lead without a company has its own account."""

    __tablename__: ClassVar[str] = "account"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    key: str | None = Field(default=None, sa_column=Column(Text, unique=True))
    claims: dict[str, Any] = Field(sa_column=json_column())
    policy_number: int | None = None
    created_at: datetime = Field(sa_column=moment_column(default=True))


class Lead(SQLModel, table=True):
    """A lead after its last decision."""

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
    """The people a queued lead waits for since ``queue_asked_at`` (`engine.core.assignment.queueing.token`)."""
    merged_into: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    created_at: datetime = Field(sa_column=moment_column(default=True))


class Identity(SQLModel, table=True):
    """One identifier and its lead. ``kind``: external_id, wechat, email, phone, anonymous_id.

    ``shared``: several people use it, so it names nobody; events that only it names go to ``visitor_id``.
    """

    __tablename__: ClassVar[str] = "identity"
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    trusted: bool = True
    shared: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    visitor_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    created_at: datetime = Field(sa_column=moment_column(default=True))


class MergeRecord(SQLModel, table=True):
    """Two leads that were merged, with the rows that an undo moves back."""

    __tablename__: ClassVar[str] = "merge"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    winner_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    loser_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    merged_at: datetime = Field(sa_column=moment_column())
    undone_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    moved: dict[str, Any] = Field(sa_column=json_column())


class ErasureRow(SQLModel, table=True):
    """A person whose data were erased (R4.8).

    ``leads`` are the erased lead and those merged into it; ``beside`` the other leads of its company at that moment,
    where a policy reads a company's leads together: their former decisions cannot be replayed any more.
    """

    __tablename__: ClassVar[str] = "erasure"
    lead_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    event_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    erased_at: datetime = Field(sa_column=moment_column())
    by: str = Field(sa_column=Column(Text, nullable=False))
    leads: list[Any] = Field(sa_column=json_column(default="[]"))
    beside: list[Any] = Field(sa_column=json_column(default="[]"))


class IdentityClaim(SQLModel, table=True):
    """A lead brought an identifier that names another lead; what it says counts against links all the same."""

    __tablename__: ClassVar[str] = "identity_claim"
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    lead_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False, index=True))


class PendingMerge(SQLModel, table=True):
    """A merge of two leads that waits in the inbox; until it is decided, what is known of one counts for both."""

    __tablename__: ClassVar[str] = "pending_merge"
    event_id: int = Field(
        sa_column=Column(
            BigInteger, ForeignKey("inbox.event_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
        )
    )
    low: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    high: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class NobodyValue(SQLModel, table=True):
    """A value that a company says names nobody, as it was written."""

    __tablename__: ClassVar[str] = "nobody_value"
    value: str = Field(primary_key=True)
