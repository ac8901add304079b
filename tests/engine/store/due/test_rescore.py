"""A version that scores differently: every existing lead is rescored, and no action happens without promote (R3.6)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.store.due.refreshes import send_refreshes
from engine.store.due.rescore import progress, resting, send_next
from engine.store.inbox.waiting import ROOM
from engine.verification.verify import verify
from tests.factories import (
    ALL_SHARDS,
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
NURTURE = model(matrix={"default": {"action": "nurture"}})


def rescored(*, steps: int = 1_000) -> int:
    """Send leads on and decide them, as scheduler and workers do in turn; returns how many events were decided."""
    decided = 0
    for _ in range(steps):
        send_next(NOW)
        decided += decide_all()
        if (state := progress()) is not None and state.finished_at is not None:
            return decided
    return decided


def twice(**parts: Any) -> dict[str, Any]:
    """The small policy, with every download worth two points."""
    signals = [{"key": "paper", "event": DOWNLOADED, "points": 2}]
    engagement = {"groups": [{"key": "content", "signals": signals}], "heats": {"frenzied": 80, "hot": 50, "warm": 20}}
    return policy_document(models=[{**NURTURE, "engagement": engagement, **parts}])


def test_every_lead_is_scored_under_the_new_version_and_the_record_holds() -> None:
    put_in_force(policy_document(models=[NURTURE]))
    take_in(*(event(DOWNLOADED, external_id=f"c{n}") for n in range(50)))
    rescored()
    number = put_in_force(twice())
    assert rescored() == 50
    assert rows("SELECT engagement, policy_number, count(*) FROM lead GROUP BY 1, 2") == [(2, number, 50)]
    assert column("SELECT raw FROM ledger GROUP BY raw") == [2]
    assert verify().differences == ()


def test_a_version_that_scores_alike_rescores_nobody() -> None:
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(DOWNLOADED, external_id="c1"))
    rescored()
    put_in_force(policy_document(models=[{**NURTURE, "label": "Main"}], reasons={}))
    assert rescored() == 0
    state = progress()
    assert state is not None
    assert (state.total, state.done, state.percent) == (0, 0, 100)


def test_progress_tells_how_far_it_is_and_whoever_goes_on_finishes() -> None:
    put_in_force(policy_document(models=[NURTURE]))
    take_in(*(event(external_id=f"c{n}") for n in range(ROOM + 50)))
    rescored()
    assert progress() is not None
    put_in_force(twice())
    sent = send_next(NOW)
    assert (len(sent), send_next(NOW)) == (ROOM, []), "enough events wait"
    decide_all(shards=ALL_SHARDS[:32])
    state = progress()
    assert state is not None
    assert (state.number, state.total, state.finished_at) == (2, ROOM + 50, None)
    assert 0 < state.done < ROOM
    assert 0 < state.percent < 100
    rescored()
    assert column("SELECT count(*) FROM lead WHERE policy_number = 2") == [ROOM + 50]
    assert column("SELECT count(*) FROM event WHERE type = 'policy.activated'") == [ROOM + 50]
    assert verify().differences == ()


def test_a_lead_that_a_late_batch_decided_under_the_old_version_is_found_in_the_end() -> None:
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(DOWNLOADED, external_id="c1"), event(DOWNLOADED, external_id="c2"))
    rescored()
    put_in_force(twice())
    with_version = column("SELECT max(id) FROM lead")
    send_next(NOW)
    column("UPDATE lead SET version = 0 WHERE id = %s RETURNING id", *with_version)
    column("DELETE FROM event WHERE external_id = %s RETURNING id", f"policy:2:{with_version[0]}")
    column("DELETE FROM inbox WHERE lead_id = %s RETURNING event_id", *with_version)
    decide_all()
    send_next(NOW)
    column("UPDATE lead SET version = 1 WHERE id = %s RETURNING id", *with_version)
    column("UPDATE rescore SET finished_at = NULL RETURNING number")
    rescored()
    assert column("SELECT engagement FROM lead") == [2, 2]


def test_leads_that_qualify_now_stay_where_they_are_until_something_happens() -> None:
    hire("li@example.com")
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(external_id="c1"), event(external_id="c2"))
    rescored()
    put_in_force(policy_document(models=[model()]), now=NOW)
    rescored()
    assert rows("SELECT stage, owner FROM lead") == [("nurture", None)] * 2
    take_in(event("page.viewed", external_id="c1"))
    decide_all()
    assert rows("SELECT stage, owner FROM lead ORDER BY id") == [("ready", "li@example.com"), ("nurture", None)]
    assert verify().differences == ()


def test_with_promote_leads_that_qualify_now_are_acted_upon() -> None:
    hire("li@example.com")
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(external_id="c1"), event(external_id="c2"))
    rescored()
    put_in_force(policy_document(models=[model()]), act_on_existing="promote")
    rescored()
    assert rows("SELECT stage, owner FROM lead") == [("ready", "li@example.com")] * 2
    assert verify().differences == ()


def test_the_same_rules_published_again_with_promote_act_on_all_that_rest() -> None:
    """R3.10."""
    hire("li@example.com")
    put_in_force(policy_document(models=[NURTURE]))
    take_in(*(event(external_id=f"c{n}") for n in range(3)))
    rescored()
    rules = policy_document(models=[model()])
    put_in_force(rules)
    rescored()
    take_in(event("page.viewed", external_id="c0"), event(external_id="new"))
    decide_all()
    assert rows("SELECT stage, count(*) FROM lead GROUP BY 1 ORDER BY 1") == [("nurture", 2), ("ready", 2)]
    assert resting() == 2
    number = put_in_force(rules, act_on_existing="promote")
    assert number == 3
    assert rescored() == 2
    assert rows("SELECT stage, owner FROM lead GROUP BY 1, 2") == [("ready", "li@example.com")]
    assert resting() == 0
    state = progress()
    assert state is not None
    assert (state.total, state.done) == (2, 2)
    assert verify().differences == ()


def test_with_other_rules_promote_acts_on_leads_whose_arithmetic_stayed() -> None:
    """R3.10."""
    hire("li@example.com")
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(external_id="c1"))
    rescored()
    put_in_force(policy_document(models=[model()]))
    rescored()
    put_in_force(policy_document(models=[model()], reasons={"lost": [{"key": "price"}]}), act_on_existing="promote")
    assert rescored() == 1
    assert rows("SELECT stage, owner FROM lead") == [("ready", "li@example.com")]


def test_none_leaves_at_rest_what_rests() -> None:
    """R3.10."""
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(external_id="c1"))
    rescored()
    put_in_force(policy_document(models=[model()]))
    rescored()
    put_in_force(policy_document(models=[model()], name="Other"))
    assert (rescored(), resting()) == (0, 1)


def test_a_live_event_of_a_lead_not_yet_rescored_is_decided_under_the_new_version_alone() -> None:
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(DOWNLOADED, external_id="c1"))
    rescored()
    put_in_force(twice())
    take_in(event("page.viewed", external_id="c1"))
    decide_all()
    assert column("SELECT engagement FROM lead") == [2]
    assert rescored() == 0
    assert verify().differences == ()


def test_statements_are_read_again_when_a_version_declares_fields_otherwise() -> None:
    many = {"field": "company.seats", "op": "gte", "value": 100}
    fit = {"groups": [{"key": "who", "rules": [{"key": "many", "when": many, "points": 60}]}], "grades": {"A": 60}}
    fields = [{"key": "company.seats", "type": "integer"}]
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(email="li@corp.cn", company={"seats": 500}), event(email="wang@corp.cn", company={"seats": "many"}))
    take_in(event(email="peng@other.cn", company={"seats": 7}), event(email="zhao@third.cn"))
    rescored()
    assert column("SELECT count(*) FROM lead WHERE notes <> '[]'") == [0]
    put_in_force(policy_document(models=[{**NURTURE, "fit": fit}], fields=fields))
    take_in(event("page.viewed", email="wang@corp.cn"))
    decide_all()
    assert verify().differences == (), "one lead reads by the new version, the others by the old"
    rescored()
    assert column("SELECT fit FROM lead ORDER BY id") == [60, 60, 0, 0]
    assert column("SELECT count(*) FROM lead WHERE notes <> '[]'") == [1]
    assert verify().differences == ()
    put_in_force(policy_document(models=[NURTURE]), now=NOW + timedelta(hours=1))
    clock = HandClock(NOW + timedelta(hours=1))
    take_in(event(email="li@corp.cn", company={"domain": "other.cn"}, at=clock.now()), now=clock.now())
    decide_all(clock)
    rescored()
    assert column("SELECT fit FROM lead ORDER BY id") == [0, 0, 0, 0]
    assert verify().differences == ()


def test_a_version_of_an_earlier_edition_reads_as_it_did_and_the_next_one_joins_companies_anew() -> None:
    """R1.13, R3.6: the record of both holds."""
    document = policy_document(models=[NURTURE])
    put_in_force(document)
    column("UPDATE policy_version SET compiled = compiled - 'edition' RETURNING number")
    take_in(
        event(email="li@acme.test", company={"domain": "https://www.Acme.test/about", "employees": "1.000"}),
        event(email="wang@mail.acme.test"),
        *(event(external_id=f"c{n}", traits={"email": "Li Na <li@qq.com>"}) for n in range(2)),
    )
    rescored()
    assert column("SELECT count(DISTINCT account_id) FROM lead") == [3]
    assert verify().differences == ()
    put_in_force(document)
    assert rescored() == 4
    assert column("SELECT count(DISTINCT account_id) FROM lead") == [1]
    assert column("SELECT account_id IS NULL FROM lead ORDER BY id") == [False, False, True, True]
    assert column("SELECT note->>'code' FROM lead, jsonb_array_elements(notes) AS note") == ["ambiguous_number"]
    assert verify().differences == ()


def test_a_lead_that_awaits_activity_is_not_moved_by_a_day_that_passes() -> None:
    hire("li@example.com")
    fading = [{"key": "paper", "event": DOWNLOADED, "points": 9, "decay": {"curve": "half_life", "days": 30}}]
    engagement = {"groups": [{"key": "content", "signals": fading}], "heats": {"frenzied": 80, "hot": 50, "warm": 20}}
    put_in_force(policy_document(models=[NURTURE]))
    take_in(event(DOWNLOADED, external_id="c1", traits=CTO))
    rescored()
    put_in_force(policy_document(models=[model(engagement=engagement)]))
    rescored()
    clock = HandClock()
    clock.pass_by(days=1)
    assert len(send_refreshes(clock.now())) == 1
    assert send_refreshes(clock.now()) == [], "once a day"
    decide_all(clock)
    assert rows("SELECT stage, engagement < 9, scored_at FROM lead") == [("nurture", True, clock.now())]
    assert verify().differences == ()
