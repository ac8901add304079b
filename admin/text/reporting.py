"""Reports for page, API and command line: reads period and origin, returns tables as JSON or text.

`engine.store.read.reports` counts. May not count anything itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from admin.intake.envelope import ItemRefused, parse_moment
from engine.core.reports.tables import REPORTS, ColumnKind, Period, Table, month_so_far
from engine.store.read.overview import active_timezone
from engine.store.read.report_origins import origin_fields
from engine.store.read.reports import Question, read_report

BY_ORIGIN = frozenset({"speed", "conversion"})
"""Reports with rows per origin."""
DEFAULT_ORIGIN = "lead.source"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """A report and its question."""

    name: str
    question: Question
    tables: tuple[Table, ...]

    def as_json(self) -> dict[str, Any]:
        """The answer of the API and of ``--json``: each table is a list of rows."""
        period = self.question.period
        return {
            "report": self.name,
            "from": period.since.isoformat().replace("+00:00", "Z"),
            "to": period.until.isoformat().replace("+00:00", "Z"),
            **({"by": self.question.by} if self.name in BY_ORIGIN else {}),
            "tables": {table.key: [dict(row) for row in table.rows] for table in self.tables},
        }


def make_report(name: str, asked: Mapping[str, str | None], now: datetime) -> Report:
    """The report. ``asked`` may have ``from``, ``to`` and ``by``. Raises ItemRefused for one that cannot be used."""
    if name not in REPORTS:
        raise ItemRefused("unknown_report", "report", f"is {name!r}: there are {', '.join(REPORTS)}")
    by = asked.get("by") or DEFAULT_ORIGIN
    if name in BY_ORIGIN and by != DEFAULT_ORIGIN:
        _check_origin(by)
    question = Question(_period(asked.get("from"), asked.get("to"), now), by)
    return Report(name, question, read_report(name, question, now))


def zone_of_days() -> ZoneInfo:
    """The zone of days and months in reports: the policy's."""
    return ZoneInfo(active_timezone() or "UTC")


def _period(since: str | None, until: str | None, now: datetime) -> Period:
    """The period. A day as its end belongs to it. Default: this month so far."""
    zone = zone_of_days()
    default = month_so_far(now, zone)
    period = Period(
        _edge("from", since, zone, end=False) if since else default.since,
        _edge("to", until, zone, end=True) if until else default.until,
    )
    if period.since >= period.until:
        raise ItemRefused("empty_period", "to", "must be later than `from`; the default is this month so far")
    return period


def _edge(name: str, text: str, zone: ZoneInfo, *, end: bool) -> datetime:
    """A moment with its zone, or the start or end of a day in the policy zone."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_moment(text, name)
    if not date.min < day < date.max:
        raise ItemRefused("out_of_range", name, f"is {text}, which no calendar here reaches")
    return datetime.combine(day + DAY if end else day, time(), zone).astimezone(UTC)


def _check_origin(by: str) -> None:
    fields = origin_fields()
    if by in fields:
        return
    near = get_close_matches(by, fields, n=1, cutoff=0.8)
    hint = f"did you mean {near[0]}?" if near else "name a field of the policy that is no personal data"
    raise ItemRefused("unknown_field", "by", f"is {by!r}, by whose values no report can be made: {hint}")


def plain(kind: ColumnKind, value: Any) -> str:
    """A value for the terminal: shares in percent, spans in one unit, unknown ones empty."""
    if value is None:
        return ""
    match kind:
        case ColumnKind.SHARE:
            return f"{value * 100:.1f} %"
        case ColumnKind.SECONDS:
            amount, unit = in_one_unit(value)
            return f"{amount:g} {unit}"
        case _:
            return str(value)


def in_one_unit(seconds: float) -> tuple[float, str]:
    """A span in its largest full unit of s, min, h and d, with one decimal."""
    unit, length = next((one for one in UNITS if seconds >= one[1]), UNITS[-1])
    return round(seconds / length, 1), unit


UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
