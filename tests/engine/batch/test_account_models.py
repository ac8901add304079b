"""Models that score accounts: leads of one company in different shards show one score (R3.7, R1.3)."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from engine.store.inbox.inbox import Intake
from engine.verification.verify import verify
from tests.factories import (
    NOW,
    HandClock,
    column,
    decide_all,
    event,
    hire,
    living_leads,
    model,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
DOWNLOADED = "content.downloaded"
BOSS = {"field": "lead.buyer_role", "op": "eq", "value": "decider"}
SCORES = "SELECT model, fit, engagement, cell FROM lead WHERE merged_into IS NULL AND stage <> 'won' ORDER BY id"


def by_account(**parts: Any) -> dict[str, Any]:
    """A policy whose one model scores accounts: 40 points for a decider, 1 for a download, 7 for two active leads."""
    many = {"field": "account.active_leads", "op": "gte", "value": 2}
    rules = [{"key": "boss", "when": BOSS, "points": 40}, {"key": "many", "when": many, "points": 7}]
    fit = {"groups": [{"key": "who", "rules": rules}], "grades": {"A": 60, "B": 40, "C": 5}}
    return policy_document(models=[model(scores="account", fit=fit)], **parts)


def test_every_lead_of_an_account_shows_the_accounts_score() -> None:
    put_in_force(by_account())
    take_in(event(DOWNLOADED, email="li@corp.cn"), event(DOWNLOADED, email="peng@other.cn"))
    decide_all()
    take_in(event(DOWNLOADED, email="wang@corp.cn", traits={"buyer_role": "decider"}))
    decide_all()
    assert rows(SCORES) == [("main", 47, 2, "B.cold"), ("main", 0, 1, "D.cold"), ("main", 47, 2, "B.cold")]
    assert column("SELECT count(*) FROM ledger GROUP BY lead_id ORDER BY lead_id") == [2, 1, 2]
    assert verify().differences == ()


def test_an_event_that_no_model_of_accounts_hears_refreshes_nobody() -> None:
    put_in_force(by_account())
    take_in(event(DOWNLOADED, email="li@corp.cn"), event(DOWNLOADED, email="wang@corp.cn"))
    decide_all()
    before = column("SELECT count(*) FROM decision")[0]
    take_in(event("lead.touched", email="li@corp.cn", actor="li@example.com"))
    assert decide_all() == 1
    take_in(event(DOWNLOADED, email="li@corp.cn"))
    assert decide_all() == 2, "the event, and the other lead's refresh"
    assert column("SELECT count(*) FROM decision")[0] == before + 3


def test_siblings_decided_later_in_the_same_batch_need_no_refresh() -> None:
    put_in_force(by_account())
    take_in(*(event(DOWNLOADED, email=f"{name}@corp.cn") for name in ("li", "wang", "zhao") for _ in range(3)))
    decide_all()
    assert rows(SCORES) == [("main", 7, 9, "C.cold")] * 3
    assert column("SELECT count(*) FROM event WHERE type = 'score.refreshed'") == [2], "the last one decided is right"


def test_a_closed_lead_takes_its_events_out_of_the_account() -> None:
    put_in_force(by_account())
    take_in(*(event(DOWNLOADED, email="li@corp.cn") for _ in range(3)), event(DOWNLOADED, email="wang@corp.cn"))
    decide_all()
    take_in(event("opportunity.won", email="li@corp.cn", imported=True))
    decide_all()
    assert rows(SCORES) == [("main", 7, 1, "C.cold")]
    assert verify().differences == ()


def test_a_lead_that_leaves_takes_its_events_along() -> None:
    put_in_force(by_account())
    take_in(event(DOWNLOADED, email="li@corp.cn"), event(DOWNLOADED, email="wang@corp.cn"))
    decide_all()
    take_in(event(email="wang@corp.cn", company={"domain": "other.cn"}))
    decide_all()
    assert rows(SCORES) == [("main", 0, 1, "D.cold")] * 2
    assert verify().differences == ()


def test_merged_leads_of_one_account_count_each_event_once_and_part_again() -> None:
    put_in_force(by_account())
    take_in(event(DOWNLOADED, email="li@corp.cn"), event(DOWNLOADED, email="zhao@corp.cn"))
    take_in(event(DOWNLOADED, external_id="c1", company={"domain": "corp.cn"}))
    decide_all()
    clock = HandClock()
    clock.pass_by(minutes=1)
    take_in(event(external_id="c1", email="li@corp.cn", at=clock.now()), now=clock.now())
    decide_all(clock)
    assert len(living_leads()) == 2
    assert rows(SCORES) == [("main", 7, 3, "C.cold")] * 2
    assert verify().differences == ()
    (merge, winner), *_ = rows("SELECT id, winner_id FROM merge")
    undo = Intake("baton", "undo", "lead.merged", clock.now(), clock.now(), properties={"undo": merge}, lead_id=winner)
    take_in(undo, now=clock.now())
    decide_all(clock)
    assert rows(SCORES) == [("main", 7, 3, "C.cold")] * 3
    assert verify().differences == ()


def test_what_the_leads_of_an_account_are_together_can_be_read_under_any_model() -> None:
    several = {"field": "account.leads", "op": "gte", "value": 2}
    buyers = {"field": "account.roles", "op": "has_any", "value": ["buyer"]}
    when = {"all": [several, buyers]}
    put_in_force(policy_document(qualification={"mql": [{"key": "committee", "when": when}]}))
    hire("sue@example.com", role="sales")
    take_in(event(email="li@corp.cn"), event(email="peng@other.cn"))
    decide_all()
    assert column("SELECT stage FROM lead ORDER BY id") == ["ready", "ready"]
    take_in(event(email="wang@corp.cn", traits={"buyer_role": "buyer"}))
    decide_all()
    assert column("SELECT stage FROM lead ORDER BY id") == ["mql", "ready", "mql"]
    assert verify().differences == ()


def test_a_quiet_lead_that_wakes_up_is_told_to_those_who_count_active_leads() -> None:
    put_in_force(by_account())
    old = NOW - timedelta(days=40)
    take_in(event(email="li@corp.cn", at=old), event(email="wang@corp.cn", at=old))
    decide_all()
    take_in(event("page.viewed", email="li@corp.cn"))
    decide_all()
    take_in(event("page.viewed", email="wang@corp.cn"))
    decide_all()
    assert rows(SCORES) == [("main", 7, 0, "C.cold")] * 2
    assert verify().differences == ()


def test_the_order_of_arrival_changes_no_score_of_an_account() -> None:
    put_in_force(by_account())
    told: list[tuple[str, dict[str, Any]]] = [
        ("li", {"buyer_role": "decider"}),
        ("li", {}),
        ("wang", {}),
        ("wang", {"buyer_role": "user"}),
    ]
    orders = list(itertools.permutations(range(len(told))))

    def one(company: int, which: int) -> Intake:
        name, traits = told[which]
        return event(DOWNLOADED, email=f"{name}@corp{company}.cn", traits=traits, at=NOW - timedelta(hours=which))

    for place in range(len(told)):
        take_in(*(one(number, order[place]) for number, order in enumerate(orders)))
        decide_all(shards=tuple(range(0, 64, 2)))
        decide_all(shards=tuple(range(1, 64, 2)))
    decide_all()
    assert set(rows(SCORES)) == {("main", 47, 4, "B.cold")}
    assert len(living_leads()) == 2 * len(orders)
    assert verify().differences == ()
