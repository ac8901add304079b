"""`verify` accepts a correct record and finds every manipulated value."""

import pytest

from engine.store.due.clocks import fire_due_clocks
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from tests.engine.living import BOSS, LI, SUN, WANG, Living, people
from tests.factories import (
    CTO,
    NOW,
    HandClock,
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

FIRST_TOUCH = {
    "key": "first_touch",
    "role": "sdr",
    "starts_on": {"stage": "ready"},
    "met_by": ["lead.touched"],
    "window": {"hours": 1},
    "on_breach": [{"do": "reassign"}],
}


def live_through_a_day() -> None:
    """Leads of two companies come in, are assigned, touched or missed, merge, and are rejected."""
    put_in_force(policy_document(sla=[FIRST_TOUCH]))
    hire("li@example.com", "wang@example.com")
    hire("zhao@example.com", role="sales")
    clock = HandClock()
    for number in range(6):
        company = {"domain": f"c{number % 2}.example", "employees": 90 + number}
        take_in(event(external_id=f"x{number}", traits=CTO, company=company))
        take_in(event("content.downloaded", external_id=f"x{number}"))
    decide_all(clock)
    (owner,) = rows("SELECT owner FROM lead ORDER BY id LIMIT 1")[0]
    take_in(event("lead.touched", external_id="x0", actor=owner, at=NOW), now=NOW)
    take_in(event("lead.accepted", external_id="x1", actor=owner), event(wechat="w1", traits={"job_title": "CEO"}))
    decide_all(clock)
    take_in(event(wechat="w1", external_id="x2"))
    clock.pass_by(hours=2)
    fire_due_clocks(clock.now())
    decide_all(clock)


def change(statement: str) -> None:
    """What somebody with access to the database could do."""
    with transaction() as connection:
        raw(connection).execute(statement.encode())


def test_a_true_record_holds_through_merges_companies_refusals_and_breaches() -> None:
    live_through_a_day()
    found = verify()
    assert found.differences == ()
    assert found.decisions == rows("SELECT count(*) FROM decision")[0][0] > 20
    assert rows("SELECT count(*) FROM merge")[0][0] == 1
    assert rows("SELECT count(*) FROM clock WHERE state = 'breached'")[0][0] >= 1
    assert rows("SELECT count(*) FROM decision WHERE refused = 'wrong_stage'")[0][0] == 1


@pytest.mark.parametrize(
    ("statement", "what", "part"),
    [
        ("UPDATE lead SET engagement = engagement + 1 WHERE id = (SELECT min(id) FROM lead)", "lead", "engagement"),
        ("UPDATE lead SET fit = 0 WHERE id = (SELECT min(id) FROM lead)", "lead", "fit"),
        ("UPDATE lead SET owner = 'friend@example.com' WHERE id = (SELECT min(id) FROM lead)", "lead", "state"),
        ("UPDATE decision SET stage_after = 'mql' WHERE id = (SELECT min(id) FROM decision)",
         "decision", "stage after"),
        ("UPDATE decision SET owner_after = 'friend@example.com' WHERE id = (SELECT min(id) FROM decision)",
         "decision", "owner after"),
        ("UPDATE decision SET body = jsonb_set(body, '{scores,fit}', '99') WHERE id = (SELECT min(id) FROM decision)",
         "decision", "scores"),
        ("DELETE FROM ledger WHERE event_id = (SELECT min(event_id) FROM ledger)", "lead", "ledger"),
        ("UPDATE clock SET state = 'met' WHERE state = 'breached'", "clock", "state"),
        ("UPDATE account SET claims = '{}' WHERE key = 'domain:c0.example'", "company", "facts"),
        ("UPDATE event SET body = jsonb_set(body, '{traits,job_title}', '\"Intern\"') WHERE body ? 'traits'",
         "lead", "facts"),
    ],
)  # fmt: skip
def test_whatever_was_changed_is_found(statement: str, what: str, part: str) -> None:
    live_through_a_day()
    change(statement)
    assert (what, part) in {(difference.what, difference.part) for difference in verify().differences}


def test_an_event_whose_content_was_changed_no_longer_gives_its_decision() -> None:
    live_through_a_day()
    change("UPDATE event SET type = 'page.viewed' WHERE type = 'content.downloaded'")
    assert {"scores"} <= {difference.part for difference in verify().differences if difference.what == "decision"}


def test_a_true_record_holds_when_the_roster_says_when_clocks_run() -> None:
    """Working time and absences are kept, for a replay has no roster; two clocks may begin when somebody returns."""
    business = {**FIRST_TOUCH, "key": "in_hours", "clock": "business"}
    resting = model(matrix={"default": {"action": "nurture"}})
    put_in_force(
        policy_document(models=[resting], sla=[FIRST_TOUCH, business], calendar={"hours": {"mon": ["09:00-09:10"]}})
    )
    hire("li@example.com", absences=[{"from": "2000-01-01", "to": "2030-12-31"}])
    hire("wang@example.com")
    take_in(event(external_id="x", traits=CTO))
    decide_all()
    for work, actor in (
        ("claimed", "li"),
        ("recycled", "li"),
        ("claimed", "li"),
        ("recycled", "li"),
        ("claimed", "wang"),
    ):
        take_in(event(f"lead.{work}", external_id="x", actor=f"{actor}@example.com"))
        decide_all()
    starts = rows("SELECT key, owner, started_at > '2030-12-31', due_at > '2030-12-31', state FROM clock ORDER BY id")
    away = [
        ("first_touch", "li@example.com", True, True, "cancelled"),
        ("in_hours", "li@example.com", False, True, "cancelled"),
    ]
    there = [
        ("first_touch", "wang@example.com", False, False, "running"),
        ("in_hours", "wang@example.com", False, False, "running"),
    ]
    assert starts == [*away, *away, *there]
    change("DELETE FROM person")
    assert verify().differences == ()


ACCEPT = {
    "key": "accept_48h", "role": "sales", "starts_on": {"stage": "mql"}, "met_by": ["lead.accepted"],
    "window": {"hours": 48}, "warn_at": [80], "on_warn": [{"do": "notify", "to": "owner"}],
    "on_breach": [{"do": "strike"}, {"do": "escalate"}, {"do": "tag", "tag": "slow"}],
}  # fmt: skip


def live_through_a_month() -> Living:
    """People miss twice in a row and are suspended, leads go up, back to the pool, are claimed and given by hand."""
    put_in_force(
        policy_document(
            models=[model(matrix={"default": {"action": "sdr"}, "cells": {"A.cold": {"action": "sales"}}})],
            sla=[ACCEPT],
            strikes=[{"role": "sales", "sla": ["accept_48h"], "consecutive": 2, "suspend": {"days": 30}}],
            pool={"protection": {"days": 5}, "warn_before": [{"days": 1}], "claim": {"per_day": 1}},
            assignment=[{"key": "inbound", "role": "sdr"}, {"key": "closing", "role": "sales"}],
        )
    )
    live = Living()
    live.roster(*people(LI, WANG), *people(SUN, role="sales"), *people(BOSS, role="manager", manager=None))
    for lead in ("a", "b", "c"):
        live.happens(lead=lead, traits=CTO)
        live.wait(hours=1)
    for lead in ("d", "e"):
        live.happens(lead=lead)
    live.wait(days=3)
    live.happens(lead="f", traits=CTO)
    live.happens("lead.assigned", lead="f", actor=BOSS, properties={"to": SUN})
    live.happens("lead.accepted", lead="f", actor=SUN)
    live.wait(days=3)
    for lead in ("d", "e"):
        live.happens("lead.claimed", lead=lead, actor=LI)
    live.happens("lead.claimed", lead="e", actor=WANG)
    live.wait(days=40)
    live.roster(*people(SUN, role="sales", active=False))
    return live


def test_a_true_record_holds_through_strikes_suspensions_pool_claims_and_edits_of_the_roster() -> None:
    live_through_a_month()
    assert verify().differences == ()
    assert rows("SELECT count(*) FROM suspension WHERE ended_at IS NOT NULL")[0][0] == 1
    kinds = {kind for (kind,) in rows("SELECT type FROM event")}
    assert kinds >= {"sla.warned", "sla.breached", "pool.warned", "pool.reclaimed", "suspension.started",
                     "suspension.ended", "roster.changed", "lead.claimed", "lead.assigned"}  # fmt: skip
    assert rows("SELECT count(*) FROM decision WHERE body->'assignment' ? 'warnings'")[0][0] == 1
    assert rows("SELECT count(*) FROM decision WHERE refused IN ('cooldown', 'claims_per_day')")[0][0] >= 1


TAMPERED = [
    ("UPDATE strike SET count = count + 1", "strikes", "sales:accept_48h"),
    ("UPDATE suspension SET until_at = until_at - interval '1 day'", "suspension", "sales:accept_48h"),
    ("UPDATE decision SET body = jsonb_set(body, '{strikes,0,count}', '3') WHERE body ? 'strikes'",
     "decision", "strikes"),
    ("UPDATE lead SET protected_until = '2099-01-01Z'", "lead", "protected_until"),
    ("UPDATE decision SET body = body - 'protected_until'", "decision", "protected_until"),
    ("UPDATE decision SET body = jsonb_set(body, '{effects}', '[]') WHERE body ? 'effects'", "decision", "effects"),
]  # fmt: skip


def test_whatever_was_changed_of_strikes_suspensions_effects_and_protection_is_found() -> None:
    live_through_a_month()
    for statement, _, _ in TAMPERED:
        change(statement)
    found = {(difference.what, difference.part) for difference in verify().differences}
    assert found == {(what, part) for _, what, part in TAMPERED}


def live_with_work_of_old() -> None:
    """A contact by somebody who had nothing to do with the lead, and a refusal kept as a sentence.

    As the record has them from before `engine.core.qualification.relations`: then anybody logged contacts.
    """
    put_in_force(policy_document(models=[model(matrix={"default": {"action": "sdr"}})]))
    live = Living()
    live.roster(*people(LI, manager=None), *people(SUN, role="sales", manager=None))
    live.happens(lead="a", traits=CTO)
    live.happens("lead.touched", lead="a", actor=LI)
    live.happens("lead.accepted", lead="a", actor=LI)
    change("UPDATE event SET actor = 'sun@example.com' WHERE type = 'lead.touched'")
    change("""UPDATE decision SET body = jsonb_set(body, '{refused}', '{"code": "wrong_stage", "message": "needs mql"}')
              WHERE refused = 'wrong_stage'""")


def test_work_decided_before_there_were_relations_is_replayed_by_the_rule_of_its_time() -> None:
    live_with_work_of_old()
    assert {difference.part for difference in verify().differences} >= {"refused"}
    change("UPDATE decision SET body = body #- '{by,rights}'")
    assert verify().differences == ()


def test_a_refusal_that_was_kept_as_a_sentence_is_compared_by_its_code() -> None:
    live_with_work_of_old()
    change("UPDATE decision SET body = body #- '{by,rights}'")
    change("UPDATE decision SET body = jsonb_set(body, '{refused,code}', '\"no_owner\"') WHERE refused = 'wrong_stage'")
    found = [(difference.part, difference.stored, difference.replayed) for difference in verify().differences]
    assert found == [("refused", "no_owner", "wrong_stage")]
