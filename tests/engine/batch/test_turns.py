"""Rotation in live decisions: what assignment knows of people, turns given back, leads by hand (R5.1–R5.11, R4.7)."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from engine.batch.assignment_round import AssignmentRound
from engine.batch.batch_state import BatchContext
from engine.core.assignment.eligibility import Member
from engine.core.assignment.rotation import Pointer
from engine.core.calendar.schedules import Schedules
from engine.core.lead.people import NOBODY
from engine.matcher.rules import RulesCache
from engine.store.decisions.rotation import read_members
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from rulesets.policy.policy import Policy
from tests.factories import (
    CTO,
    NOW,
    HandClock,
    column,
    decide_all,
    event,
    hire,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
ANN, BOB, SAM = "ann@example.com", "bob@example.com", "sam@example.com"


def do(query: str, *values: Any) -> None:
    """Change something in the database."""
    with transaction() as connection:
        raw(connection).execute(query.encode(), values)


def members(strategy: str = "round_robin", now: datetime = NOW) -> dict[str, Member]:
    """The roster as assignment by this strategy is told it."""
    rules = Policy.model_validate(policy_document(assignment=[{"key": "p", "role": "sdr", "strategy": strategy}]))
    with transaction() as connection:
        return {member.email: member for member in read_members(raw(connection), rules, now)}


def arrive(name: str, clock: HandClock | None = None, **parts: Any) -> dict[str, Any]:
    """A lead comes and is decided; what was stored of its assignment."""
    moment = (clock or HandClock()).now()
    take_in(event(external_id=name, at=moment, **parts), now=moment)
    return decided(clock)


def work(kind: str, name: str, actor: str | None, clock: HandClock, **about: Any) -> dict[str, Any]:
    """Somebody works on a lead; what was stored of the assignment that follows."""
    clock.pass_by(minutes=1)
    take_in(event(kind, external_id=name, actor=actor, at=clock.now(), properties=about), now=clock.now())
    return decided(clock)


def decided(clock: HandClock | None) -> dict[str, Any]:
    decide_all(clock)
    ((body,),) = rows("SELECT body FROM decision ORDER BY id DESC LIMIT 1")
    return dict(body.get("assignment") or {"refused": body.get("refused")})


def pointers(policy: str = "inbound") -> dict[str, int]:
    return dict(rows("SELECT member, numerator::int FROM rotation WHERE policy_key = %s AND member <> ''", policy))


# ------------------------------------------------------------------------------------------------ people as told
def test_who_is_suspended_is_told_while_it_lasts_and_in_their_role_only() -> None:
    hire(ANN, BOB)
    hire(SAM, role="sales")
    insert = (
        "INSERT INTO suspension (person, role, rule, from_at, until_at, ended_at, lead_id, event_id) "
        "VALUES (%s, 'sdr', 'r', %s, %s, %s, 1, 1)"
    )
    day = timedelta(days=1)
    do(insert, ANN, NOW, NOW + day, None)
    do(insert, BOB, NOW - day, NOW + day, NOW)
    do(insert, SAM, NOW, NOW + day, None)
    assert [m.email for m in members().values() if m.suspended] == [ANN]
    assert not members(now=NOW + day)[ANN].suspended
    assert not members(now=NOW - timedelta(seconds=1))[ANN].suspended


def test_track_records_of_ninety_days_are_told_to_top_performers_only() -> None:
    hire(ANN, BOB)
    for kind, days in (("accepted", 1), ("accepted", 89), ("rejected", 3), ("missed", 4), ("met", 5), ("accepted", 90)):
        do(
            "INSERT INTO track_record (kind, person, lead_id, event_id, at) VALUES (%s, %s, 1, 1, %s)",
            kind, ANN, NOW - timedelta(days=days),
        )  # fmt: skip
    told = members("top_performer")
    assert [(m.accepted, m.decided) for m in told.values()] == [(2, 4), (0, 0)]
    assert members()[ANN].decided == 0


def test_open_leads_are_counted_where_capacity_or_the_strategy_asks() -> None:
    put_in_force()
    hire(ANN)
    hire(BOB, capacity=5)
    for name in "abcd":
        arrive(name)
    assert [m.open_leads for m in members().values()] == [0, 2]
    assert [m.open_leads for m in members("least_open").values()] == [2, 2]


def test_heads_departments_and_tiers_are_told() -> None:
    hire(ANN, BOB)
    do(
        "INSERT INTO team (key, label, head, department) VALUES ('east', '', %s, 'field'), ('west', '', %s, NULL)",
        ANN,
        ANN,
    )
    do("UPDATE person SET team = 'east', tier = 1 WHERE email = %s", BOB)
    told = members()
    assert told[ANN].head_of == {"east", "west"}
    assert (told[BOB].department, told[BOB].tier, told[BOB].head_of) == ("field", 1, frozenset())


def test_caps_are_counted_by_day_week_and_month_in_the_persons_zone() -> None:
    put_in_force()
    hire(ANN, caps={"day": 9})
    friday = datetime.fromisoformat("2026-11-20T10:00:00+08:00")
    shanghai_midnight = friday.replace(hour=0)
    for back in (timedelta(0), timedelta(microseconds=-1), timedelta(days=-4, microseconds=-1), timedelta(days=-20)):
        do(
            "INSERT INTO assignment (event_id, lead_id, role, person, at) VALUES (1, 1, 'sdr', %s, %s)",
            ANN, shanghai_midnight + back,
        )  # fmt: skip
    assert members(now=friday)[ANN].received == {"day": 1, "week": 2, "month": 3}


def test_who_may_receive_fourteen_a_month_gets_exactly_fourteen() -> None:
    put_in_force()
    hire(ANN, caps={"month": 14})
    last = [arrive(f"c{number}") for number in range(16)][-1]
    assert column("SELECT count(*) FROM assignment WHERE person = %s", ANN) == [14]
    assert last["candidates"] == [{"person": ANN, "reason": "cap_month"}]
    assert last["otherwise"] == "queue"


# ------------------------------------------------------------------------------------------------ the account's owner
def test_a_lead_of_a_company_goes_to_the_owner_of_its_other_lead_and_no_pointer_moves() -> None:
    put_in_force(policy_document(assignment=[{"key": "inbound", "role": "sdr", "sticky": "account"}]))
    hire(ANN, BOB)
    of_company = {"company": {"domain": "corp.cn"}}
    clock = HandClock()
    assert arrive("a", clock, **of_company)["chosen"] == ANN
    before = pointers()
    clock.pass_by(minutes=1)
    second = arrive("b", clock, **of_company)
    assert (second["chosen"], second["way"], pointers()) == (ANN, "account", before)
    clock.pass_by(minutes=1)
    assert arrive("c", clock)["chosen"] == BOB
    work("lead.assigned", "b", SAM, clock, to=BOB)
    clock.pass_by(minutes=1)
    assert arrive("d", clock, **of_company)["chosen"] == ANN
    assert verify().differences == ()


def test_two_outbound_leads_of_one_company_in_one_batch_have_one_owner() -> None:
    put_in_force()
    hire(ANN, BOB)
    take_in(
        *(
            event(external_id=name, traits={"direction": "outbound"}, company={"domain": "corp.cn"})
            for name in ("a", "b", "c")
        )
    )
    decide_all()
    assert column("SELECT owner FROM lead") == [ANN] * 3
    assert verify().differences == ()


# ------------------------------------------------------------------------------------------------ turns given back
def for_sales(*, sticky: str | None = None, **parts: Any) -> None:
    """A policy by which every CTO is an MQL at once, and two reps."""
    boss = {"field": "lead.job_title", "op": "eq", "value": "CTO"}
    rule = {"key": "closing", "role": "sales", "sticky": sticky}
    reasons = {"reject": [{"key": "no_need"}, {"key": "duplicate"}]}
    put_in_force(
        policy_document(
            qualification={"mql": [{"key": "boss", "when": boss}]}, assignment=[rule], reasons=reasons, **parts
        )
    )
    hire(ANN, BOB, role="sales")


def turns(**assignment: Any) -> AssignmentRound:
    """The rotation of one policy, with one person who has had three turns."""
    number = put_in_force(policy_document(assignment=[{"key": "inbound", "role": "sdr", **assignment}]))
    rules = RulesCache().version(number)
    at = BatchContext(NOW, rules, NOBODY, RulesCache().clock_rule, Schedules.of(rules.policy, {}, ()).due)
    return AssignmentRound(
        at, {"inbound": {ANN: Pointer(Fraction(3), 3, NOW)}}, [Member(ANN, "sdr"), Member(BOB, "sdr")]
    )


def test_a_turn_given_back_is_written_and_one_of_a_policy_that_is_no_more_is_not() -> None:
    mine = turns()
    mine.compensate("inbound", ANN)
    mine.compensate("gone", ANN)
    with transaction() as connection:
        mine.save(raw(connection))
    assert rows("SELECT policy_key, member, numerator::int FROM rotation") == [("inbound", ANN, 2)]


@pytest.mark.parametrize("reason", ["no_need", "duplicate"])
def test_a_rejection_for_the_right_reason_gives_the_rep_a_replacement(reason: str) -> None:
    for_sales(feedback={"compensate": ["no_need"], "on_reject": "nurture"})
    clock = HandClock()
    assert [arrive(name, clock, traits=CTO)["chosen"] for name in "ab"] == [ANN, BOB]
    work("lead.rejected", "b", BOB, clock, reason=reason)
    given_back = reason == "no_need"
    assert pointers("closing") == {ANN: 1, BOB: 0 if given_back else 1}
    assert arrive("c", clock, traits=CTO)["chosen"] == (BOB if given_back else ANN)
    assert verify().differences == ()


def test_a_lead_that_was_no_turn_is_given_back_without_a_replacement() -> None:
    for_sales(sticky="account", feedback={"compensate": ["no_need"], "on_reject": "nurture"})
    clock = HandClock()
    of_company = {"company": {"domain": "corp.cn"}, "traits": CTO}
    assert [arrive(name, clock, **of_company)["chosen"] for name in "ab"] == [ANN, ANN]
    work("lead.rejected", "b", ANN, clock, reason="no_need")
    assert pointers("closing") == {ANN: 1, BOB: 0}
    assert verify().differences == ()


def test_who_is_suspended_within_a_batch_receives_nothing_more() -> None:
    mine = turns()
    mine.suspend(ANN)
    assert [(member.email, member.suspended) for member in mine.members] == [(ANN, True), (BOB, False)]


# ------------------------------------------------------------------------------------------------ by hand
def test_a_lead_assigned_by_hand_is_a_turn_of_the_policy_and_may_exceed_what_is_allowed() -> None:
    put_in_force()
    hire(ANN, BOB)
    hire("boss@example.com", role="manager")
    clock = HandClock()
    assert arrive("a", clock)["chosen"] == ANN
    do('UPDATE person SET capacity = 1, details = \'{"caps": {"day": 1}}\' WHERE email = %s', ANN)
    assert arrive("b", clock)["chosen"] == BOB
    by_hand = work("lead.assigned", "b", "boss@example.com", clock, to=ANN)
    assert (by_hand["chosen"], by_hand["way"]) == (ANN, "named")
    assert by_hand["warnings"] == ["capacity", "cap_day"]
    assert pointers() == {ANN: 2, BOB: 1}
    assert column("SELECT count(*) FROM assignment WHERE person = %s", ANN) == [2]
    assert verify().differences == ()


def test_a_dispatcher_receives_the_lead_and_hands_it_to_a_person_of_the_team() -> None:
    rule = {"key": "inbound", "role": "sdr", "strategy": "dispatcher", "teams": ["east"]}
    put_in_force(policy_document(assignment=[rule]))
    hire("head@example.com", role="manager")
    hire(ANN)
    do("INSERT INTO team (key, label, head) VALUES ('east', '', 'head@example.com')")
    do("UPDATE person SET team = 'east' WHERE email = %s", ANN)
    clock = HandClock()
    assert arrive("a", clock, traits=CTO)["chosen"] == "head@example.com"
    dispatched = work("lead.dispatched", "a", "head@example.com", clock, to=ANN)
    assert (dispatched["chosen"], dispatched["policy"], dispatched["way"]) == (ANN, "inbound", "named")
    assert column("SELECT owner FROM lead") == [ANN]
    assert pointers() == {"head@example.com": 1}
    assert verify().differences == ()
