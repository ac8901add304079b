"""Messages to people and subscribers are stored with their decision, those of clocks included."""

from datetime import timedelta

from engine.store.due.clocks import fire_due_clocks
from engine.store.outbox.notices import read_notices
from engine.store.outbox.subscriptions import add_subscription
from tests.factories import CTO, NOW, HandClock, decide_all, event, hire, policy_document, put_in_force, rows, take_in

LI = "li@example.com"
SILENT = {
    "key": "calm",
    "role": "sdr",
    "starts_on": {"stage": "ready"},
    "met_by": ["lead.touched"],
    "window": {"hours": 1},
    "warn_at": [50],
}


def decide_a_lead() -> int:
    """A lead comes and goes to the one SDR there is."""
    put_in_force(policy_document(sla=[SILENT]))
    hire(LI)
    (lead,) = take_in(event(external_id="crm-7", traits=CTO)).lead_ids
    decide_all()
    return lead


def test_a_decision_tells_its_people_and_its_subscribers_in_the_same_transaction(database: str) -> None:
    add_subscription("https://crm.example.com/", ["lead.assigned", "lead.stage_changed", "lead.score_changed"], "a")
    lead = decide_a_lead()
    assert [(one.person, one.kind, one.lead_id) for one in read_notices(None)] == [(LI, "assigned", lead)]
    told = {kind: body["data"] for kind, body in rows("SELECT kind, payload FROM delivery")}
    assert told["lead.assigned"]["new"] == {"owner": LI}
    assert told["lead.stage_changed"]["old"] == {"stage": None}
    assert told["lead.stage_changed"]["new"] == {"stage": "ready"}
    assert told["lead.score_changed"]["new"]["grade"] == "A"
    assert told["lead.assigned"]["lead"] == {"id": lead, "external_id": "crm-7"}


def test_clocks_that_warn_and_run_out_are_told_outside(database: str) -> None:
    add_subscription("https://crm.example.com/", ["sla.warned", "sla.breached"], "a")
    clock = HandClock()
    decide_a_lead()
    for minutes in (31, 60):
        clock.pass_by(minutes=minutes)
        fire_due_clocks(clock.now())
        decide_all(clock)
    told = [(kind, body["data"]["new"]) for kind, body in rows("SELECT kind, payload FROM delivery ORDER BY id")]
    said = {"key": "calm", "owner": LI, "due_at": (NOW + timedelta(hours=1)).isoformat()}
    assert told == [
        ("sla.warned", {**said, "percent": 50}),
        ("sla.breached", {**said, "state": "breached"}),
    ]


def test_nothing_is_written_for_outside_while_nobody_subscribes(database: str) -> None:
    decide_a_lead()
    assert rows("SELECT 1 FROM delivery") == []
