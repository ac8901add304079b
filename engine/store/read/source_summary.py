"""Counts and delays of all events of one source, in one snapshot. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from engine.store.session import transaction


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """Events of a source and their leads. Lags are seconds from acceptance to decision."""

    events: int
    decided: int
    waiting: int
    set_aside: int
    leads: int
    stages: Mapping[str, int]
    owners: Mapping[str, int]
    lag_median: float
    lag_p95: float


def source_summary(source: str) -> SourceSummary:
    """The summary of a source at this moment."""
    with transaction() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        events = connection.execute(text(_EVENTS), {"source": source}).one()
        stages, owners = _counts(connection, "stage", source), _counts(connection, "owner", source)
        lags = connection.execute(text(_LAGS), {"source": source}).one()
    return SourceSummary(
        events=events.total,
        decided=events.total - events.waiting - events.set_aside,
        waiting=events.waiting,
        set_aside=events.set_aside,
        leads=sum(stages.values()),
        stages=stages,
        owners=owners,
        lag_median=float(lags.median or 0),
        lag_p95=float(lags.p95 or 0),
    )


def _counts(connection: Connection, column: str, source: str) -> dict[str, int]:
    rows: Any = connection.execute(text(_LEADS.format(column=column)), {"source": source})
    return {name or "": number for name, number in rows}


_EVENTS = """
SELECT count(*) AS total, count(i.event_id) FILTER (WHERE i.set_aside_at IS NULL) AS waiting,
       count(*) FILTER (WHERE i.set_aside_at IS NOT NULL) AS set_aside
FROM event e LEFT JOIN inbox i ON i.event_id = e.id WHERE e.source = :source
"""
_LEADS = """
SELECT {column}, count(*) FROM lead WHERE merged_into IS NULL
AND id IN (SELECT lead_id FROM event WHERE source = :source) GROUP BY {column} ORDER BY count(*) DESC, {column}
"""
_LAGS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY s) AS p95
FROM (SELECT extract(epoch FROM d.decided_at - e.received_at) AS s
      FROM decision d JOIN event e ON e.id = d.event_id WHERE e.source = :source) AS lags
"""
