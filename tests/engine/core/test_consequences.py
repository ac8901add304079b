"""Side effects of a decision: notifications, records of people, turns given back (R4.7, R6.6)."""

from typing import Any

import pytest

from engine.core.lead.model import Stage
from engine.core.notify.effects import Compensation, Effect, Notice, Record, Reset
from engine.core.outcome import Outcome
from tests.engine.core.decided_leads import ANN, BOB, FIRST_TOUCH, HEAD, SAM, Story, rules

READY: dict[str, Any] = {"answers": {"grade": "B"}}
MQL: dict[str, Any] = {"answers": {"budget": True}}


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(effect.kind, effect.to) for effect in outcome.effects if isinstance(effect, Notice)]


def of_kind(outcome: Outcome, kind: type[Effect]) -> list[Effect]:
    return [effect for effect in outcome.effects if isinstance(effect, kind)]


def records(outcome: Outcome) -> list[tuple[str, str, str | None]]:
    return [(effect.kind, effect.person, effect.key) for effect in outcome.effects if isinstance(effect, Record)]


def sales_lead(**parts: Any) -> Story:
    lead = Story(rules(FIRST_TOUCH, **parts))
    lead.happens(**READY)
    lead.happens("lead.identified", 1, **MQL)
    assert (lead.state.owner, lead.stage()) == (SAM, Stage.MQL)
    return lead


def test_a_new_owner_is_told_and_one_who_handed_over_by_the_way_of_the_lead_is_not() -> None:
    lead = Story(rules(FIRST_TOUCH))
    assert told(lead.happens(**READY)) == [("assigned", ANN)]
    assert told(lead.happens("lead.identified", 1, **MQL)) == [("assigned", SAM)]
    assert told(lead.happens("page.viewed", 2)) == []


def test_who_claims_a_lead_is_not_told_and_has_it_in_their_record() -> None:
    lead = Story(rules())
    lead.happens()
    outcome = lead.happens("lead.claimed", 1, actor=BOB)
    assert (told(outcome), records(outcome)) == ([], [("claimed", BOB, None)])


def test_who_loses_a_lead_to_somebody_else_is_told() -> None:
    lead = sales_lead()
    assert told(lead.happens("lead.assigned", 2, actor=HEAD, properties={"to": "sue@example.com"})) == [
        ("assigned", "sue@example.com"),
        ("taken", SAM),
    ]


@pytest.mark.parametrize(("actor", "taken"), [(SAM, []), (HEAD, [("taken", SAM)]), (None, [("taken", SAM)])])
def test_who_sends_a_lead_back_themselves_is_not_told(actor: str | None, taken: list[Any]) -> None:
    outcome = sales_lead().happens("lead.rejected", 2, actor=actor, properties={"reason": "no_need"})
    assert told(outcome) == [("assigned", ANN), *taken]
    assert records(outcome) == [("rejected", SAM, "no_need")]


def test_accepting_and_releasing_are_in_the_owners_record() -> None:
    lead = sales_lead()
    assert records(lead.happens("lead.accepted", 2, actor=SAM)) == [("accepted", SAM, None)]
    assert records(lead.happens("lead.released", 3, actor=SAM, properties={"reason": "busy"})) == [
        ("released", SAM, "busy")
    ]


def test_refused_and_imported_work_counts_for_nobody() -> None:
    lead = sales_lead()
    assert lead.happens("lead.accepted", 2, actor=BOB).effects == ()
    assert lead.happens("lead.accepted", 3, imported=True).effects == ()


def test_imported_leads_that_are_assigned_on_request_tell_nobody() -> None:
    lead = Story(rules())
    assert lead.happens("lead.identified", imported=True, properties={"assign": True}, **READY).effects == ()
    assert lead.state.owner == ANN


def test_a_clock_met_is_in_the_record_and_begins_the_misses_anew() -> None:
    lead = Story(rules(FIRST_TOUCH))
    lead.happens(**READY)
    outcome = lead.happens("lead.touched", 1, actor=ANN)
    assert records(outcome) == [("met", ANN, "first_touch")]
    assert of_kind(outcome, Reset) == [Reset(ANN, "first_touch")]
    assert lead.happens("lead.touched", 2, actor=ANN).effects == ()


def test_a_clock_of_nobody_that_is_met_counts_for_nobody() -> None:
    lead = Story(rules({**FIRST_TOUCH, "starts_on": {"event": "lead.identified"}}), ())
    lead.happens(**READY)
    outcome = lead.happens("lead.touched", 1)
    assert lead.clock("first_touch").state == "met"
    assert (records(outcome), of_kind(outcome, Reset)) == ([], [])


