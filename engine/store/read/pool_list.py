"""The public pool for browsing: the best leads first, in pages, and a person's standing with the pool.

Reads only. The cost of a page does not depend on the size of the pool: it continues after a place in the index
`lead_pool_best`. Filters without an index (region, reason) search only the best or the latest `LOOKED_AT` leads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import dict_row

from engine.core.lead.people import People
from engine.core.lead.state import LeadState, load_state
from engine.store.decisions.people import read_people, read_standings
from engine.store.roster.schedules import read_schedules
from engine.store.session import Driver, raw, transaction
from rulesets.policy.policy import Policy

BEST_FIRST = ("mql", "ready", "nurture", "raw")
"""Stages of leads in the pool, the furthest first."""
UNGRADED = "E"
LOOKED_AT = 20_000
"""Most leads that an unindexed filter searches."""
COUNTED = 1_000
"""Counting stops after this many leads."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the list: the sort key of a lead. ``merit`` is the negative engagement."""

    stage: str
    grade: str
    merit: Decimal
    lead: int


@dataclass(frozen=True, slots=True)
class PoolFilter:
    """A filter of the pool; None means any. ``why`` is the reason a lead is in the pool."""

    stages: Sequence[str] = BEST_FIRST
    grade: str | None = None
    region: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class PoolLead:
    """A lead of the pool: its row, its state, and its region as it was sent."""

    row: Mapping[str, Any]
    state: LeadState
    region: str | None

    @property
    def place(self) -> Place:
        """Its position in the list."""
        row = self.row
        return Place(row["stage"], row["grade"] or UNGRADED, -(row["engagement"] or Decimal(0)), row["id"])


def read_pool(wanted: PoolFilter, *, after: Place | None, limit: int) -> list[PoolLead]:
    """Up to ``limit`` leads of the pool after a place, the best first."""
    with transaction() as connection:
        driver = raw(connection)
        if wanted.why is not None:
            return _page(driver, _RECENT, wanted, _values(wanted, after, limit, list(wanted.stages)))
        found: list[PoolLead] = []
        # One query per stage: the index is sorted within a stage only.
        for stage in _stages_left(wanted.stages, after):
            here = after if after is not None and after.stage == stage else None
            one = replace(wanted, stages=[stage])
            query = _BEST if wanted.region is None else _BEST_OF_REGION
            found += _page(driver, query, one, _values(one, here, limit - len(found), [stage]))
            if len(found) == limit:
                break
        return found


def count_pool() -> int:
    """The number of leads in the pool. Counting stops at `COUNTED` + 1."""
    with transaction() as connection:
        query = f"SELECT count(*) FROM (SELECT FROM lead WHERE {_IN_POOL} LIMIT %s) AS first"  # noqa: S608 - our texts
        row = raw(connection).execute(query, [COUNTED + 1]).fetchone()
        return int(row[0]) if row else 0


def read_desk(person: str, policy: Policy, now: datetime) -> People:
    """The roster with the standing of one person, for the actions offered to them. Takes no locks."""
    with transaction() as connection:
        driver = raw(connection)
        schedules = read_schedules(driver, policy)
        people = read_people(driver, (), schedules, now)
        return replace(people, standings=read_standings(driver, [person], schedules, now))


def _stages_left(stages: Sequence[str], after: Place | None) -> list[str]:
    """The stages from this place on, in order."""
    wanted = [stage for stage in BEST_FIRST if stage in stages]
    return wanted[wanted.index(after.stage) :] if after is not None and after.stage in wanted else wanted


def _values(wanted: PoolFilter, after: Place | None, limit: int, stages: list[str]) -> dict[str, Any]:
    place = after or Place("", "", Decimal(0), 0)
    return {
        "stages": stages, "stage": stages[0], "grade": wanted.grade, "region": wanted.region, "why": wanted.why,
        "on": after is not None, "from_stage": BEST_FIRST.index(place.stage) + 1 if place.stage in BEST_FIRST else 0,
        "from_grade": place.grade, "from_merit": place.merit, "from_lead": place.lead,
        "order": list(BEST_FIRST), "most": LOOKED_AT, "limit": limit,
    }  # fmt: skip


def _page(driver: Driver, query: str, wanted: PoolFilter, values: Mapping[str, Any]) -> list[PoolLead]:
    parts = {
        "of_grade": "AND coalesce(grade, 'E') = %(grade)s" if wanted.grade else "",
        "on": f"AND {_ORDER} > (%(from_grade)s, %(from_merit)s, %(from_lead)s)" if values["on"] else "",
        "of_region": f"AND lower(trim({_REGION})) = lower(trim(%(region)s))" if wanted.region else "",
    }
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query.format(**parts).encode(), values).fetchall()
    return [PoolLead(row, load_state(row, row["state"]), row["region"]) for row in rows]


_IN_POOL = "owner IS NULL AND merged_into IS NULL AND (pool_since IS NOT NULL OR stage IN ('raw', 'nurture'))"
_ORDER = "(coalesce(grade, 'E'), (- coalesce(engagement, 0)), id)"
_SORT = "coalesce(grade, 'E'), (- coalesce(engagement, 0)), id"
_REGION = "coalesce(claims #>> ARRAY['lead.region', '0', '0'], claims #>> ARRAY['lead.region', '1', '0'])"
_COLUMNS = (
    "id, stage, owner, sdr, rep, grade, heat, cell, fit, engagement, pool_since, queued_role, queued_at, "
    f"queue_priority, state, last_event_at, {_REGION} AS region"
)
_BEST = f"""
SELECT {_COLUMNS} FROM lead WHERE {_IN_POOL} AND stage = %(stage)s {{of_grade}} {{on}}
ORDER BY {_SORT} LIMIT %(limit)s
"""  # noqa: S608 - our texts
_BEST_OF_REGION = f"""
SELECT {_COLUMNS} FROM lead WHERE id IN (
  SELECT id FROM lead WHERE {_IN_POOL} AND stage = %(stage)s {{of_grade}} ORDER BY {_SORT} LIMIT %(most)s
) {{of_region}} {{on}} ORDER BY {_SORT} LIMIT %(limit)s
"""  # noqa: S608 - our texts
_RECENT = f"""
SELECT {_COLUMNS} FROM (
  SELECT *, array_position(%(order)s::text[], stage) AS rank FROM lead
  WHERE owner IS NULL AND merged_into IS NULL AND pool_since IS NOT NULL
  ORDER BY pool_since DESC, id DESC LIMIT %(most)s
) AS latest
WHERE stage = ANY(%(stages)s) AND state->>'pool_reason' = %(why)s {{of_grade}} {{of_region}}
  AND (NOT %(on)s OR (rank, {_SORT}) > (%(from_stage)s, %(from_grade)s, %(from_merit)s, %(from_lead)s))
ORDER BY rank, {_SORT} LIMIT %(limit)s
"""  # noqa: S608 - our texts
