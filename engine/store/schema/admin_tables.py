"""Tables of accounts, roles, sessions, sign-in attempts, API keys and the audit log.

The draft policy is in `engine.store.schema.draft_tables`, notifications are in `engine.store.schema.notice_tables`. A
person of the roster and an account are linked by e-mail only (R8.1): a person may own leads without an account, and an
account may own none.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


class UserAccount(SQLModel, table=True):
    """An account that may sign in."""

    __tablename__: ClassVar[str] = "user_account"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    email: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    password: str = Field(sa_column=Column(Text, nullable=False))
    active: bool = True
    created_at: datetime | None = Field(default=None, sa_column=moment_column(default=True))


class UserRole(SQLModel, table=True):
    """A role of an account. The names are `engine.store.access.accounts.ROLES`."""

    __tablename__: ClassVar[str] = "user_role"
    user_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    )
    role: str = Field(primary_key=True)


class SignInSession(SQLModel, table=True):
    """A session on one device. The cookie contains the ``token``; without this row the cookie is invalid."""

    __tablename__: ClassVar[str] = "sign_in_session"
    token: str = Field(sa_column=Column(Text, primary_key=True))
    user_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    began_at: datetime = Field(sa_column=moment_column(index=True))


class SignInAttempts(SQLModel, table=True):
    """Attempts of one ``subject`` since ``since`` that failed or are being checked. A subject is an account, an
    address, or an account from an address.
    """

    __tablename__: ClassVar[str] = "sign_in_attempts"
    subject: str = Field(sa_column=Column(Text, primary_key=True))
    attempts: int
    since: datetime = Field(sa_column=moment_column(index=True))


class AuditEntry(SQLModel, table=True):
    """One change: who, what, on what, the values before and after. Written in the changing transaction."""

    __tablename__: ClassVar[str] = "audit_entry"
    __table_args__ = (Index("audit_subject", "subject", "id"), Index("audit_actor", "actor", "id"))
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    at: datetime | None = Field(default=None, sa_column=moment_column(default=True))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    action: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    reason: str | None = None


class ApiKey(SQLModel, table=True):
    """A key of an outside system. Only the digest of its secret is stored. ``source`` stays when the secret is
    replaced.
    """

    __tablename__: ClassVar[str] = "api_key"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    prefix: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    scopes: list[str] = Field(sa_column=json_column(default="[]"))
    public: bool = False
    person: str | None = None
    source: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=moment_column(default=True))
    revoked_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    last_used_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
