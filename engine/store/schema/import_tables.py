"""Tables of imports: templates people keep, and files that are being taken in."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from engine.store.schema.tables import json_column, moment_column


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
