"""Tables of who is who: identifiers that several people brought, and leads that are about to be joined.

The identifiers themselves and finished merges are in `engine.store.schema.tables`.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel


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
