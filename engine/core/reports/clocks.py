"""The report on clocks, by key and by owner, and on strikes and suspensions (R6.1–R6.9).

Pure. ``met_rate`` is (met + held) ÷ (met + held + breached + broken). The time to meet is from the start to the event
that met the clock, in time or late, in elapsed seconds, also for business clocks.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.core.reports.tables import CLOCK_STATES, Row, ratio, spread


def clock_row(figures: Mapping[str, Any]) -> Row:
    """A row of clocks: the counts in ``figures``, and ``met_rate``."""
    kept = figures["met"] + figures["held"]
    return {**figures, "met_rate": ratio(kept, kept + figures["breached"] + figures["broken"])}


def clock_figures(clocks: Iterable[tuple[str, float | None]]) -> Row:
    """A row of clocks from (state, seconds until it was met; None if it was not)."""
    every = list(clocks)
    states = [state for state, _ in every]
    took = [seconds for _, seconds in every if seconds is not None]
    return clock_row(
        {
            "started": len(every),
            **{state: states.count(state) for state in CLOCK_STATES},
            "met_late": sum(1 for state, seconds in every if state != "met" and seconds is not None),
            **spread(took),
        }
    )


def discipline(
    records: Iterable[tuple[str, str, int]], strikes: Mapping[str, int], suspended: Mapping[str, int]
) -> list[Row]:
    """A row per person from (person, kind of track record, count), current misses in a row, and suspensions."""
    rows: dict[str, dict[str, Any]] = {}
    for person, kind, times in records:
        rows.setdefault(person, {})["credits" if kind == "credit" else kind] = times
    for column, counts in (("strikes", strikes), ("suspensions", suspended)):
        for person, times in counts.items():
            rows.setdefault(person, {})[column] = times
    return [{"person": person, **rows[person]} for person in sorted(rows)]
