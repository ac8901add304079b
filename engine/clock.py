"""The clock. Only processes at the edge read it; decisions take ``now`` as an argument."""

from datetime import UTC, datetime
from typing import Protocol


class WallClock(Protocol):
    """Gives the current moment as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current moment, UTC, microseconds."""
        return datetime.now(UTC)