@pytest.mark.parametrize(("reason", "back"), [("no_need", [Compensation("reps", SAM)]), ("other", [])])
def test_a_rejection_for_the_right_reason_gives_the_turn_back(reason: str, back: list[Effect]) -> None:
    reasons = {"reject": [{"key": "no_need"}, {"key": "other"}]}
    lead = sales_lead(feedback={"compensate": ["no_need"]}, reasons=reasons)
    assert of_kind(lead.happens("lead.rejected", 2, actor=SAM, properties={"reason": reason}), Compensation) == back


def test_who_got_a_lead_without_any_rotation_gets_no_turn_back() -> None:
    lead = Story(rules(feedback={"compensate": ["no_need"], "on_reject": "pool"}))
    lead.happens(**READY)
    lead.happens("lead.identified", 1, **MQL)
    lead.happens("lead.rejected", 2, actor=SAM, properties={"reason": "no_need"})
    lead.happens("lead.claimed", 3, actor=SAM)
    outcome = lead.happens("lead.rejected", 4, actor=SAM, properties={"reason": "no_need"})
    assert of_kind(outcome, Compensation) == []


def test_nobodys_lead_that_is_rejected_by_a_manager_counts_for_nobody() -> None:
    lead = Story(rules(), ())
    lead.happens("lead.identified", 0, **MQL)
    outcome = lead.happens("lead.rejected", 1, actor=HEAD, properties={"reason": "no_need"})
    assert outcome.refusal is None
    assert records(outcome) == []


def test_managers_hear_of_an_empty_rotation_once_an_hour_with_the_reasons() -> None:
    lead = Story(rules(), ())
    first, other = lead.happens(**READY), Story(rules(), ()).happens("lead.identified", 9, **READY)
    assert told(first) == [("queued", "manager")]
    notices = [one for outcome in (first, other) for one in outcome.effects if isinstance(one, Notice)]
    assert len({one.cause for one in notices}) == 1
    assert lead.happens("queue.assigned", 10).effects == ()


@pytest.mark.parametrize(
    ("type_", "kind"), [("suspension.started", "suspended"), ("suspension.ended", "suspension_ended")]
)
def test_a_suspension_is_told_to_the_person_and_their_manager(type_: str, kind: str) -> None:
    lead = Story(rules())
    lead.happens()
    outcome = lead.happens(type_, 1, properties={"person": SAM, "until": "2026-12-24T00:00:00Z"})
    assert told(outcome) == [(kind, SAM), (kind, "manager")]
    assert lead.happens(type_, 2).effects == ()


def test_a_lead_put_into_the_pool_because_nobody_was_found_waits_for_no_queue() -> None:
    lead = Story(rules(assignment=[{"key": "sdrs", "role": "sdr", "otherwise": "pool"}]), ())
    outcome = lead.happens(**READY)
    assert (lead.state.pool_reason, lead.state.queued, told(outcome)) == ("sdrs", None, [])


def test_an_outbound_lead_of_a_company_somebody_works_on_waits_and_they_are_told() -> None:
    lead = Story(rules())
    lead.account_owners = (SAM,)
    outcome = lead.happens("lead.identified", traits={"direction": "outbound"}, **READY)
    assert (lead.state.owner, lead.state.conflict) == (None, SAM)
    assert told(outcome) == [("conflict", SAM)]


@pytest.mark.parametrize(("to", "stage"), [(HEAD, Stage.READY), (BOB, Stage.READY)])
def test_whoever_is_named_gets_the_lead_in_the_role_its_stage_needs(to: str, stage: Stage) -> None:
    lead = Story(rules(FIRST_TOUCH))
    lead.happens(**READY)
    outcome = lead.happens("lead.assigned", 1, properties={"to": to})
    assert (lead.stage(), lead.state.owner, lead.state.sdr) == (stage, to, to)
    assert told(outcome) == [("assigned", to), ("taken", ANN)]


def test_a_manager_named_for_a_lead_of_sales_has_it_as_its_rep() -> None:
    lead = sales_lead()
    lead.happens("lead.assigned", 2, actor=HEAD, properties={"to": HEAD})
    assert (lead.state.owner, lead.state.rep, lead.state.sdr) == (HEAD, HEAD, ANN)


def test_an_imported_assignment_is_a_record_only() -> None:
    lead = sales_lead()
    assert lead.happens("lead.assigned", 2, imported=True, properties={"to": HEAD}).need is None
    assert lead.happens("lead.assigned", 3, imported=True).need is None
