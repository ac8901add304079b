"""Tables of published policy versions: the versions, the one in force, how far existing leads are rescored."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


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
    """The pointer to the version in force. Its only row has id 1."""

    __tablename__: ClassVar[str] = "active_policy"
    id: int = Field(default=1, primary_key=True)
    number: int


class Rescore(SQLModel, table=True):
    """The progress of rescoring under a version: all leads up to ``last_lead`` have an event, waiting or decided."""

    __tablename__: ClassVar[str] = "rescore"
    number: int = Field(primary_key=True)
    started_at: datetime = Field(sa_column=moment_column())
    finished_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    last_lead: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    until_lead: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    total: int = 0
    sent: int = 0
    same_scores: list[int] = Field(sa_column=json_column(default="[]"))
