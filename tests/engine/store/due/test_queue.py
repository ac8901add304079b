"""Queued leads are tried again when somebody may take them, best and oldest first, and not before (R5.10)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from engine.store.due.queue import ASKED_AT_ONCE, QueueWatch
from engine.store.roster.roster import save_person
from engine.store.session import raw, transaction
from engine.verification.verify import verify
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
LI = "li@example.com"
SECOND = timedelta(seconds=1)
TODAY = str(NOW.date())
REGIONS = [{"key": "inbound", "role": "sdr", "match": [{"rep": "territories", "field": "lead.region"}]}]


class Watched:
    """The queue under watch, and a clock that decides what was asked."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.watch = QueueWatch()
        self.clock = HandClock(moment)

    def ask(self, **later: float) -> list[int]:
        """Which leads ask after some time."""
        self.clock.pass_by(**later)
        return self.watch.ask(self.clock.now())

    def decide(self) -> None:
        """What was asked is decided."""
        decide_all(self.clock)

    def drain(self, **later: float) -> list[int]:
        """Wave after wave until nobody asks any more."""
        asked, wave = [], self.ask(**later)
        while wave:
            asked += wave
            self.decide()
            wave = self.ask()
        return asked


def do(query: str, *values: Any) -> None:
    """Change something in the database."""
    with transaction() as connection:
        raw(connection).execute(query.encode(), values)


def arrive(*names: str, at: datetime = NOW, **parts: Any) -> list[int]:
    """Leads come, one after another, and are decided."""
    take_in(*(event(external_id=name, at=at, **parts) for name in names), now=at)
    decide_all(HandClock(at))
    return column("SELECT lead_id FROM identity WHERE value = ANY(%s) ORDER BY lead_id", list(names))


def asked() -> int:
    """How often any lead asked so far."""
    return int(column("SELECT count(*) FROM event WHERE type = 'queue.assigned'")[0])


def come_later(**parts: Any) -> Watched:
    """Somebody comes while the queue is under watch."""
    watched = Watched()
    assert watched.ask() == []
    hire(LI, **parts)
    return watched


# ------------------------------------------------------------------------------------------------ in which order
def test_the_best_and_oldest_lead_asks_first_and_alone_the_others_after_it() -> None:
    put_in_force()
    first, second = arrive("a", "b")
    (best,) = arrive("c", traits=CTO)
    (last,) = arrive("d")
    watched = Watched()
    assert watched.ask() == [], "nobody is there to ask for"
    hire(LI)
    assert watched.ask(seconds=1) == [best]
    assert watched.ask(seconds=1) == [], "the first is on its way"
    watched.decide()
    assert watched.ask() == [first, second, last]
    watched.decide()
    assert column("SELECT lead_id FROM assignment ORDER BY id")[0] == best
    assert (watched.ask(), watched.ask(minutes=5), asked()) == ([], [], 4)
    assert verify().differences == ()


def test_only_as_many_ask_as_can_be_served() -> None:
    put_in_force()
    leads = arrive("a", "b", "c", "d")
    watched = come_later(capacity=2)
    assert watched.drain(seconds=1) == leads[:2]
    assert (watched.drain(minutes=10), asked()) == ([], 2)


def test_a_cell_with_a_higher_priority_comes_before_grade_and_wait() -> None:
    document = policy_document()
    first = {"action": "sdr", "priority": 1}
    document["models"][0]["matrix"] = {"default": {"action": "sdr", "priority": 3}, "cells": {"D.cold": first}}
    put_in_force(document)
    (good,) = arrive("good", traits=CTO)
    (urgent,) = arrive("urgent")
    assert come_later().drain(seconds=1) == [urgent, good]


def test_a_long_queue_is_asked_in_waves_that_grow_to_a_limit() -> None:
    put_in_force()
    arrive(*(f"c{number}" for number in range(400)))
    watched = come_later()
    sizes = [len(watched.ask(seconds=1))]
    while sizes[-1]:
        watched.decide()
        sizes.append(len(watched.ask()))
    assert sizes == [1, 4, 16, 64, ASKED_AT_ONCE, 59, 0]
    assert column("SELECT count(*) FROM lead WHERE owner IS NULL") == [0]


