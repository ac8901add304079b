"""Tables of data on its way in: sources of vendor webhooks, their quarantine, and imports of files."""

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


class ImportTemplateRow(SQLModel, table=True):
    """A template by its name; ``body`` is a `baton.import/1` document."""

    __tablename__: ClassVar[str] = "import_template"
    name: str = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_column=json_column())
    changed_by: str
    changed_at: datetime = Field(sa_column=moment_column())


class ImportRun(SQLModel, table=True):
    """A file on its way in. ``content`` is it as CSV in UTF-8, ``digest`` that of the file itself.

    ``done`` counts rows that were read, ``rejected`` lists those that were not taken. ``began_at`` is null while people
    look at the preview, ``ended_at`` until the last row.
    """

    __tablename__: ClassVar[str] = "import_run"
    __table_args__ = (Index("import_run_made", "made_by", "id"),)
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    name: str
    digest: str
    content: str = Field(sa_column=Column(Text, nullable=False))
    body: dict[str, Any] = Field(sa_column=json_column())
    made_by: str
    made_at: datetime = Field(sa_column=moment_column())
    began_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    rows: int
    done: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column(default="[]"))
