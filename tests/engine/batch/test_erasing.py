"""A person is erased: nothing that could name them is left anywhere, and the rest of the record still holds."""

import logging
from typing import Any

import pytest

from engine.store.inbox import erasing
from engine.store.inbox.inbox import Intake
from engine.verification.verify import verify
from tests.engine.living import LI, SUN, Living, people
from tests.engine.searching import places_of
from tests.factories import CTO, NOW, event, model, policy_document, put_in_force, rows, take_in

pytestmark = pytest.mark.usefixtures("database")

ANNA = {
    "external_id": "CRM-77123", "email": "anna.lindqvist@acme.example", "phone": "+8613800138000",
    "wechat": "wx_anna_77", "anonymous_id": "browser-5f1c9e",
}  # fmt: skip
SAID: dict[str, Any] = {
    "traits": {
        **CTO, "name": "Anna Lindqvist", "city": "Göteborg", "job_title": "Chief Knitting Officer", "nick": "Lindy",
        "region": "华东", "buyer_role": "decider", "remark": "met at the fair in 青岛", "tags": ["likes knitting"],
    },
    "company": {"name": "Acme", "domain": "acme.example", "employees": "120"},
    "answers": {"budget_words": "as soon as Björn signs"},
    "properties": {"asset_id": "wp-7", "note": "call Anna after lunch", "phone": 13800138000},
}  # fmt: skip
PERSONAL = [
    *ANNA.values(), "13800138000", "Lindqvist", "Göteborg", "Knitting", "Lindy", "青岛", "Björn", "after lunch",
    "twelve or so",
]  # fmt: skip
TOUCH = {
    "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
    "window": {"hours": 1}, "on_breach": [{"do": "strike"}, {"do": "reassign"}],
}  # fmt: skip


def a_life() -> Living:
    """Anna of Acme, seen by a browser first, with a colleague, work, notes, a merge, a webhook and a message."""
    life = Living()
    put_in_force(
        policy_document(
            sla=[TOUCH],
            fields=[{"key": "answers.budget_words", "type": "text"}],
            strikes=[{"role": "sdr", "sla": ["first_touch"], "consecutive": 2, "suspend": {"days": 1}}],
        ),
        now=life.now,
    )
    life.roster(*people(LI, manager=None), *people(SUN, role="sales", manager=None))
    rows(
        "INSERT INTO subscription (active, url, events, secret, created_by) VALUES (true, 'https://x.example', "
        "'[\"lead.assigned\", \"lead.stage_changed\", \"lead.score_changed\"]', 's', 'b') RETURNING 1"
    )
    for kind in ("anonymous_id", "wechat"):
        seen = event("content.downloaded", at=life.now, id=f"by {ANNA[kind]}", **{kind: ANNA[kind]})
        take_in(seen, now=life.now)
    life.settle()
    life.happens(id="form anna.lindqvist@acme.example 1", **ANNA, **SAID)
    life.happens("content.downloaded", id="d2", external_id=ANNA["external_id"], properties={"page": "/for/Lindqvist"})
    life.happens(external_id=ANNA["external_id"], company={"founded_year": "twelve or so"})
    life.happens(external_id="BOB-1", email="bob@acme.example", traits=CTO)
    life.happens("lead.touched", external_id=ANNA["external_id"], actor=LI, properties={"note": "Anna Lindqvist: busy"})
    return life


def erase(life: Living, **identifiers: str) -> None:
    life.happens("lead.erased", id=f"erase {next(iter(identifiers.values()))}", **identifiers)


def anna() -> int:
    return int(rows("SELECT lead_id FROM erasure")[0][0])


