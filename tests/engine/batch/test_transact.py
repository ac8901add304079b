"""What one batch does: order, points, people, companies, versions, and what must wait."""

import pytest

from engine.verification.verify import verify
from tests.factories import (
    CTO,
    NOW,
    HandClock,
    column,
    decide_all,
    event,
    hire,
    model,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
DOWNLOADED = "content.downloaded"


def test_fifty_events_of_one_lead_lose_no_point() -> None:
    put_in_force()
    hire("li@example.com")
    for _ in range(5):
        take_in(*(event(DOWNLOADED, external_id="c1") for _ in range(10)))
    assert decide_all() == 50
    assert column("SELECT engagement FROM lead") == [50]
    assert column("SELECT count(*) FROM ledger") == [50]


def test_events_behind_one_that_needs_a_person_are_decided_after_it_in_order() -> None:
    put_in_force()
    hire("li@example.com")
    sent = take_in(*(event(DOWNLOADED, external_id=f"c{n % 3}") for n in range(12)))
    assert decide_all() == 12
    for lead in set(sent.lead_ids):
        mine = [number for number, owner in zip(sent.event_ids, sent.lead_ids, strict=True) if owner == lead]
        assert column("SELECT event_id FROM decision WHERE lead_id = %s ORDER BY id", lead) == mine
    assert column("SELECT count(*) FROM decision WHERE owner_before IS DISTINCT FROM owner_after") == [3]
    assert column("SELECT count(*) FROM inbox") == [0]
    assert verify().differences == ()


def test_an_event_of_the_future_waits_until_it_is_due() -> None:
    put_in_force()
    clock = HandClock()
    later = HandClock()
    later.pass_by(hours=3)
    take_in(event(DOWNLOADED, external_id="c1", at=later.now()), event(external_id="c1"))
    assert decide_all(clock) == 1
    assert decide_all(later) == 1
    assert column("SELECT engagement FROM lead") == [1]


def test_events_wait_for_the_first_published_policy() -> None:
    take_in(event(external_id="c1"))
    assert decide_all() == 0
    assert rows("SELECT attempts, set_aside_at FROM inbox") == [(0, None)]
    put_in_force()
    assert decide_all() == 1


def test_a_new_version_is_taken_up_between_batches_and_clocks_keep_theirs() -> None:
    touch = {"key": "touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"]}
    put_in_force(policy_document(sla=[{**touch, "window": {"minutes": 30}}]))
    hire("li@example.com")
    take_in(event(external_id="c1", traits=CTO))
    decide_all()
    put_in_force(policy_document(models=[model(matrix={"default": {"action": "nurture"}})]))
    take_in(event("lead.touched", external_id="c1", actor="li@example.com"), event(external_id="c2", traits=CTO))
    decide_all()
    assert rows("SELECT policy_number, stage_after FROM decision ORDER BY id") == [
        (1, "ready"), (2, "ready"), (2, "nurture"),
    ]  # fmt: skip
    assert rows("SELECT policy_number, state FROM clock") == [(1, "met")]
    assert verify().differences == ()


def test_what_one_lead_says_of_its_company_counts_for_the_others_which_are_scored_anew() -> None:
    put_in_force()
    take_in(event(email="li@corp.cn"), event(email="wang@corp.cn"), event(email="zhao@gmail.com"))
    decide_all()
    take_in(event(email="li@corp.cn", company={"employees": 500}))
    assert decide_all() == 2
    assert rows("SELECT fit, grade FROM lead ORDER BY id") == [(5, "C"), (5, "C"), (0, "D")]
    assert column("SELECT e.type FROM decision d JOIN event e ON e.id = d.event_id ORDER BY d.id DESC LIMIT 1") == [
        "score.refreshed"
    ]
    take_in(event(DOWNLOADED, email="wang@corp.cn", company={"employees": 500}))
    assert decide_all() == 1, "the same fact again refreshes nobody"
    assert verify().differences == ()


def test_a_lead_that_changes_company_takes_its_statements_along() -> None:
    put_in_force()
    take_in(event(email="li@corp.cn", company={"employees": 500}), event(email="wang@corp.cn"))
    take_in(event(email="peng@other.cn"))
    decide_all()
    take_in(event(email="li@corp.cn", company={"domain": "other.cn"}))
    decide_all()
    fits = rows("SELECT a.key, l.fit FROM lead l JOIN account a ON a.id = l.account_id ORDER BY l.id")
    assert fits == [("domain:other.cn", 5), ("domain:corp.cn", 0), ("domain:other.cn", 5)]
    assert rows("SELECT key, claims ? 'company.employees' FROM account ORDER BY key") == [
        ("domain:corp.cn", False), ("domain:other.cn", True),
    ]  # fmt: skip
    assert verify().differences == ()


def test_merging_takes_what_a_lead_said_out_of_the_company_it_leaves() -> None:
    put_in_force()
    take_in(event(email="li@corp.cn", company={"employees": 500}), event(email="wang@corp.cn"))
    take_in(event(external_id="c1", company={"domain": "other.cn"}))
    decide_all()
    clock = HandClock()
    clock.pass_by(minutes=1)
    take_in(event(external_id="c1", email="li@corp.cn", company={"domain": "other.cn"}, at=clock.now()))
    decide_all(clock)
    assert rows("SELECT key, claims ? 'company.employees' FROM account ORDER BY key") == [
        ("domain:corp.cn", False), ("domain:other.cn", True),
    ]  # fmt: skip
    assert verify().differences == ()


def test_thirty_leads_of_three_equal_people_are_ten_each() -> None:
    put_in_force()
    hire("a@example.com", "b@example.com", "c@example.com")
    for number in range(30):
        take_in(event(external_id=f"c{number}"))
    decide_all()
    assert column("SELECT count(*) FROM lead GROUP BY owner") == [10, 10, 10]


def test_a_hundred_leads_of_one_request_are_spread_evenly_with_all_candidates_told() -> None:
    put_in_force()
    hire("a@example.com", "b@example.com", "c@example.com")
    take_in(*(event(external_id=f"c{number}") for number in range(100)))
    decide_all()
    assert sorted(column("SELECT count(*) FROM lead GROUP BY owner")) == [33, 33, 34]
    candidates = column("SELECT jsonb_array_length(body->'assignment'->'candidates') FROM decision")
    assert candidates == [3] * 100
    assert column("SELECT count(*) FROM assignment") == [100]
    assert column("SELECT sum(served) FROM rotation WHERE member <> ''") == [100]


def test_a_cap_holds_within_one_batch() -> None:
    put_in_force()
    hire("a@example.com", caps={"day": 4})
    hire("b@example.com")
    take_in(*(event(external_id=f"c{number}") for number in range(20)))
    decide_all()
    assert rows("SELECT owner, count(*) FROM lead GROUP BY owner ORDER BY owner") == [
        ("a@example.com", 4), ("b@example.com", 16),
    ]  # fmt: skip


def test_without_anybody_leads_wait_in_the_queue() -> None:
    put_in_force()
    take_in(event(external_id="c1"), event(DOWNLOADED, external_id="c1"))
    decide_all()
    assert rows("SELECT queued_role, queued_at FROM lead") == [("sdr", NOW)]