def test_a_wave_holds_leads_of_one_priority_and_grade() -> None:
    put_in_force()
    best = arrive(*"abcdefg", traits=CTO)
    others = arrive(*"hijk")
    watched = come_later()
    waves = [watched.ask(seconds=1)]
    while waves[-1]:
        watched.decide()
        waves.append(watched.ask())
    assert waves == [best[:1], best[1:5], best[5:], others, []]


def test_leads_that_nobody_can_serve_neither_ask_nor_keep_others_from_asking() -> None:
    put_in_force(policy_document(assignment=REGIONS))
    hire(LI, territories=["华东"], caps={"day": 0})
    arrive(*(f"north{number}" for number in range(30)), traits={**CTO, "region": "华北"})
    (east,) = arrive("east", traits={"region": "华东"})
    watched = Watched()
    assert watched.ask() == []
    do("UPDATE person SET details = details - 'caps'")
    assert (watched.drain(seconds=1), watched.drain(minutes=30), asked()) == ([east], [], 1)


# ------------------------------------------------------------------------------------------------ when
def absent() -> None:
    hire(LI, absences=[{"from": TODAY, "to": TODAY}])


def suspended() -> None:
    hire(LI)
    do(
        "INSERT INTO suspension (person, role, rule, from_at, until_at, lead_id, event_id) "
        "VALUES (%s, 'sdr', 'r', %s, %s, 1, 1)",
        LI, NOW, NOW + timedelta(hours=14),
    )  # fmt: skip


@pytest.mark.parametrize("away", [absent, suspended])
def test_who_returns_is_asked_within_two_seconds_and_nobody_before(away: Callable[[], None]) -> None:
    put_in_force()
    away()
    (lead,) = arrive("a")
    watched = Watched()
    assert (watched.ask(hours=13, minutes=59), asked()) == ([], 0)
    assert watched.ask(minutes=1, seconds=1) == [lead]


def test_a_new_day_in_the_persons_zone_brings_new_places() -> None:
    put_in_force()
    hire(LI, caps={"day": 1})
    served, waits = arrive("a", "b")
    watched = Watched()
    assert (watched.ask(hours=13, minutes=59), watched.ask(minutes=1)) == ([], [waits])
    watched.decide()
    assert column("SELECT person FROM assignment WHERE lead_id = ANY(%s)", [served, waits]) == [LI, LI]


def test_capacity_that_is_freed_serves_whoever_waits() -> None:
    put_in_force()
    hire(LI, capacity=1)
    served, waits = arrive("a", "b")
    watched = Watched()
    assert watched.ask() == []
    do("UPDATE lead SET owner = NULL, stage = 'disqualified' WHERE id = %s", served)
    assert watched.ask(seconds=1) == [waits]


def test_an_edit_of_the_roster_lets_those_ask_who_might_now_be_served() -> None:
    put_in_force(policy_document(assignment=REGIONS))
    hire(LI, territories=["华北"])
    (lead,) = arrive("a", traits={"region": "华东"})
    watched = Watched()
    assert watched.ask() == []
    do("UPDATE person SET details = %s", Jsonb({"territories": ["华北", "华东"]}))
    assert watched.drain(seconds=1) == [lead]
    assert column("SELECT owner FROM lead") == [LI]


def test_an_edit_made_while_no_scheduler_was_there_is_noticed_by_the_audit_log() -> None:
    put_in_force(policy_document(assignment=REGIONS))
    hire(LI, territories=["华北"])
    (lead,) = arrive("a", traits={"region": "华东"}, at=NOW)
    save_person({"email": LI, "territories": ["华东"]}, by="operator")
    do("UPDATE audit_entry SET at = %s", NOW + SECOND)
    assert Watched().ask(seconds=2) == [lead]


def test_a_lead_that_says_something_new_asks_again() -> None:
    put_in_force(policy_document(assignment=REGIONS))
    hire(LI, territories=["华东"])
    (lead,) = arrive("a", traits={"region": "华北"})
    watched = Watched()
    assert watched.ask() == []
    arrive("a", traits={"region": "华东"}, at=NOW + SECOND)
    assert watched.drain(seconds=2) == [lead]
    assert column("SELECT owner FROM lead") == [LI]


