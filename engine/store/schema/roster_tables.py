"""Tables of the roster: people, teams, working calendars."""

from typing import Any, ClassVar

from sqlmodel import Field, SQLModel

from engine.store.schema.columns import json_column


class Person(SQLModel, table=True):
    """A person who may own leads (R8.1–R8.3)."""

    __tablename__: ClassVar[str] = "person"
    email: str = Field(primary_key=True)
    name: str = ""
    role: str = "sdr"
    team: str | None = None
    department: str | None = None
    manager: str | None = None
    tier: int = 3
    weight: int = 1
    capacity: int | None = None
    active: bool = True
    calendar: str | None = None
    details: dict[str, Any] = Field(sa_column=json_column())


class Team(SQLModel, table=True):
    """A team, its head and its department."""

    __tablename__: ClassVar[str] = "team"
    key: str = Field(primary_key=True)
    label: str = ""
    head: str | None = None
    department: str | None = None


class CalendarRow(SQLModel, table=True):
    """A working calendar of the roster, as in the document."""

    __tablename__: ClassVar[str] = "calendar"
    key: str = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_column=json_column())
