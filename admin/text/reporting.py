"""A report as page, API and command line ask for it: its period and its origins read, its tables as JSON or text.

One way for all three. May not count anything: `engine.store.read.reports` does.
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
"""Reports that tell origins apart."""
DEFAULT_ORIGIN = "lead.source"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """A report with what it was asked for."""

    name: str
    question: Question
    tables: tuple[Table, ...]

    def as_json(self) -> dict[str, Any]:
        """The answer of the API and of ``--json``: tables as lists of rows, each column by its name."""
        period = self.question.period
        return {
            "report": self.name,
            "from": period.since.isoformat().replace("+00:00", "Z"),
            "to": period.until.isoformat().replace("+00:00", "Z"),
            **({"by": self.question.by} if self.name in BY_ORIGIN else {}),
            "tables": {table.key: [dict(row) for row in table.rows] for table in self.tables},
        }


def make_report(name: str, asked: Mapping[str, str | None], now: datetime) -> Report:
    """The report; ``asked`` may have ``from``, ``to`` and ``by``. Raises Refused naming what cannot be used."""
    if name not in REPORTS:
        raise ItemRefused("unknown_report", "report", f"is {name!r}: there are {', '.join(REPORTS)}")
    by = asked.get("by") or DEFAULT_ORIGIN
    if name in BY_ORIGIN and by != DEFAULT_ORIGIN:
        _check_origin(by)
    question = Question(_period(asked.get("from"), asked.get("to"), now), by)
    return Report(name, question, read_report(name, question, now))


def zone_of_days() -> ZoneInfo:
    """The zone in which days and months of reports begin: the policy's."""
    return ZoneInfo(active_timezone() or "UTC")


def _period(since: str | None, until: str | None, now: datetime) -> Period:
    """From a day or moment to another; a day given as the end belongs to the period. Default: this month so far."""
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
    """A moment with its zone, or the beginning or end of a day in the policy zone."""
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
    """A value as the terminal shows it: shares in percent, spans in one unit; nothing for what is not known."""
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
    """A span in the largest of s, min, h and d that it fills, with one decimal."""
    unit, length = next((one for one in UNITS if seconds >= one[1]), UNITS[-1])
    return round(seconds / length, 1), unit


UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
