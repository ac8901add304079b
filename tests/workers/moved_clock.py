"""A clock that several processes share and a test moves, so that days pass at once.

It runs at the speed of the machine's clock, ahead by the offset in its file. Only tests use it.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


class MovedClock:
    """The machine's clock, ahead by the microseconds written in a file."""

    def __init__(self, file: str | Path) -> None:
        self._file = Path(file)

    def now(self) -> datetime:
        """The moment it shows."""
        return datetime.now(UTC) + self._ahead()

    def jump_to(self, moment: datetime) -> None:
        """Show this moment from now on; it may not lie in the clock's past."""
        assert moment >= self.now(), f"{moment} is over"
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str((moment - datetime.now(UTC)) // timedelta(microseconds=1)))
        os.replace(fresh, self._file)  # noqa: PTH105 - whoever reads sees the old file or the new one

    def _ahead(self) -> timedelta:
        return timedelta(microseconds=int(self._file.read_text())) if self._file.exists() else timedelta()
