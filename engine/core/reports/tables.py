"""Tables of reports: the list of reports, the kinds of columns, and the figures that several reports use.

Pure: takes rows, returns tables. `REPORTS` lists the tables of a report, `COLUMNS` the kind of each column. The page,
the API, the command line, CSV files, labels and `docs/reports.md` read these two. Spans are in seconds; rates and
shares are fractions of 1. A figure without data is None and never 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.assignment.assignment import CandidateReason

Row = Mapping[str, Any]
"""Column → value."""

SKIPS = tuple(
    reason.value for reason in CandidateReason if reason not in {CandidateReason.ELIGIBLE, CandidateReason.CHOSEN}
)
"""Reasons why a candidate was not eligible (R5.2); each is a column."""
STAGES = ("ready", "mql", "sql", "opportunity")
"""Stages in which an owned lead is open."""
CLOCK_STATES = ("met", "breached", "cancelled", "held", "broken", "running")


class ColumnKind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"
    SECONDS = "seconds"


SPEEDS: dict[str, int] = {
    "within_1m": 60,
    "within_5m": 300,
    "within_30m": 1_800,
    "within_1h": 3_600,
    "within_5h": 18_000,
    "within_1d": 86_400,
}
"""Limits of the first response in seconds (docs/contract/domain.md, "Speed")."""

_CLOCKS = ("started", "met", "met_late", *CLOCK_STATES[1:], "met_rate", "median", "p90")
_SPEED = ("became_ready", "touched", "median", "p90", *SPEEDS)
_ROAD = ("leads", *STAGES, "won")
_RATES = ("ready_rate", "mql_rate", "sql_rate", "opportunity_rate", "won_rate", "total_rate", "median", "p90")
_TURNS = ("offered", "assigned", "share", "ideal_share", "expected", "deviation")

REPORTS: dict[str, dict[str, tuple[str, ...]]] = {
    "fairness": {
        "policies": ("policy", "decisions", "assigned", "nobody", "deviation"),
        "people": ("policy", "person", *_TURNS, "sticky", "manual", "dispatched", "skipped", *SKIPS),
    },
    "sla": {
        "clocks": ("clock", *_CLOCKS),
        "owners": ("clock", "person", *_CLOCKS),
        "discipline": ("person", "accepted", "rejected", "released", "claimed", "lost", "met", "missed", "strikes",
                       "suspensions", "credits"),
    },
    "speed": {"all": _SPEED, "origins": ("origin", *_SPEED)},
    "conversion": {"all": (*_ROAD, *_RATES), "origins": ("origin", *_ROAD, *_RATES)},
    "load": {
        "owners": ("person", "role", "open", *STAGES, "capacity", "used", "assigned", "running"),
        "stages": ("stage", "leads"),
        "waiting": ("where", "leads", "longest"),
    },
}  # fmt: skip
"""Report → table → columns, in order."""

SIMULATED: dict[str, tuple[str, ...]] = {
    "total": ("leads", "owned", "queued", "pooled", "found_nobody", "met_rate", "breached", "strikes", "suspensions"),
    "stages": ("stage", "leads"),
    "owners": (
        "person",
        "assigned",
        "as_sdr",
        "as_rep",
        "open",
        *STAGES,
        "met",
        "breached",
        "met_rate",
        "strikes",
        "suspensions",
    ),
    "clocks": ("clock", *_CLOCKS),
    "policies": REPORTS["fairness"]["policies"],
}
"""Table → columns of the report on a simulation."""

COLUMNS: dict[str, ColumnKind] = {
    **dict.fromkeys(("policy", "person", "clock", "origin", "role", "stage", "where"), ColumnKind.TEXT),
    **dict.fromkeys(("decisions", "assigned", "nobody", "offered", "sticky", "manual", "dispatched"), ColumnKind.COUNT),
    **dict.fromkeys(("skipped", *SKIPS), ColumnKind.COUNT),
    **dict.fromkeys(("started", "met_late", *CLOCK_STATES), ColumnKind.COUNT),
    **dict.fromkeys(("accepted", "rejected", "released", "claimed", "lost", "missed", "strikes"), ColumnKind.COUNT),
    **dict.fromkeys(("suspensions", "credits", "became_ready", "touched", "leads", *STAGES, "won"), ColumnKind.COUNT),
    **dict.fromkeys(
        ("open", "capacity", "owned", "queued", "pooled", "found_nobody", "as_sdr", "as_rep"), ColumnKind.COUNT
    ),
    **dict.fromkeys(("expected", "deviation"), ColumnKind.NUMBER),
    **dict.fromkeys(("share", "ideal_share", "met_rate", "used", *SPEEDS, *_RATES[:-2]), ColumnKind.SHARE),
    **dict.fromkeys(("median", "p90", "longest"), ColumnKind.SECONDS),
}
"""Column → kind of value. A name has the same meaning in every table."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a report."""

    key: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def telling(self) -> tuple[str, ...]:
        """The columns with information: without counts that are all 0 and figures that are all None."""
        return tuple(column for column in self.columns if any(_tells(column, row[column]) for row in self.rows))


def _tells(column: str, value: Any) -> bool:
    kind = COLUMNS[column]
    return kind is ColumnKind.TEXT or (value is not None and (kind is not ColumnKind.COUNT or bool(value)))


@dataclass(frozen=True, slots=True)
class Period:
    """A period; ``since`` is included, ``until`` is not."""

    since: datetime
    until: datetime


def tables(report: Mapping[str, tuple[str, ...]], rows: Mapping[str, Iterable[Row]]) -> tuple[Table, ...]:
    """The tables of a report from rows; a missing value is 0 for counts, otherwise None."""
    empty = {column: 0 if kind is ColumnKind.COUNT else None for column, kind in COLUMNS.items()}
    return tuple(
        Table(key, columns, tuple({column: row.get(column, empty[column]) for column in columns} for row in rows[key]))
        for key, columns in report.items()
    )


def month_so_far(now: datetime, zone: ZoneInfo) -> Period:
    """From the first of the current month in a zone until now; the default period of reports."""
    local = now.astimezone(zone)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(first.astimezone(UTC), now)


def ratio(part: float, whole: float) -> float | None:
    """A share with four decimals; None if ``whole`` is 0."""
    return round(part / whole, 4) if whole else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The percentile of sorted ``values``, with linear interpolation, to the millisecond; None without values."""
    if not values:
        return None
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return round(values[low] + (values[high] - values[low]) * (place - low), 3)


def spread(values: Iterable[float]) -> dict[str, float | None]:
    """Median and 90th percentile."""
    ordered = sorted(values)
    return {"median": percentile(ordered, 0.5), "p90": percentile(ordered, 0.9)}
