"""Tables of SLA clocks and their consequences: clocks, track records, strikes, suspensions."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


class ClockRow(SQLModel, table=True):
    """One SLA clock of a lead (R6.1–R6.9).

    ``next_at`` is the indexed moment at which the clock is next due: the next of ``warnings`` (lists of percent and
    moment), else ``due_at``; null once it fired or ended. A conditional update claims it.
    """

    __tablename__: ClassVar[str] = "clock"
    __table_args__ = (
        Index("clock_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        # The database, too, refuses a second running clock of the same key.
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
    """Something a person did, missed or was credited with (`engine.core.notify.effects.RECORD_KINDS`). Reports read
    it.
    """

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
    """Consecutive misses of a person under one strike rule (R6.6). ``rule`` is its role and clocks."""

    __tablename__: ClassVar[str] = "strike"
    person: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    count: int


class Suspension(SQLModel, table=True):
    """A period in which a person receives no leads of a role (R6.6), and the event that caused it."""

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
