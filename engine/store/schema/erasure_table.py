"""The table of erasures: which leads, when, by whom. What is erased stands nowhere."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from engine.store.schema.tables import json_column, moment_column


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
