"""Kinds of columns that several tables have: moments, JSON that is never null, points.

No table is defined here.
"""

from typing import Any

from sqlalchemy import Column, DateTime, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB

NOW = text("now()")


def moment_column(*, nullable: bool = False, default: bool = False, index: bool = False) -> Column[Any]:
    """A column of moments with time zone."""
    return Column(DateTime(timezone=True), nullable=nullable, server_default=NOW if default else None, index=index)


def json_column(*, default: str = "{}") -> Column[Any]:
    """A JSON column that is never null."""
    return Column(JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))


def score_column() -> Column[Any]:
    """A column of points with two decimals."""
    # Exact decimals: scores are compared with limits, which a float would miss by rounding.
    return Column(Numeric(14, 2), nullable=True)