def test_another_policy_lets_those_ask_who_might_now_be_served() -> None:
    put_in_force(policy_document(assignment=REGIONS))
    hire(LI)
    (lead,) = arrive("a")
    watched = Watched()
    assert watched.ask() == []
    put_in_force(now=NOW + SECOND)
    assert watched.ask(seconds=2) == [lead]


def test_what_only_time_changes_is_looked_at_every_hour() -> None:
    put_in_force(policy_document(assignment=REGIONS))
    hire(LI)
    (lead,) = arrive("a")
    watched = Watched()
    assert watched.drain(minutes=59) == []
    assert watched.drain(minutes=1) == [lead]
    assert watched.drain(minutes=59) == []
    assert watched.drain(minutes=1) == [lead]


def test_a_lead_that_was_queued_without_asking_asks() -> None:
    put_in_force()
    (lead,) = arrive("a")
    do("UPDATE lead SET queue_asked_at = NULL, queue_for = NULL")
    hire(LI)
    assert Watched().ask() == [lead]


# ------------------------------------------------------------------------------------------------ once
def test_two_schedulers_let_a_lead_ask_once() -> None:
    put_in_force()
    absent()
    (lead,) = arrive("a")
    tomorrow = NOW + timedelta(hours=14)
    assert [Watched(tomorrow).ask(), Watched(tomorrow).ask()] == [[lead], []]


def test_a_wave_that_meets_a_stopped_worker_does_not_stop_the_others() -> None:
    put_in_force()
    first, second = arrive("a", "b")
    watched = come_later()
    assert watched.ask(seconds=1) == [first]
    assert (watched.ask(seconds=9), watched.ask(seconds=2)) == ([], [second])


def test_looks_are_a_second_apart_while_nothing_is_asked() -> None:
    put_in_force()
    arrive("a")
    watched = Watched()
    assert watched.ask() == []
    hire(LI)
    assert watched.ask(seconds=0.9) == []
    assert len(watched.ask(seconds=0.1)) == 1


def test_before_a_policy_is_in_force_nobody_asks() -> None:
    put_in_force()
    arrive("a")
    hire(LI)
    do("DELETE FROM active_policy")
    assert Watched().ask() == []


# ------------------------------------------------------------------------------------------------ outbound
SPAM = {"reason": "spam"}
OUTBOUND = {"traits": {"direction": "outbound"}, "company": {"domain": "corp.cn"}}


def test_an_outbound_lead_of_an_owned_company_waits_until_the_other_lead_is_closed() -> None:
    put_in_force(policy_document(reasons={"disqualify": [{"key": "spam"}]}))
    hire(LI, capacity=1)
    (inbound,) = arrive("in", company={"domain": "corp.cn"})
    hire("bo@example.com")
    (outbound,) = arrive("out", at=NOW + SECOND, **OUTBOUND)
    ((owner, conflict, body),) = rows(
        "SELECT owner, state->>'conflict', d.body FROM lead JOIN decision d ON d.lead_id = lead.id WHERE lead.id = %s",
        outbound,
    )
    assert (owner, conflict, body["assignment"]["conflict"]) == (None, LI, LI)
    watched = Watched()
    assert watched.drain(hours=2) == [], "the company has an owner, however long it takes"
    take_in(event("lead.disqualified", external_id="in", actor=LI, at=watched.clock.now(), properties=SPAM))
    watched.decide()
    assert watched.drain(seconds=1) == [outbound]
    assert column("SELECT owner IS NOT NULL FROM lead WHERE id = %s", outbound) == [True]
    assert column("SELECT owner FROM lead WHERE id = %s", inbound) != [None]
    assert verify().differences == ()


def test_an_outbound_lead_goes_to_the_companys_owner_when_that_one_has_a_place_again() -> None:
    put_in_force()
    hire(LI, caps={"day": 1})
    arrive("in", company={"domain": "corp.cn"})
    hire("bo@example.com")
    (outbound,) = arrive("out", at=NOW + SECOND, **OUTBOUND)
    watched = Watched()
    assert (watched.drain(hours=13), watched.drain(hours=1)) == ([], [outbound])
    assert column("SELECT owner FROM lead WHERE id = %s", outbound) == [LI]
    ((body,),) = rows("SELECT body FROM decision WHERE lead_id = %s ORDER BY id DESC LIMIT 1", outbound)
    assert (body["assignment"]["way"], body["assignment"]["chosen"]) == ("account", LI)
