"""The report on a simulation: stages, load of people, clocks, waiting leads; two policies side by side.

Pure, from the lines of `baton simulate` only (R9.1, R9.2). A lead in an open stage without owner waits in the queue of
a role, or otherwise in the public pool.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.core.reports.clocks import clock_figures
from engine.core.reports.fairness import HOW, Asked, How, RosterWeight, Rule, Stood, fairness
from engine.core.reports.tables import CLOCK_STATES, COLUMNS, SIMULATED, STAGES, ColumnKind, Row, Table, ratio, tables

Line = Mapping[str, Any]
DISCIPLINE = ("strikes", "suspensions")
NO_PEOPLE: Mapping[str, RosterWeight] = {}
NO_RULES: Mapping[str, Rule] = {}


@dataclass(slots=True)
class _Seen:
    """The counts over all lines."""

    stages: Counter[str] = field(default_factory=Counter)
    owners: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    queued: int = 0
    pooled: int = 0
    owned: int = 0
    leads: int = 0
    clocks: dict[str, list[tuple[str, float | None]]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[tuple[str | None, How, tuple[str, ...]], Asked] = field(default_factory=dict)
    stood: list[Stood] = field(default_factory=list)
    found_nobody: int = 0


def simulation_tables(
    lines: Iterable[Line], rules: Mapping[str, Rule] = NO_RULES, people: Mapping[str, RosterWeight] = NO_PEOPLE
) -> tuple[Table, ...]:
    """The tables `SIMULATED`; ``rules`` and ``people`` (weights) determine the ideal shares."""
    seen = _Seen()
    for line in lines:
        _take(seen, line, rules)
    return tables(
        SIMULATED,
        {
            "total": [_total(seen)],
            "stages": [{"stage": stage, "leads": n} for stage, n in sorted(seen.stages.items())],
            "owners": [_owner(person, seen.owners[person]) for person in sorted(seen.owners)],
            "clocks": [{"clock": key, **clock_figures(seen.clocks[key])} for key in sorted(seen.clocks)],
            "policies": fairness(seen.stood, people)["policies"],
        },
    )


def side_by_side(tables_of: Sequence[Sequence[Table]]) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """(key, columns, rows) per table; with several policies each figure has one numbered column per policy."""
    for several in zip(*tables_of, strict=True):
        first = several[0]
        name = first.columns[0] if COLUMNS[first.columns[0]] is ColumnKind.TEXT else None
        figures = [column for column in first.columns if any(column in t.telling for t in several) and column != name]
        found = [{row[name] if name else "": row for row in table.rows} for table in several]
        keys = sorted({key for rows in found for key in rows}, key=str)
        places = [f" {number}" for number in range(1, len(several) + 1)] if len(several) > 1 else [""]
        head = [*([name] if name else ()), *(column + place for column in figures for place in places)]
        yield (
            first.key,
            head,
            [
                [*([key] if name else ()), *(rows.get(key, {}).get(column) for column in figures for rows in found)]
                for key in keys
            ],
        )


def _take(seen: _Seen, line: Line, rules: Mapping[str, Rule]) -> None:
    seen.leads += 1
    stage, owner = line["stage"], line["owner"]
    seen.stages[stage] += 1
    is_open = stage in STAGES
    seen.queued += is_open and line.get("queued") is not None
    seen.pooled += is_open and owner is None and line.get("queued") is None
    seen.owned += is_open and owner is not None
    if is_open and owner is not None:
        seen.owners[owner].update(("open", stage))
    for column, role in (("as_sdr", "sdr"), ("as_rep", "rep")):
        if line[role] is not None:
            seen.owners[line[role]][column] += 1
    for clock in line["clocks"]:
        seen.clocks[clock["key"]].append((clock["state"], _took(clock)))
        if clock["owner"] is not None:
            seen.owners[clock["owner"]][clock["state"]] += 1
    for decision in line["decisions"]:
        for strike in decision.get("strikes", ()):
            seen.owners[strike["person"]]["strikes"] += 1
            seen.owners[strike["person"]]["suspensions"] += strike["suspended_until"] is not None
        if decision["candidates"] or "way" in decision:
            _decided(seen, decision, rules)


def _decided(seen: _Seen, decision: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Counts a decision that assigned or tried to; a person named by hand may not be among the candidates."""
    people = tuple(one["person"] for one in decision["candidates"])
    reasons = tuple(one["reason"] for one in decision["candidates"])
    how = HOW[decision.get("way", "turn"), decision["event"] == "lead.dispatched"]
    chosen = (
        people[reasons.index("chosen")] if "chosen" in reasons else decision["owner"] if "way" in decision else None
    )
    policy = decision["policy"]
    key = (policy, how, people)
    if key not in seen.asked:
        seen.asked[key] = Asked(policy, rules.get(policy, Rule()), how, people)
    seen.stood.append((seen.asked[key], reasons, chosen))
    if chosen is None:
        seen.found_nobody += 1
    else:
        seen.owners[chosen]["assigned"] += 1


def _took(clock: Mapping[str, Any]) -> float | None:
    if clock.get("met_at") is None:
        return None
    return (datetime.fromisoformat(clock["met_at"]) - datetime.fromisoformat(clock["started_at"])).total_seconds()


def _total(seen: _Seen) -> Row:
    states = Counter(state for clocks in seen.clocks.values() for state, _ in clocks)
    kept = states["met"] + states["held"]
    return {
        "leads": seen.leads,
        "owned": seen.owned,
        "queued": seen.queued,
        "pooled": seen.pooled,
        "found_nobody": seen.found_nobody,
        "met_rate": ratio(kept, kept + states["breached"] + states["broken"]),
        "breached": states["breached"],
        **{column: sum(counts[column] for counts in seen.owners.values()) for column in DISCIPLINE},
    }


def _owner(person: str, counts: Counter[str]) -> Row:
    kept = counts["met"] + counts["held"]
    wanted = ("assigned", "as_sdr", "as_rep", "open", *STAGES, *CLOCK_STATES, *DISCIPLINE)
    return {
        "person": person,
        **{column: counts[column] for column in wanted},
        "met_rate": ratio(kept, kept + counts["breached"] + counts["broken"]),
    }
