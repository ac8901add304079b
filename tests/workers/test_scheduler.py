"""Clocks fire once each, also if the scheduler is killed; queued leads are tried again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from rq import Worker

from engine.store.inbox.inbox import Intake
from engine.store.session import raw, transaction
from tests.factories import CTO, column, hire, policy_document, rows
from tests.present import decide_all, event, now, put_in_force, take_in
from tests.workers.processes import SCHEDULER, WORKER, await_that, running
from workers import queues

TEAM = ("li@example.com", "wang@example.com", "zhao@example.com")


def first_touch(**window: float) -> dict[str, Any]:
    """A policy that takes a ready lead away from whoever does not touch it in time."""
    rule = {
        "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
        "window": window, "on_breach": [{"do": "reassign"}],
    }  # fmt: skip
    return policy_document(sla=[rule])


@pytest.fixture
def deciding_processes(database: str, redis_url: str) -> Iterator[None]:
    """A scheduler and a worker at work, under a policy that gives two seconds for the first touch."""
    put_in_force(first_touch(seconds=2))
    hire(*TEAM)
    queues.init_queue(redis_url)
    with running(SCHEDULER, database, redis_url), running(WORKER, database, redis_url):
        await_that(lambda: queues.client().exists(queues.LANES_KEY))
        await_that(lambda: Worker.count(connection=queues.client()))
        yield


def arrive() -> str:
    """A lead comes and gets its owner, who is returned."""
    send(event(external_id="c1", traits=CTO))
    await_that(lambda: column("SELECT owner FROM lead")[0])
    return owner()


def send(*events: Intake) -> None:
    """Accept events now, and wake their lanes."""
    queues.wake(take_in(*events).lead_ids)


def owner() -> str:
    """Who has the lead now."""
    return str(column("SELECT owner FROM lead")[0])


def test_an_untouched_lead_changes_its_owner_within_five_seconds(deciding_processes: None) -> None:
    first = arrive()
    assert await_that(lambda: owner() != first) < 5
    ((body, before),) = rows(
        "SELECT d.body, owner_before FROM decision d JOIN event e ON e.id = d.event_id WHERE e.type = 'sla.breached' "
        "ORDER BY d.id LIMIT 1"
    )
    assert before == first
    reasons = {one["person"]: one["reason"] for one in body["assignment"]["candidates"]}
    assert set(reasons) == set(TEAM)
    assert reasons[first] == "previous"
    assert sorted(reasons.values()) == ["chosen", "eligible", "previous"]


def test_a_lead_touched_in_time_stays_and_no_breach_follows(deciding_processes: None) -> None:
    first = arrive()
    touched = now()
    send(event("lead.touched", external_id="c1", actor=first, at=touched))
    await_that(lambda: column("SELECT state FROM clock") == ["met"])
    await_that(lambda: now() > touched + timedelta(seconds=3))
    assert owner() == first
    assert column("SELECT count(*) FROM event WHERE type = 'sla.breached'") == [0]


def test_a_killed_scheduler_misses_nothing_and_fires_nothing_twice(database: str, redis_url: str) -> None:
    put_in_force(first_touch(seconds=1))
    hire(*TEAM)
    start = now()
    take_in(*(event(external_id=f"c{number}") for number in range(40)))
    decide_all()
    with running(WORKER, database, redis_url):
        with running(SCHEDULER, database, redis_url) as scheduler:
            await_that(lambda: column("SELECT count(*) FROM clock WHERE fired_at IS NOT NULL")[0] > 0)
            scheduler.kill()
        await_that(lambda: now() > start + timedelta(seconds=4))
        with running(SCHEDULER, database, redis_url), running(SCHEDULER, database, redis_url):
            await_that(lambda: column("SELECT count(DISTINCT lead_id) FROM clock WHERE state = 'breached'") == [40])
    fired = column("SELECT count(*) FROM clock WHERE fired_at IS NOT NULL")
    assert column("SELECT count(*) FROM event WHERE type = 'sla.breached'") == fired
    assert column("SELECT lead_id FROM clock WHERE state = 'running' GROUP BY lead_id HAVING count(*) > 1") == []


def test_whoever_returns_serves_the_best_and_oldest_first_with_two_lanes_at_work(database: str, redis_url: str) -> None:
    put_in_force()
    hire(TEAM[0], capacity=3, caps={"day": 0})
    for n in range(8):
        take_in(event(external_id=f"c{n}", traits=CTO if n in {4, 7} else {}))
    decide_all()
    queues.init_queue(redis_url)
    with (
        running(SCHEDULER, database, redis_url),
        running(WORKER, database, redis_url, "one"),
        running(WORKER, database, redis_url, "two"),
    ):
        await_that(lambda: Worker.count(connection=queues.client()) == 2)
        await_that(lambda: queues.lane_count() == 2)
        with transaction() as connection:
            raw(connection).execute("UPDATE person SET details = '{}'")
        took = await_that(lambda: column("SELECT count(*) FROM lead WHERE owner IS NOT NULL") == [3])
    served = column("SELECT i.value FROM assignment JOIN identity AS i USING (lead_id) ORDER BY assignment.id")
    assert served[0] == "c4"
    assert sorted(served) == ["c0", "c4", "c7"]
    assert column("SELECT count(*) FROM event WHERE type = 'queue.assigned'") == [3], "nobody asks in vain"
    assert took < 6
