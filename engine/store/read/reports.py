"""The data of reports: decisions, clocks, track records and leads of a period, in one snapshot. Reads only.

PostgreSQL does the counting where it can. The results are the tables of `engine.core.reports.tables`.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from engine.core.reports.clocks import clock_row, discipline
from engine.core.reports.fairness import HOW, Asked, RosterWeight, Rule, Stood, fairness
from engine.core.reports.tables import REPORTS, STAGES, Period, Row, Table, ratio, tables
from engine.store.read.report_origins import read_conversion, read_speed
from engine.store.session import Driver, raw, transaction

OPEN = list(STAGES)
FETCHED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Question:
    """The parameters of a report: the period, and the field whose values are origins."""

    period: Period
    by: str = "lead.source"


def read_report(name: str, question: Question, now: datetime) -> tuple[Table, ...]:
    """The tables of one of `REPORTS`."""
    with snapshot() as driver:
        return tables(REPORTS[name], READERS[name](driver, question, now))


@contextmanager
def snapshot() -> Iterator[Driver]:
    """A read-only view of the whole database."""
    with transaction() as connection:
        driver = raw(connection)
        driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield driver


# ------------------------------------------------------------------------------------------------------- fairness
def _fairness(driver: Driver, question: Question, now: datetime) -> Mapping[str, list[Row]]:  # noqa: ARG001 - one signature
    staff = driver.execute(_WEIGHTS)
    people = {email: RosterWeight(weight, department or "") for email, weight, department in staff}
    rules = _rules(driver)
    return fairness(_stood(driver, question.period, rules), people)


def _rules(driver: Driver) -> Mapping[int, Mapping[str, Rule]]:
    """The assignment policies of each version."""
    rows = driver.execute("SELECT number, document->'assignment' FROM policy_version")
    return {
        number: {
            one["key"]: Rule(one.get("strategy", "round_robin"), one.get("balance_by") == "department")
            for one in assignment or ()
        }
        for number, assignment in rows
    }


def _stood(driver: Driver, period: Period, rules: Mapping[int, Mapping[str, Rule]]) -> Iterator[Stood]:
    """The decisions of a period that looked for a person. Equal texts are parsed once."""
    asked: dict[tuple[Any, ...], Asked] = {}
    with driver.cursor("choices") as cursor:
        cursor.itersize = FETCHED_AT_ONCE
        span = {"since": period.since, "until": period.until}
        for number, policy, way, dispatched, people, reasons, chosen in cursor.execute(_CHOICES, span):
            key = (number, policy, way, dispatched, people)
            if key not in asked:
                rule = rules.get(number, {}).get(policy or "", Rule())
                asked[key] = Asked(policy, rule, HOW[way, dispatched], tuple(json.loads(people)))
            # Interned: many decisions repeat few reasons.
            yield asked[key], tuple(map(sys.intern, json.loads(reasons))), chosen


_WEIGHTS = """
SELECT p.email, p.weight, coalesce(p.department, t.department) FROM person p LEFT JOIN team t ON t.key = p.team
"""
_CHOICES = """
SELECT policy_number, nullif(body->'assignment'->>'policy', ''), coalesce(body->'assignment'->>'way', 'turn'),
       body->'event'->>'type' = 'lead.dispatched',
       jsonb_path_query_array(body, '$.assignment.candidates[*].person')::text,
       jsonb_path_query_array(body, '$.assignment.candidates[*].reason')::text, body->'assignment'->>'chosen'
FROM decision
WHERE decided_at >= %(since)s AND decided_at < %(until)s AND body ? 'assignment'
  AND (body->'assignment'->>'policy' IS NOT NULL OR body->'assignment'->>'chosen' IS NOT NULL)
UNION ALL
SELECT policy_number, tried->>'policy', 'turn', false, jsonb_path_query_array(tried, '$.candidates[*].person')::text,
       jsonb_path_query_array(tried, '$.candidates[*].reason')::text, NULL
