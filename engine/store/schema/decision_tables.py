"""Tables that a decision writes: decisions, counted engagement, rotation pointers, assignments."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, Numeric, text
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


class Decision(SQLModel, table=True):
    """The result of one event with all reasons. Stored once and never recomputed."""

    __tablename__: ClassVar[str] = "decision"
    __table_args__ = (
        Index("decision_lead", "lead_id", "id"),
        # BRIN: rows are written in time order, so a small index is enough.
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
    """One counted occurrence of a lead's engagement (R3.5). Its value at a moment is computed from it."""

    __tablename__: ClassVar[str] = "ledger"
    lead_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    event_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    group_key: str = Field(primary_key=True)
    signal_key: str = Field(primary_key=True)
    raw: Decimal = Field(sa_column=Column(Numeric(14, 2), nullable=False))


class RotationPointer(SQLModel, table=True):
    """A person's pointer in one assignment policy, an exact fraction (R5.5). The row without a ``member`` is the
    lock.
    """

    __tablename__: ClassVar[str] = "rotation"
    policy_key: str = Field(primary_key=True)
    member: str = Field(primary_key=True)
    # Numerator and denominator of an exact fraction can grow beyond 64 bits.
    numerator: int = Field(default=0, sa_column=Column(Numeric(40, 0), nullable=False, server_default="0"))
    denominator: int = Field(default=1, sa_column=Column(Numeric(40, 0), nullable=False, server_default="1"))
    served: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    served_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))


class Assignment(SQLModel, table=True):
    """One lead assigned to one person. Caps and reports count these rows (R5.9)."""

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
