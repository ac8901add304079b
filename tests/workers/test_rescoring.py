"""Workers and scheduler are killed during rescoring: in the end each lead is rescored once (R3.6)."""

import pytest

from engine.store.due.rescore import progress
from engine.verification.verify import verify
from tests.factories import column, model, policy_document
from tests.present import decide_all, event, put_in_force, take_in
from tests.workers.processes import SCHEDULER, WORKER, await_that, kill_work_horse, running
from workers import queues

LEADS = 1_500


def is_finished() -> bool:
    """Whether the version in force is the one that all leads are scored under."""
    state = progress()
    return state is not None and state.number == 2 and state.finished_at is not None


@pytest.mark.usefixtures("database")
def test_killed_workers_and_schedulers_leave_no_lead_behind(database: str, redis_url: str) -> None:
    put_in_force(policy_document(models=[model(matrix={"default": {"action": "nurture"}})]))
    take_in(*(event("content.downloaded", external_id=f"c{number}") for number in range(LEADS)))
    decide_all()
    put_in_force(policy_document(models=[model(matrix={"default": {"action": "hold"}}, scores="lead", priority=2)]))
    with running(WORKER, database, redis_url, "first") as worker:
        with running(SCHEDULER, database, redis_url) as scheduler:
            await_that(lambda: column("SELECT count(*) FROM lead WHERE policy_number = 2")[0] > LEADS // 5)
            kill_work_horse(worker)
            scheduler.kill()
            scheduler.wait()
        worker.kill()
    done = column("SELECT count(*) FROM lead WHERE policy_number = 2")[0]
    assert 0 < done < LEADS
    with running(WORKER, database, redis_url, "second"), running(SCHEDULER, database, redis_url):
        await_that(is_finished)
    assert column("SELECT count(*) FROM lead WHERE policy_number = 2") == [LEADS]
    assert column("SELECT count(*) FROM event WHERE type = 'policy.activated'") == [LEADS]
    assert verify().differences == ()


@pytest.mark.usefixtures("database")
def test_a_drain_gives_way_to_a_lane_that_waits_for_a_worker(database: str, redis_url: str) -> None:
    put_in_force()
    queues.init_queue(redis_url)
    queues.set_lane_count(2)
    first, second = (event(external_id=f"c{number}") for number in range(2))
    with running(WORKER, database, redis_url, "only"):
        (even,) = {lead % 2 for lead in take_in(first).lead_ids}
        take_in(second)
        queues.wake_lanes([even], 2)
        await_that(lambda: column("SELECT count(*) FROM decision") == [1])
        queues.wake_lanes([1 - even], 2)
        for number in range(100):
            keep_busy(number, even)
            if column("SELECT count(*) FROM inbox WHERE mod(lead_id, 2) <> %s", even) == [0]:
                return
    pytest.fail("the busy lane kept the only worker")


def keep_busy(number: int, lane: int) -> None:
    """One more event for a lane that is kept busy, and time for it to be decided."""
    lead = column("SELECT min(id) FROM lead WHERE mod(id, 2) = %s", lane)[0]
    busy = event("page.viewed", id=f"busy{number}", lead_id=lead)
    take_in(busy)
    queues.wake_lanes([lane], 2)
    await_that(lambda: column("SELECT count(*) FROM inbox WHERE lead_id = %s", lead) == [0])
