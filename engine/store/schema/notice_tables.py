"""Tables of notifications, preferences, webhook subscriptions and deliveries.

A notification is one row per cause and person. A delivery is one message to one address. Unique constraints make both
once per cause.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


class NoticeRow(SQLModel, table=True):
    """A notification. ``kind`` is a key of `engine.core.notify.notices.KINDS`, ``details`` its values.

    ``about`` is the person it concerns. ``spread_at`` is when it was processed for e-mail, null until then.
    """

    __tablename__: ClassVar[str] = "notice"
    __table_args__ = (
        UniqueConstraint("cause", "person", name="notice_once"),
        Index("notice_person", "person", "id"),
        Index("notice_unread", "person", postgresql_where=text("read_at IS NULL")),
        Index("notice_unspread", "id", postgresql_where=text("spread_at IS NULL")),
        Index("notice_at", "at"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    cause: str = Field(sa_column=Column(Text, nullable=False))
    person: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    about: str | None = None
    lead_id: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    event_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    details: dict[str, Any] = Field(sa_column=json_column())
    at: datetime = Field(sa_column=moment_column())
    read_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    spread_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))


class NoticePreference(SQLModel, table=True):
    """Preferences of a person for e-mail and language. ``mail`` holds only differences from the kinds' defaults."""

    __tablename__: ClassVar[str] = "notice_preference"
    person: str = Field(primary_key=True)
    language: str | None = None
    mail: dict[str, Any] = Field(sa_column=json_column())
    digest: bool = True


class Subscription(SQLModel, table=True):
    """An outside address that receives ``events``. ``secret`` signs the messages and is stored in plain text."""

    __tablename__: ClassVar[str] = "subscription"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    url: str = Field(sa_column=Column(Text, nullable=False))
    events: list[str] = Field(sa_column=json_column(default="[]"))
    secret: str = Field(sa_column=Column(Text, nullable=False))
    active: bool = True
    created_at: datetime | None = Field(default=None, sa_column=moment_column(default=True))
    created_by: str


class Delivery(SQLModel, table=True):
    """One message to one address. ``channel`` is mail or webhook; ``message_id`` is the same in all attempts.

    ``state`` is waiting, sent, failed, or empty (a daily mail without content). ``next_at`` is the indexed moment of
    the next attempt. A sender's lease moves it forward, so that the message of a killed sender becomes due again.
    """

    __tablename__: ClassVar[str] = "delivery"
    __table_args__ = (
        UniqueConstraint("channel", "cause", "address", name="delivery_once"),
        Index("delivery_next", "next_at", "id", postgresql_where=text("state = 'waiting'")),
        Index("delivery_failed", "id", postgresql_where=text("state = 'failed'")),
        Index("delivery_created", "created_at"),
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    message_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    channel: str
    cause: str = Field(sa_column=Column(Text, nullable=False))
    address: str = Field(sa_column=Column(Text, nullable=False))
    subscription_id: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    kind: str
    payload: dict[str, Any] = Field(sa_column=json_column())
    state: str = Field(default="waiting", sa_column_kwargs={"server_default": "waiting"})
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    created_at: datetime = Field(sa_column=moment_column())
    next_at: datetime = Field(sa_column=moment_column())
    give_up_at: datetime = Field(sa_column=moment_column())
    sent_at: datetime | None = Field(default=None, sa_column=moment_column(nullable=True))
    last_error: str | None = None
