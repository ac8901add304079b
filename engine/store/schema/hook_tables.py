"""Tables of vendor webhooks: the sources, and what came from them and could not be taken."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


class HookSource(SQLModel, table=True):
    """A source of vendor webhooks. ``secrets`` are sealed by whoever writes them; the first one is the newest."""

    __tablename__: ClassVar[str] = "hook_source"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    label: str = Field(sa_column=Column(Text, nullable=False))
    definition: dict[str, Any] = Field(sa_column=json_column())
    secrets: list[str] = Field(sa_column=json_column(default="[]"))
    active: bool = True
    created_at: datetime = Field(sa_column=moment_column())
    created_by: str


class QuarantinedHook(SQLModel, table=True):
    """A body that could not be mapped or whose events were refused. The same body is one row, however often it came.

    ``body`` is what was mapped, decrypted, cut at 256 KiB: then ``size`` is larger, and it cannot be replayed.
    """

    __tablename__: ClassVar[str] = "hook_quarantine"
    __table_args__ = (
        UniqueConstraint("source", "digest", name="hook_quarantine_once"),
        Index("hook_quarantine_received", "received_at"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    source: str = Field(sa_column=Column(Text, nullable=False))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    message: str = Field(sa_column=Column(Text, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    size: int
    headers: dict[str, Any] = Field(sa_column=json_column())
    times: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    received_at: datetime = Field(sa_column=moment_column())