FROM decision, jsonb_array_elements(body->'assignment'->'tried') AS tried
WHERE decided_at >= %(since)s AND decided_at < %(until)s AND body ? 'assignment' AND body->'assignment' ? 'tried'
"""
"""All choices, and all policies tried before them that found no person."""


# --------------------------------------------------------------------------------------------------- clocks, people
def _sla(driver: Driver, question: Question, now: datetime) -> Mapping[str, list[Row]]:  # noqa: ARG001 - one signature
    span = [question.period.since, question.period.until]
    with driver.cursor(row_factory=dict_row) as cursor:
        figures = cursor.execute(_CLOCKS, span).fetchall()
    records = list(driver.execute(_RECORDS, span))
    strikes = dict(driver.execute("SELECT person, max(count) FROM strike WHERE count > 0 GROUP BY person"))
    suspended = dict(driver.execute(_SUSPENDED, span))
    return {
        "clocks": [clock_row(row) for row in figures if row["whole"]],
        "owners": [clock_row(row) for row in figures if not row["whole"] and row["person"] is not None],
        "discipline": discipline(records, strikes, suspended),
    }


_CLOCKS = """
SELECT key AS clock, owner AS person, grouping(owner) = 1 AS whole, count(*) AS started,
       count(*) FILTER (WHERE state = 'met') AS met,
       count(*) FILTER (WHERE state <> 'met' AND met_at IS NOT NULL) AS met_late,
       count(*) FILTER (WHERE state = 'breached') AS breached,
       count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE state = 'held') AS held,
       count(*) FILTER (WHERE state = 'broken') AS broken,
       count(*) FILTER (WHERE state = 'running') AS running,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM met_at - started_at))::numeric, 3)::float
         AS median,
       round(percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM met_at - started_at))::numeric, 3)::float
         AS p90
FROM clock WHERE started_at >= %s AND started_at < %s
GROUP BY GROUPING SETS ((key), (key, owner)) ORDER BY key, owner
"""
_RECORDS = "SELECT person, kind, count(*) FROM track_record WHERE at >= %s AND at < %s GROUP BY person, kind"
_SUSPENDED = "SELECT person, count(*) FROM suspension WHERE from_at >= %s AND from_at < %s GROUP BY person"


# ------------------------------------------------------------------------------------------------------------ load
def _load(driver: Driver, question: Question, now: datetime) -> Mapping[str, list[Row]]:
    given = dict(driver.execute(_GIVEN, [question.period.since, question.period.until]))
    running = dict(driver.execute("SELECT owner, count(*) FROM clock WHERE state = 'running' GROUP BY owner"))
    held: dict[str, dict[str, int]] = defaultdict(dict)
    for owner, stage, leads in driver.execute(_HELD, [OPEN]):
        held[owner][stage] = leads
    people = {email: (role, most) for email, role, most in driver.execute(_STAFF)}
    everybody = sorted({*given, *held, *people})
    return {
        "owners": [
            {
                **_carried(email, held[email], people.get(email)),
                "assigned": given.get(email, 0),
                "running": running.get(email, 0),
            }
            for email in everybody
        ],
        "stages": [{"stage": stage, "leads": leads} for stage, leads in driver.execute(_STAGES)],
        "waiting": [
            {"where": where, "leads": leads, "longest": max(0.0, (now - since).total_seconds()) if since else None}
            for where, leads, since in driver.execute(_WAITING, [OPEN])
        ],
    }


def _carried(email: str, held: Mapping[str, int], person: tuple[str, int | None] | None) -> Row:
    """The open leads of a person, and their share of the capacity."""
    role, capacity = person or (None, None)
    carried = sum(held.values())
    used = ratio(carried, capacity) if capacity is not None else None
    return {"person": email, "role": role, **held, "open": carried, "capacity": capacity, "used": used}


_GIVEN = "SELECT person, count(*) FROM assignment WHERE at >= %s AND at < %s GROUP BY person"
_STAFF = "SELECT email, role, capacity FROM person WHERE active AND role <> 'manager'"
_HELD = """
SELECT owner, stage, count(*) FROM lead WHERE owner IS NOT NULL AND merged_into IS NULL AND stage = ANY(%s)
GROUP BY 1, 2
"""
_STAGES = """
SELECT stage, count(*) FROM lead WHERE merged_into IS NULL AND stage IS NOT NULL GROUP BY stage ORDER BY stage
"""
_WAITING = """
SELECT coalesce(queued_role, 'pool'), count(*), min(coalesce(queued_at, pool_since)) FROM lead
WHERE owner IS NULL AND merged_into IS NULL
  AND (queued_role IS NOT NULL OR (pool_since IS NOT NULL AND stage = ANY(%s)))
GROUP BY 1 ORDER BY 1
"""

READERS: Mapping[str, Callable[[Driver, Question, datetime], Mapping[str, list[Row]]]] = {
    "fairness": _fairness,
    "sla": _sla,
    "speed": lambda driver, question, _now: read_speed(driver, question.period, question.by),
    "conversion": lambda driver, question, _now: read_conversion(driver, question.period, question.by),
    "load": _load,
}
"""Report → the function that reads its rows, for each of `REPORTS`."""
