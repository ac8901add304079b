"""The draft policy as rows people edit: models, groups, fit rules, signals, matrix cells, clocks; the rest as JSON.

A part's ``path`` is made of keys (``smb/size/s50``), so that an imported document finds the rows it changes.
``version`` is the draft's revision at which the row changed last: an editor who read another version is told, and
overwrites nothing. ``rest`` holds what has no column. Rows are split and joined by `engine.store.policy.draft_rows` and
written by `engine.store.policy.drafts`.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column, moment_column


def points_column() -> Any:
    """Points or an edge, exact; null where the document says nothing."""
    return Field(default=None, sa_type=Numeric(14, 2), nullable=True)


def optional_json() -> Any:
    """Part of the document as it is written; SQL null where the document says nothing."""
    return Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)


class Draft(SQLModel, table=True):
    """The one draft (id 1). ``authors`` changed something since the version it is based on, ``base``."""

    __tablename__: ClassVar[str] = "draft"
    id: int = Field(default=1, primary_key=True)
    revision: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    rest: dict[str, Any] = Field(sa_column=json_column())
    authors: list[str] = Field(default_factory=list, sa_column=json_column(default="[]"))
    base: int | None = None
    changed_by: str | None = None
    changed_at: datetime | None = Field(default=None, sa_column=moment_column(default=True))


class DraftSignature(SQLModel, table=True):
    """A side's signature under the draft with one digest; any edit gives another digest and so voids it."""

    __tablename__: ClassVar[str] = "draft_signature"
    side: str = Field(primary_key=True)
    digest: str = Field(sa_column=Column(Text, nullable=False))
    signer: str = Field(sa_column=Column(Text, nullable=False))
    signed_at: datetime = Field(sa_column=moment_column())


class DraftCheck(SQLModel, table=True):
    """What the last check of the draft found (id 1), and of what: `engine.store.policy.draft_checks` says when it is
    stale.
    """

    __tablename__: ClassVar[str] = "draft_check"
    id: int = Field(default=1, primary_key=True)
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    seen: int = Field(sa_column=Column(BigInteger, nullable=False))
    software: str = Field(sa_column=Column(Text, nullable=False))
    checked_at: datetime | None = Field(default=None, sa_column=moment_column(default=True))
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class PolicyPlan(SQLModel, table=True):
    """A publication that waits for its moment ``at``; ``state``: scheduled, suspended, activated, cancelled."""

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
    """What every row of the draft has."""

    path: str = Field(primary_key=True)
    parent: str = Field(default="", index=True)
    position: int = 0
    key: str = ""
    version: int = Field(default=0, sa_type=BigInteger)
    changed_by: str | None = None
    rest: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, nullable=False)


class DraftModel(DraftPart, table=True):
    """A scoring model: its edges and bounds."""

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
    """A group of fit rules or of signals (``side``: fit or engagement) and its bounds."""

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
    """A signal; ``event`` is one key or a list, as written."""

    __tablename__: ClassVar[str] = "draft_signal"
    event: Any = optional_json()
    when: Any = optional_json()
    points: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))
    max: Decimal | None = points_column()
    enabled: bool = True
    repeat: Any = optional_json()
    decay: Any = optional_json()


class DraftCell(DraftPart, table=True):
    """A cell of a model's matrix; key ``default`` is for the cells not listed."""

    __tablename__: ClassVar[str] = "draft_cell"
    action: str = "nurture"
    priority: int = 3
    assignment: str | None = None
    sla: Any = optional_json()


class DraftClock(DraftPart, table=True):
    """An SLA clock: its window and what it does."""

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
    """A row of any other list of the policy; ``parent`` names the list, ``body`` is the row without its key.

    The parts that are no lists (pool, calendar, feedback, name and time zone) are rows of the list ``settings``.
    """

    __tablename__: ClassVar[str] = "draft_entry"
    body: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, nullable=False)


PARTS: tuple[type[DraftPart], ...] = (DraftModel, DraftGroup, DraftRule, DraftSignal, DraftCell, DraftClock, DraftEntry)
