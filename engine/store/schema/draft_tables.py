"""The draft policy as editable rows: models, groups, fit rules, signals, matrix cells, clocks; the rest as JSON.

A part's ``path`` consists of keys (``smb/size/s50``), so that an imported document finds its rows. ``version`` is the
draft's revision of the row's last change: an editor who read an older version gets a conflict and overwrites nothing.
``rest`` holds values without a column. `engine.store.policy.draft_rows` converts rows, `engine.store.policy.drafts`
writes them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


def points_column() -> Any:
    """Points or a limit, exact; null if the document gives none."""
    return Field(default=None, sa_type=Numeric(14, 2), nullable=True)


def optional_json() -> Any:
    """A part of the document, unchanged; SQL null if the document has none."""
    return Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)


class Draft(SQLModel, table=True):
    """The one draft (id 1). ``authors`` changed it since the version ``base``."""

    __tablename__: ClassVar[str] = "draft"
    id: int = Field(default=1, primary_key=True)
    revision: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    rest: dict[str, Any] = Field(sa_column=json_column())
    authors: list[str] = Field(default_factory=list, sa_column=json_column(default="[]"))
    base: int | None = None
    changed_by: str | None = None
    changed_at: datetime | None = Field(default=None, sa_column=moment_column(default=True))


class DraftSignature(SQLModel, table=True):
    """A side's signature on the draft with one digest. An edit changes the digest and voids it."""

    __tablename__: ClassVar[str] = "draft_signature"
    side: str = Field(primary_key=True)
    digest: str = Field(sa_column=Column(Text, nullable=False))
    signer: str = Field(sa_column=Column(Text, nullable=False))
    signed_at: datetime = Field(sa_column=moment_column())


class DraftCheck(SQLModel, table=True):
    """The result of the last check of the draft (id 1). `engine.store.policy.draft_checks` defines when it is stale."""

    __tablename__: ClassVar[str] = "draft_check"
    id: int = Field(default=1, primary_key=True)
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    seen: int = Field(sa_column=Column(BigInteger, nullable=False))
    software: str = Field(sa_column=Column(Text, nullable=False))
    checked_at: datetime | None = Field(default=None, sa_column=moment_column(default=True))
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class PolicyPlan(SQLModel, table=True):
    """A publication planned for the moment ``at``. ``state``: scheduled, suspended, activated, cancelled."""

    __tablename__: ClassVar[str] = "policy_plan"
    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(sa_column=Column(Text, nullable=False))
    document: dict[str, Any] = Field(sa_column=json_column())
    at: datetime = Field(sa_column=moment_column())
    zone: str
    base: int | None = None
    by: str
    reason: str
    signoff: str
    signatures: list[Any] = Field(sa_column=json_column(default="[]"))
    authors: list[str] = Field(sa_column=json_column(default="[]"))
    bypass: bool = False
    act_on_existing: str = "none"
    state: str = Field(default="scheduled", index=True)
    note: str | None = None
    number: int | None = None
    planned_at: datetime = Field(sa_column=moment_column())


class DraftPart(SQLModel):
    """Columns of every row of the draft."""

    path: str = Field(primary_key=True)
    parent: str = Field(default="", index=True)
    position: int = 0
    key: str = ""
    version: int = Field(default=0, sa_type=BigInteger)
    changed_by: str | None = None
    rest: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, nullable=False)


class DraftModel(DraftPart, table=True):
    """A scoring model with its limits."""

    __tablename__: ClassVar[str] = "draft_model"
    priority: int = 100
    when: Any = optional_json()
    fit_start: Decimal | None = points_column()
    fit_min: Decimal | None = points_column()
    fit_max: Decimal | None = points_column()
    grade_a: Decimal | None = points_column()
    grade_b: Decimal | None = points_column()
    grade_c: Decimal | None = points_column()
    engagement_min: Decimal | None = points_column()
    engagement_max: Decimal | None = points_column()
    heat_frenzied: Decimal | None = points_column()
    heat_hot: Decimal | None = points_column()
    heat_warm: Decimal | None = points_column()


class DraftGroup(DraftPart, table=True):
    """A group of fit rules or of signals (``side``: fit or engagement) with its limits."""

    __tablename__: ClassVar[str] = "draft_group"
    side: str = "fit"
    min: Decimal | None = points_column()
    max: Decimal | None = points_column()


class DraftRule(DraftPart, table=True):
    """A fit rule."""

    __tablename__: ClassVar[str] = "draft_rule"
    when: Any = optional_json()
    points: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))
    enabled: bool = True


class DraftSignal(DraftPart, table=True):
    """A signal. ``event`` is one key or a list, as in the document."""

    __tablename__: ClassVar[str] = "draft_signal"
    event: Any = optional_json()
    when: Any = optional_json()
    points: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))
    max: Decimal | None = points_column()
    enabled: bool = True
    repeat: Any = optional_json()
    decay: Any = optional_json()


class DraftCell(DraftPart, table=True):
    """A cell of a model's matrix. The key ``default`` stands for all cells not listed."""

    __tablename__: ClassVar[str] = "draft_cell"
    action: str = "nurture"
    priority: int = 3
    assignment: str | None = None
    sla: Any = optional_json()


class DraftClock(DraftPart, table=True):
    """An SLA clock: its window and its actions."""

    __tablename__: ClassVar[str] = "draft_clock"
    role: str = "sdr"
    kind: str = "deadline"
    window_amount: Decimal = Field(default=Decimal(1), sa_type=Numeric())
    window_unit: str = "minutes"
    clock: str = "elapsed"
    starts_on: Any = optional_json()
    when: Any = optional_json()
    met_by: Any = optional_json()
    on_breach: Any = optional_json()


class DraftEntry(DraftPart, table=True):
    """A row of any other list of the policy. ``parent`` names the list, ``body`` is the row without its key.

    Parts that are not lists (pool, calendar, feedback, name and time zone) are rows of the list ``settings``.
    """

    __tablename__: ClassVar[str] = "draft_entry"
    body: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, nullable=False)


PARTS: tuple[type[DraftPart], ...] = (DraftModel, DraftGroup, DraftRule, DraftSignal, DraftCell, DraftClock, DraftEntry)
