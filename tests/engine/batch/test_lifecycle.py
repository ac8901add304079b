"""The life of a lead: who owns it, which clocks run, who is notified; and `verify` agrees with the record."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine.core.calendar.roster_changes import Handover
from engine.verification.verify import verify
from tests.engine.living import (
    BOSS,
    LI,
    MA,
    SUN,
    WANG,
    Living,
    candidates,
    clocks,
    number,
    people,
    recorded,
    standing,
    told,
)
from tests.factories import CTO, column, decide_all, event, model, policy_document, put_in_force, rows, take_in

FIRST_TOUCH = {
    "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
    "window": {"hours": 1}, "warn_at": [80], "on_warn": [{"do": "notify", "to": "owner"}],
    "on_breach": [{"do": "reassign"}, {"do": "notify", "to": "manager"}],
}  # fmt: skip
ACCEPT = {
    "key": "accept_48h", "role": "sales", "starts_on": {"stage": "mql"}, "met_by": ["lead.accepted", "lead.rejected"],
    "window": {"hours": 48}, "warn_at": [80], "on_warn": [{"do": "notify", "to": "owner"}],
    "on_breach": [{"do": "strike"}, {"do": "reassign"}, {"do": "notify", "to": "manager"}],
}  # fmt: skip
STRIKES = [{"role": "sales", "sla": ["accept_48h"], "consecutive": 2, "suspend": {"days": 30}}]
MATRIX = {"default": {"action": "sdr"}, "cells": {"A.cold": {"action": "sales"}}}
"""CTOs go straight to sales, everybody else to an SDR."""


def rules(**parts: Any) -> dict[str, Any]:
    return policy_document(
        **{"models": [model(matrix=MATRIX)], "sla": [FIRST_TOUCH, ACCEPT], "strikes": STRIKES, **parts}
    )


@pytest.fixture
def live(database: str) -> Iterator[Living]:
    """A policy in force and five people; at the end the record must hold."""
    put_in_force(rules())
    living = Living()
    living.roster(*people(LI, WANG), *people(SUN, MA, role="sales"), *people(BOSS, role="manager", manager=None))
    yield living
    assert verify().differences == ()


def test_recycling_ends_clocks_and_protection_without_a_miss(live: Living) -> None:
    put_in_force(rules(pool={"protection": {"days": 10}}))
    live.happens()
    live.happens("lead.recycled", actor=LI)
    assert standing() == ("nurture", None)
    assert clocks() == [("first_touch", LI, "cancelled")]
    assert rows("SELECT sdr, protected_until, pool_next_at FROM lead") == [(LI, None, None)]
    live.wait(days=11)
    assert recorded() == []
    assert told() == [("assigned", LI)]
    live.happens("content.downloaded")
    assert standing() == ("ready", WANG)


def test_a_reopened_lead_waits_in_nurture_for_something_new(live: Living) -> None:
    live.happens()
    live.happens("lead.disqualified", actor=LI, properties={"reason": "other"})
    assert clocks() == [("first_touch", LI, "cancelled")]
    live.happens("lead.reopened", actor=BOSS)
    assert standing() == ("nurture", None)
    live.wait(minutes=1)
    live.happens("content.downloaded")
    assert standing() == ("ready", WANG)
    assert clocks()[-1] == ("first_touch", WANG, "running")


def test_two_owners_of_one_person_are_both_told_and_one_clock_goes_on(live: Living) -> None:
    live.happens()
    live.happens(email="li@corp.cn")
    first = number()
    assert column("SELECT owner FROM lead ORDER BY id") == [LI, WANG]
    live.wait(minutes=5)
    live.happens(external_id="x", email="li@corp.cn")
    assert standing() == ("ready", LI)
    assert number() == first
    assert sorted(told("merged")) == [("merged", LI), ("merged", WANG)]
    assert rows("SELECT owner, state FROM clock ORDER BY id") == [(LI, "running"), (WANG, "cancelled")]
    live.wait(minutes=56)
    assert standing() == ("ready", WANG)
    assert recorded() == [("missed", LI)], "what was cancelled by the merge is nobody's miss"
    assert column("SELECT count(*) FROM event WHERE type = 'sla.breached'") == [1]


def test_an_undone_merge_lets_the_clocks_go_on_that_have_time_left(live: Living) -> None:
    live.happens()
    live.happens(email="li@corp.cn")
    first, second = column("SELECT id FROM lead ORDER BY id")
    live.happens(external_id="x", email="li@corp.cn")
    due = live.now + timedelta(hours=1)
    live.wait(minutes=10)
    (merge,) = column("SELECT id FROM merge")
    take_in(event("lead.merged", at=live.now, lead_id=first, properties={"undo": merge, "leads": [first, second]}))
    live.settle()
    assert rows("SELECT owner, state, due_at FROM clock ORDER BY id") == [
        (LI, "running", due), (WANG, "running", due),
    ]  # fmt: skip
    assert verify().differences == ()
    live.wait(hours=1)
    assert sorted(recorded("missed")) == [("missed", LI), ("missed", WANG)]


def test_leads_that_arrive_merge_and_part_again_keep_what_was_decided_between(live: Living) -> None:
    take_in(event(external_id="x", at=live.now), event(email="li@corp.cn", at=live.now))
    take_in(event(external_id="x", email="li@corp.cn", at=live.now))
    live.settle()
    first, second = column("SELECT id FROM lead ORDER BY id")
    (merge,) = column("SELECT id FROM merge")
    live.wait(minutes=10)
    take_in(event("lead.merged", at=live.now, lead_id=first, properties={"undo": merge, "leads": [first, second]}))
    live.settle()
    assert column("SELECT count(*) FROM lead WHERE owner IS NOT NULL AND stage = 'ready'") == [2]


def test_an_undone_merge_punishes_nobody_for_the_time_in_which_the_lead_was_not_theirs(live: Living) -> None:
    live.happens()
    live.happens(email="li@corp.cn")
    first, second = column("SELECT id FROM lead ORDER BY id")
    live.happens(external_id="x", email="li@corp.cn")
    live.happens("lead.touched", actor=LI)
    live.wait(hours=3)
    assert column("SELECT count(*) FROM event WHERE type LIKE 'sla.%%'") == [0], "a cancelled clock fires nothing"
    (merge,) = column("SELECT id FROM merge")
    take_in(event("lead.merged", at=live.now, lead_id=first, properties={"undo": merge, "leads": [first, second]}))
    live.settle()
    assert rows("SELECT owner, state FROM clock ORDER BY id") == [(LI, "met"), (WANG, "cancelled")]
    assert recorded("missed") == []


def test_deactivation_takes_leads_and_clocks_without_a_miss_and_gives_them_by_policy(live: Living) -> None:
    live.happens()
    assert standing() == ("ready", LI)
    live.wait(minutes=10)
    live.roster(*people(LI, active=False))
    assert standing() == ("ready", WANG)
    assert clocks() == [("first_touch", LI, "cancelled"), ("first_touch", WANG, "running")]
    assert candidates() == {LI: "inactive", WANG: "chosen"}
    assert recorded() == []
    assert told("assigned", "taken") == [("assigned", LI), ("assigned", WANG), ("taken", BOSS)]


def test_deactivation_gives_leads_to_the_manager_where_the_editor_chose_that(live: Living) -> None:
    live.happens()
    live.roster(*people(LI, active=False), handover=Handover(leaving="manager"))
    assert standing() == ("ready", BOSS)
    assert clocks() == [("first_touch", LI, "cancelled"), ("first_touch", BOSS, "running")]
    assert recorded() == []


def test_a_change_of_role_gives_mqls_to_somebody_of_the_old_role(live: Living) -> None:
    live.happens(traits=CTO)
    assert standing() == ("mql", MA)
    live.roster(*people(MA))
    assert standing() == ("mql", SUN)
    assert clocks() == [("accept_48h", MA, "cancelled"), ("accept_48h", SUN, "running")]
    assert recorded() == []
    assert column("SELECT count(*) FROM strike") == [0]


def test_accepted_leads_and_opportunities_of_somebody_who_leaves_find_another_owner(live: Living) -> None:
    live.happens(traits=CTO)
    live.happens("lead.accepted", actor=MA)
    live.happens(lead="y", traits=CTO)
    live.happens("lead.accepted", lead="y", actor=SUN)
    live.happens("opportunity.created", lead="y", actor=SUN)
    live.roster(*people(MA, role="sales", active=False))
    assert standing() == ("sql", SUN)
    live.roster(*people(SUN, role="sales", active=False))
    assert (standing(), standing("y")) == (("sql", None), ("opportunity", None))
    assert rows("SELECT queued_role FROM lead") == [("sales",), ("sales",)]
    live.roster(*people(MA, role="sales", active=True))
    assert (standing(), standing("y")) == (("sql", MA), ("opportunity", MA))


def test_a_long_absence_leaves_leads_and_running_clocks_and_brings_no_new_ones(live: Living) -> None:
    live.happens()
    live.roster(*people(LI, absences=[{"from": "2036-11-20", "to": "2036-12-20"}]))
    assert standing() == ("ready", LI)
    live.happens(lead="y")
    live.happens(lead="z")
    assert [standing(lead)[1] for lead in "yz"] == [WANG, WANG]
    assert candidates("z")[LI] == "absent"
    live.wait(hours=1)
    assert standing() == ("ready", WANG), "an absence begun later does not stop an elapsed clock"
    assert ("missed", LI) in recorded()


def test_an_absence_gives_the_leads_away_where_the_editor_chose_that(live: Living) -> None:
    live.happens()
    absent = people(LI, absences=[{"from": "2036-11-20", "to": "2036-12-20"}])
    live.roster(*absent, handover=Handover(absent="policy"))
    assert standing() == ("ready", WANG)
    assert recorded() == []


def test_who_is_suspended_keeps_leads_and_open_clocks_and_further_misses_do_not_count(live: Living) -> None:
    live.roster(*people(SUN, role="sales", active=False))
    struck = live.now + timedelta(hours=49)
    for lead in ("a", "b", "c", "d"):
        live.happens(lead=lead, traits=CTO)
        live.wait(hours=1)
    live.roster(*people(SUN, role="sales", active=True))
    live.wait(hours=45, minutes=30)
    assert standing("b") == ("mql", SUN)
    assert rows("SELECT person, from_at, until_at, ended_at FROM suspension") == [
        (MA, struck, struck + timedelta(days=30), None)
    ]
    assert (standing("c"), standing("d")) == (("mql", MA), ("mql", MA)), "who is suspended keeps their leads"
    assert clocks("c") == [("accept_48h", MA, "running")]
    live.wait(hours=1)
    assert recorded("missed") == [("missed", MA)] * 3
    assert rows("SELECT person, count FROM strike") == [(MA, 0)], "a miss while suspended is not counted"
    live.happens("lead.accepted", lead="d", actor=MA)
    live.happens(lead="e", traits=CTO)
    assert candidates("e") == {MA: "suspended", SUN: "chosen"}
    assert [kind for kind, person in told("suspended") if person == MA] == ["suspended"]
    live.wait(days=31)
    assert told("suspension_ended") != []
    live.happens(lead="f", traits=CTO)
    assert candidates("f")[MA] in {"eligible", "chosen"}


def test_a_clock_keeps_the_window_the_actions_and_the_stage_of_its_version(live: Living) -> None:
    live.happens()
    other = {**FIRST_TOUCH, "window": {"minutes": 5}, "starts_on": {"stage": "mql"}, "on_breach": [{"do": "recycle"}]}
    put_in_force(rules(sla=[other]))
    live.wait(minutes=50)
    assert clocks() == [("first_touch", LI, "running")]
    assert told("sla_warned") == [("sla_warned", LI)]
    live.wait(minutes=10)
    assert standing() == ("ready", WANG), "the version it started under reassigns"
    assert clocks() == [("first_touch", LI, "breached")], "in the new version no clock starts on ready"


def test_a_clock_of_a_rule_that_is_no_more_still_does_what_it_was_started_for(live: Living) -> None:
    live.happens()
    put_in_force(rules(sla=[]))
    live.wait(hours=1)
    assert standing() == ("ready", WANG)
    assert clocks() == [("first_touch", LI, "breached")]


CALL_BACK = {
    "key": "call_back", "role": "sdr", "starts_on": {"event": "content.downloaded"}, "met_by": ["lead.touched"],
    "window": {"hours": 1}, "on_breach": [{"do": "strike"}, {"do": "reassign"}],
}  # fmt: skip


def test_a_clock_that_runs_while_nobody_has_the_lead_starts_again_for_whoever_gets_it(live: Living) -> None:
    put_in_force(rules(sla=[CALL_BACK]))
    live.roster(*people(LI, WANG, active=False))
    live.happens("content.downloaded")
    assert standing() == ("ready", None)
    assert clocks() == [("call_back", None, "running")]
    live.wait(minutes=30)
    live.roster(*people(LI, active=True))
    assert standing() == ("ready", LI)
    assert clocks() == [("call_back", None, "cancelled"), ("call_back", LI, "running")]
    assert column("SELECT due_at FROM clock ORDER BY id DESC LIMIT 1") == [live.now + timedelta(hours=1)]


def test_a_clock_that_ends_while_nobody_has_the_lead_strikes_nobody_and_starts_again_for_whoever_gets_it(
    live: Living,
) -> None:
    put_in_force(rules(sla=[CALL_BACK]))
    live.roster(*people(LI, WANG, active=False))
    live.happens("content.downloaded")
    live.wait(hours=2)
    assert clocks() == [("call_back", None, "breached")]
    assert recorded() == []
    assert ("sla_breached", BOSS) in told()
    live.roster(*people(LI, active=True))
    assert clocks()[1:] == [("call_back", LI, "running")]


def test_a_clock_whose_breach_found_nobody_starts_for_whoever_comes_next(live: Living) -> None:
    put_in_force(rules(sla=[CALL_BACK]))
    live.roster(*people(WANG, active=False))
    live.happens("content.downloaded")
    live.wait(hours=1)
    assert standing() == ("ready", None)
    assert clocks() == [("call_back", LI, "breached")]
    live.roster(*people(WANG, active=True))
    assert standing() == ("ready", WANG)
    assert clocks() == [("call_back", LI, "breached"), ("call_back", WANG, "running")]


def test_a_new_month_without_a_list_lets_everybody_receive_and_a_late_list_only_the_listed(live: Living) -> None:
    live.roster(*people(LI, eligible_months=["2036-11"]))
    live.happens(lead="a")
    live.happens(lead="b")
    assert [standing(lead)[1] for lead in "ab"] == [LI, LI]
    assert candidates("b") == {LI: "chosen", WANG: "not_listed"}
    for lead in "ab":
        live.happens("lead.touched", lead=lead, actor=LI)
    live.wait(days=12)
    live.happens(lead="c")
    assert standing("c") == ("ready", WANG), "without a list for December everybody is eligible"
    live.roster(*people(LI, eligible_months=["2036-11", "2036-12"]))
    live.happens(lead="d")
    assert candidates("d") == {LI: "chosen", WANG: "not_listed"}
    assert standing("c") == ("ready", WANG), "who is not on the list keeps what they have"


def test_a_lead_queued_for_a_list_is_served_when_the_list_comes(live: Living) -> None:
    live.roster(
        *people(LI, WANG, eligible_months=["2036-10"]),
        *people("out@example.com", eligible_months=["2036-11"], active=False),
    )
    live.happens()
    assert standing() == ("ready", None)
    assert candidates() == {LI: "not_listed", WANG: "not_listed", "out@example.com": "inactive"}
    assert told("queued") == [("queued", BOSS)]
    live.roster(*people(WANG, eligible_months=["2036-10", "2036-11"]))
    assert standing() == ("ready", WANG)


def test_a_warning_of_the_pool_is_given_although_the_lead_moves_at_its_moment(live: Living) -> None:
    put_in_force(rules(pool={"protection": {"days": 2}, "warn_before": [{"days": 1}]}, sla=[]))
    live.happens()
    live.clock.pass_by(days=1, minutes=1)
    take_in(event("page.viewed", at=live.now, external_id="x"), now=live.now)
    decide_all(live.clock)
    live.settle()
    assert told("pool_warned") == [("pool_warned", LI)]
    live.wait(days=1)
    assert standing() == ("ready", None)
    assert told("pool_warned") == [("pool_warned", LI)]