def test_after_an_erasure_no_column_of_any_table_and_no_log_holds_a_value_of_the_person(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R4.8."""
    caplog.set_level(logging.DEBUG)
    life = a_life()
    assert len({value for *_, value in places_of(PERSONAL)}) == len(PERSONAL)
    assert rows("SELECT count(*) FROM merge WHERE undone_at IS NULL") == [(1,)]
    erase(life, email=ANNA["email"])
    assert places_of(PERSONAL) == []
    assert not [value for value in PERSONAL if value in caplog.text]


def test_scores_history_and_who_erased_stay(caplog: pytest.LogCaptureFixture) -> None:
    life = a_life()
    (before,) = rows(
        "SELECT l.id, fit, engagement, cell FROM lead l JOIN identity i ON i.lead_id = l.id WHERE value = %s",
        ANNA["external_id"],
    )
    decided = rows("SELECT count(*) FROM decision WHERE lead_id = %s", before[0])[0][0]
    erase(life, external_id=ANNA["external_id"])
    lead = before[0]
    assert rows("SELECT id, fit, engagement, cell FROM lead WHERE id = %s", lead) == [before]
    assert rows("SELECT count(*) FROM decision WHERE lead_id = %s", lead)[0][0] == decided + 1
    assert rows("SELECT stage, owner, queued_role FROM lead WHERE id = %s", lead) == [("disqualified", None, None)]
    assert rows("SELECT count(*) FROM clock WHERE lead_id = %s AND state = 'running'", lead) == [(0,)]
    assert rows("SELECT actor, subject FROM audit_entry WHERE action = 'lead.erased'") == [("web", f"lead/{lead}")]
    (claims,) = rows("SELECT claims FROM lead WHERE id = %s", lead)[0]
    assert {"lead.region", "lead.buyer_role", "company.employees"} <= claims.keys()


def test_the_record_is_verified_without_a_difference_after_an_erasure() -> None:
    life = a_life()
    assert verify().differences == ()
    erase(life, email=ANNA["email"])
    life.happens(external_id="BOB-1", traits={"job_title": "CEO"})
    life.happens(external_id="CARL-1", email="carl@acme.example", traits=CTO)
    life.wait(hours=3)
    assert verify().differences == ()


def test_the_record_is_verified_where_colleagues_were_scored_together_with_the_person() -> None:
    life = Living()
    put_in_force(policy_document(models=[model(scores="account")]), now=life.now)
    life.roster(*people(LI, manager=None))
    anna = {"email": ANNA["email"], "external_id": ANNA["external_id"]}
    life.happens(**anna, traits={"job_title": "CTO"})
    life.happens("content.downloaded", external_id=anna["external_id"])
    life.happens(email="bob@acme.example", external_id="BOB-1")
    assert rows("SELECT fit FROM lead ORDER BY id") == [(60,), (60,)]
    erase(life, **anna)
    assert places_of(["anna.lindqvist", *anna.values()]) == []
    life.happens("content.downloaded", external_id="BOB-1")
    assert rows("SELECT fit FROM lead ORDER BY id") == [(60,), (0,)]
    life.wait(hours=30)
    assert verify().differences == ()


def test_a_changed_sum_of_an_erased_lead_is_found() -> None:
    life = a_life()
    erase(life, email=ANNA["email"])
    rows("UPDATE lead SET engagement = engagement + 1 WHERE id = %s RETURNING 1", anna())
    assert [(one.what, one.part) for one in verify().differences] == [("lead", "engagement")]
    rows("UPDATE decision SET body = jsonb_set(body, '{scores,engagement}', '77') WHERE lead_id = %s RETURNING 1",
         anna())  # fmt: skip
    assert {"sum"} <= {one.part for one in verify().differences}


def test_replays_of_old_events_stay_duplicates_and_a_new_contact_begins_a_new_lead() -> None:
    life = a_life()
    erase(life, email=ANNA["email"])
    again = event(id="form anna.lindqvist@acme.example 1", at=life.now, **ANNA, **SAID)
    assert take_in(again, now=life.now).duplicates == 1
    assert take_in(event("lead.erased", id=f"erase {ANNA['email']}", email=ANNA["email"]), now=life.now).duplicates == 1
    assert places_of(PERSONAL) == []
    life.happens(email=ANNA["email"], traits={"name": "Anna Lindqvist"})
    (new,) = rows("SELECT lead_id FROM identity WHERE value = %s", ANNA["email"])[0]
    assert new != anna()
    erase_again = event("lead.erased", id="second", email=ANNA["email"], at=life.now)
    take_in(erase_again, now=life.now)
    life.settle()
    assert places_of(PERSONAL) == []
    assert verify().differences == ()


@pytest.mark.parametrize(
    ("identities", "why"),
    [
        ({"email": "nobody@else.example"}, erasing.UNKNOWN),
        ({"email": "bob@acme.example", "external_id": ANNA["external_id"]}, erasing.SEVERAL),
        ({"email": ANNA["email"]}, None),
    ],
)
def test_an_erasure_that_names_nobody_or_several_is_refused_and_makes_no_lead(
    identities: dict[str, str], why: str | None
) -> None:
    life = a_life()
    asked = event("lead.erased", at=life.now, **identities)
    leads = rows("SELECT count(*) FROM lead")
    assert erasing.refused([asked]) == ({0: why} if why else {})
    assert take_in(asked, now=life.now).accepted == (why is None)
    assert rows("SELECT count(*) FROM lead") == leads


def test_what_waited_or_was_set_aside_is_erased_and_decided_without_effect() -> None:
    life = a_life()
    later = event(external_id=ANNA["external_id"], at=life.now, traits={"name": "Anna Lindqvist"}, id="waits")
    take_in(later, now=life.now)
    rows("UPDATE inbox SET set_aside_at = now(), error = 'Lindqvist broke it' RETURNING 1")
    erase(life, email=ANNA["email"])
    assert places_of(PERSONAL) == []
    assert rows("SELECT count(*) FROM inbox") == [(0,)]
    assert verify().differences == ()


def test_work_on_an_erased_lead_is_refused_and_what_it_says_is_not_kept() -> None:
    life = a_life()
    erase(life, email=ANNA["email"])
    note = Intake("work", "w1", "lead.reopened", life.now, life.now, properties={"note": "Lindqvist"}, lead_id=anna())
    take_in(note, now=life.now)
    life.settle()
    assert rows("SELECT refused FROM decision ORDER BY id DESC LIMIT 1") == [("erased",)]
    assert places_of(PERSONAL) == []


def test_a_company_that_nobody_else_belongs_to_goes_with_the_person() -> None:
    life = Living()
    put_in_force(policy_document(models=[model()]), now=life.now)
    life.happens(email="eva@eva-berg.example", company={"name": "Eva Berg AB"})
    life.happens("lead.erased", id="x", email="eva@eva-berg.example")
    assert places_of(["eva-berg", "Eva Berg"]) == []
    assert rows("SELECT count(*) FROM account") == [(0,)]
    assert verify().differences == ()
    assert life.now > NOW
