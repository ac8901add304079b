"""Looking through the public pool and the queue: order, pages, filters; what is not in the pool is not shown."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.store.orm import unit_of_work
from engine.store.read.pool_list import LOOKED_AT, PoolFilter, count_pool, read_desk, read_pool
from engine.store.read.queue_list import count_queue, read_queue
from engine.store.schema.decision_tables import Decision
from engine.store.schema.lead_tables import Lead
from engine.store.session import transaction
from tests import factories
from tests.engine.core.decided_leads import rules
from tests.engine.core.scored_leads import NOW


def put(number: int, stage: str, grade: str | None, points: int | None, **more: Any) -> None:
    with unit_of_work() as session:
        engagement = None if points is None else Decimal(points)
        session.add(Lead(id=number, stage=stage, grade=grade, engagement=engagement, **more))


def said(region: str) -> dict[str, Any]:
    return {"lead.region": [[region, "2026-11-21T00:00:00Z", "web", "e"], None]}


@pytest.fixture
def _leads(database: str) -> None:
    put(1, "raw", None, None)
    put(2, "nurture", "A", 10, claims=said("华东"))
    put(3, "nurture", "A", 30, claims=said(" 华南 "))
    put(4, "nurture", "B", 90)
    put(5, "ready", "D", 0, pool_since=NOW, state={"pool_reason": "reclaimed"})
    put(6, "mql", "A", 50, pool_since=NOW - timedelta(days=1), state={"pool_reason": "released"})
    put(7, "mql", "A", 50, pool_since=NOW, state={"pool_reason": "reclaimed"})
    put(8, "mql", "A", 50)
    put(9, "nurture", "A", 99, owner="li@example.com")
    put(10, "nurture", "A", 99, merged_into=2)
    put(11, "sql", "A", 99)


def ids(wanted: PoolFilter, limit: int = 50) -> list[int]:
    """The whole list, read in pages."""
    found: list[int] = []
    after = None
    while page := read_pool(wanted, after=after, limit=limit):
        found += [lead.row["id"] for lead in page]
        after = page[-1].place
    return found


@pytest.mark.usefixtures("_leads")
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_the_pool_shows_nobodys_leads_the_best_first_in_pages_of_any_size(limit: int) -> None:
    assert ids(PoolFilter(), limit) == [6, 7, 5, 3, 2, 4, 1]
    assert ids(PoolFilter(stages=["nurture", "raw"]), limit) == [3, 2, 4, 1]
    assert ids(PoolFilter(grade="A"), limit) == [6, 7, 3, 2]
    assert ids(PoolFilter(region="华南"), limit) == [3]
    assert ids(PoolFilter(why="reclaimed"), limit) == [7, 5]
    assert ids(PoolFilter(why="reclaimed", grade="D", stages=["ready"]), limit) == [5]
    assert ids(PoolFilter(why="never"), limit) == []
    assert count_pool() == 7


@pytest.mark.usefixtures("_leads")
def test_a_lead_of_the_pool_comes_with_its_state_and_region() -> None:
    first, *_, last = read_pool(PoolFilter(), after=None, limit=10)
    assert (first.state.pool_reason, first.state.pool_since, last.region) == ("released", NOW - timedelta(days=1), None)
    assert read_pool(PoolFilter(region="华东"), after=None, limit=1)[0].region == "华东"


@pytest.mark.usefixtures("_leads")
def test_every_page_but_the_filtered_ones_is_read_from_the_index_of_the_best() -> None:
    query = (
        "EXPLAIN SELECT id FROM lead WHERE owner IS NULL AND merged_into IS NULL AND (pool_since IS NOT NULL OR stage "
        "IN ('raw', 'nurture')) AND stage = 'raw' AND (coalesce(grade, 'E'), (- coalesce(engagement, 0)), id) > "
        "('A', -10, 5) ORDER BY coalesce(grade, 'E'), (- coalesce(engagement, 0)), id LIMIT 50"
    )
    with transaction() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(query))
    assert "lead_pool_best" in plan
    assert "Sort" not in plan
    assert LOOKED_AT < 100_000


def test_somebody_stands_with_the_pool_by_their_claims_of_the_day_and_the_leads_they_hold(database: str) -> None:
    factories.hire("li@example.com")
    put(1, "ready", "A", 1, owner="li@example.com")
    put(2, "won", "A", 1, owner="li@example.com")
    people = read_desk("li@example.com", rules(), NOW)
    standing = people.standings["li@example.com"]
    assert (standing.claimed_today, standing.holding, standing.suspended) == (0, 1, False)
    assert people.roles == {"li@example.com": "sdr"}


def test_the_queue_shows_what_is_drained_first_and_why_nobody_was_found(database: str) -> None:
    waits: dict[str, Any] = {"queued_role": "sdr", "queued_at": NOW}
    put(1, "ready", "B", 1, queue_priority=2, **waits)
    put(2, "ready", "A", 1, queue_priority=2, **waits)
    put(3, "mql", "D", 1, queue_priority=1, queued_role="sales", queued_at=NOW, state={"conflict": "chen@example.com"})
    asked = {"role": "sales", "candidates": [{"person": "wang@example.com", "reason": "absent"}]}
    with unit_of_work() as session:
        for event, body in ((1, {"assignment": asked}), (2, {})):
            session.add(Decision(event_id=event, lead_id=3, decided_at=NOW, policy_number=1, body=body))
    assert [lead.row["id"] for lead in read_queue(None, skip=0, limit=9)] == [3, 2, 1]
    assert [lead.row["id"] for lead in read_queue("sdr", skip=1, limit=9)] == [1]
    (first,) = read_queue("sales", skip=0, limit=1)
    assert (first.assignment, first.conflict) == (asked, "chen@example.com")
    assert read_queue("sdr", skip=0, limit=1)[0].conflict is None
    assert count_queue() == {"sdr": 2, "sales": 1}
