"""Tables of events: accepted events, the types seen so far, the inbox of events that are not decided yet.

An event is written once. Only the lead it belongs to may change (merging). A row leaves `Inbox` in the transaction
that decides its event.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


class Event(SQLModel, table=True):
    """One accepted event. ``body`` holds lead, traits, company, answers, properties as they were sent."""

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
    """A type of event that was accepted at least once. The lint reports signals whose type never arrived."""

    __tablename__: ClassVar[str] = "seen_event_type"
    type: str = Field(primary_key=True)
    first_at: datetime = Field(sa_column=moment_column(default=True))


class Inbox(SQLModel, table=True):
    """An accepted, undecided event: waiting until ``due_at``, or set aside with its ``error``."""

    __tablename__: ClassVar[str] = "inbox"
    # Partial: set-aside events may pile up without slowing the queue.
    __table_args__ = (Index("inbox_waiting", "shard", "event_id", postgresql_where=text("set_aside_at IS NULL")),)
    event_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    lead_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    shard: int
    due_at: datetime = Field(sa_column=moment_column())
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    error: str | None = None
    set_aside_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True, index=True))
