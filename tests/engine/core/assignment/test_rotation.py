"""Rotation as properties: fair over any sequence of joins, leaves and absences (R5.5, R5.6)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.assignment.assignment import Choice, LeadToAssign, Member, choose
from engine.core.assignment.eligibility import unavailability
from engine.core.assignment.rotation import Pointer, Pointers, department_key, inside_key
from engine.core.lead.state import LeadState
from rulesets.policy.policy import AssignmentPolicy
from tests.engine.core.scored_leads import NOW

EVERYBODY = frozenset({"华东"})
ANN, BOB, CAT, DAN = (f"{name}@example.com" for name in ("ann", "bob", "cat", "dan"))


def policy(**parts: Any) -> AssignmentPolicy:
    return AssignmentPolicy.model_validate({"key": "p", "role": "sdr", **parts})


def sdr(email: str, **parts: Any) -> Member:
    return Member(email, "sdr", **{"lists": {"territories": EVERYBODY}, **parts})


@dataclass
class Desk:
    """One policy's rotation over time, a lead a minute; counts what everybody received."""

    rule: AssignmentPolicy
    pointers: Pointers = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)
    minute: int = 0

    def lead(self, *members: Member, at_once: bool = False) -> Choice:
        self.minute += not at_once
        of = LeadToAssign(lambda _: EVERYBODY, LeadState(), lambda _: True)
        choice = choose(self.rule, of, members, self.pointers, NOW + timedelta(minutes=self.minute))
        self.pointers = {**self.pointers, **choice.moved}
        if choice.person:
            self.given[choice.person] += 1
        return choice

    def leads(self, count: int, *members: Member) -> list[str | None]:
        return [self.lead(*members).person for _ in range(count)]

    def value(self, key: str) -> Fraction | int:
        return self.pointers[key].value


# ------------------------------------------------------------------------------------------------ fairness
OTHERS = tuple(f"other{n}@example.com" for n in range(4))
AWAY: Mapping[str, Mapping[str, Any]] = {
    "here": {},
    "inactive": {"active": False},
    "absent": {"absences": ((date(2026, 1, 1), date(2027, 1, 1)),)},
    "suspended": {"suspended": True},
    "capacity": {"capacity": 0},
    "cap_day": {"caps": {"day": 0}},
    "no_match": {"lists": {}},
    "off_hours": {"working": False},
}
WHO_IS_THERE = st.dictionaries(st.sampled_from(OTHERS), st.sampled_from(sorted(AWAY)), max_size=4)
STRETCHES = st.lists(st.tuples(st.integers(1, 5), WHO_IS_THERE), max_size=25)
RULES = st.builds(
    policy,
    strategy=st.sampled_from(["round_robin", "weighted"]),
    returning=st.sampled_from(["no_credit", "make_up"]),
    off_hours=st.sampled_from(["assign", "skip", "wait"]),
    match=st.just([{"rep": "territories", "field": "lead.region"}]),
)


@given(RULES, STRETCHES, st.integers(1, 3))
def test_two_people_who_are_always_there_differ_by_at_most_one_whoever_else_comes_and_goes(
    rule: AssignmentPolicy, stretches: Sequence[tuple[int, Mapping[str, str]]], weight: int
) -> None:
    """R5.5."""
    desk, constant = Desk(rule), (sdr(ANN, weight=weight), sdr(BOB, weight=weight))
    for leads, there in stretches:
        others = [sdr(email, **AWAY[how]) for email, how in there.items()]
        for _ in range(leads):
            away = {m.email for m in others if AWAY[there[m.email]] and there[m.email] != "off_hours"}
            assert desk.lead(*constant, *others).person not in away
            assert abs(desk.given[ANN] - desk.given[BOB]) <= 1


@given(RULES, STRETCHES, WHO_IS_THERE)
def test_who_joins_or_leaves_changes_no_available_persons_pointer(
    rule: AssignmentPolicy, stretches: Sequence[tuple[int, Mapping[str, str]]], joined: Mapping[str, str]
) -> None:
    desk, constant = Desk(rule), (sdr(ANN), sdr(BOB))
    for leads, there in stretches:
        desk.leads(leads, *constant, *(sdr(email, **AWAY[how]) for email, how in there.items()))
    before = desk.pointers
    people = (*constant, *(sdr(email, **AWAY[how]) for email, how in joined.items()))
    winner = desk.lead(*people).person
    available = {m.email for m in people if unavailability(m, NOW, {}) is None and m.working}
    assert winner in available | {m.email for m in people if rule.off_hours == "assign"}
    for email in (available & before.keys()) - {winner}:
        assert desk.pointers[email] == before[email]


@pytest.mark.parametrize("reps", [1, 2, 3, 7])
def test_equal_people_share_equally(reps: int) -> None:
    desk = Desk(policy())
    desk.leads(30 * reps, *(sdr(f"p{n}@example.com") for n in range(reps)))
    assert set(desk.given.values()) == {30}


def test_weights_three_two_one_share_six_hundred_leads_three_two_one() -> None:
    """R5.5: `weighted`."""
    desk = Desk(policy(strategy="weighted"))
    desk.leads(600, sdr(ANN, weight=3), sdr(BOB, weight=2), sdr(CAT, weight=1))
    assert desk.given == {ANN: 300, BOB: 200, CAT: 100}


def test_weights_count_in_weighted_policies_only() -> None:
    desk = Desk(policy())
    desk.leads(10, sdr(ANN, weight=9), sdr(BOB))
    assert desk.given == {ANN: 5, BOB: 5}


# ------------------------------------------------------------------------------------------------ order of turns
def test_of_equals_the_first_by_e_mail_begins_and_the_longest_waiting_goes_on() -> None:
    desk = Desk(policy())
    assert desk.leads(5, sdr(BOB), sdr(ANN), sdr(CAT)) == [ANN, BOB, CAT, ANN, BOB]


def test_of_equals_those_never_served_come_after_those_served() -> None:
    desk = Desk(policy(), {BOB: Pointer(Fraction(2), 1, NOW - timedelta(days=9)), ANN: Pointer(Fraction(2))})
    assert desk.lead(sdr(ANN), sdr(BOB)).person == BOB


def test_turns_of_one_moment_keep_their_order() -> None:
    desk = Desk(policy())
    desk.lead(sdr(BOB), at_once=True)
    desk.lead(sdr(BOB, active=False), sdr(ANN), at_once=True)
    level = {email: replace(place, value=Fraction(1)) for email, place in desk.pointers.items()}
    desk.pointers = level
    assert [desk.lead(sdr(ANN), sdr(BOB), at_once=True).person for _ in range(2)] == [BOB, ANN]


# ------------------------------------------------------------------------------------------------ who joins or returns
def test_a_joiner_starts_level_with_the_lowest_who_is_available() -> None:
    """R5.5."""
    desk = Desk(policy(returning="make_up"), {ANN: Pointer(Fraction(7)), BOB: Pointer(Fraction(9)), CAT: Pointer()})
    assert desk.lead(sdr(ANN), sdr(BOB), sdr(CAT, active=False), sdr(DAN, **AWAY["no_match"])).person == ANN
    assert (desk.value(DAN), desk.value(CAT)) == (7, 0)


def test_a_joiner_among_absent_people_starts_level_with_the_lowest_of_all() -> None:
    desk = Desk(policy(), {ANN: Pointer(Fraction(7)), BOB: Pointer(Fraction(9))})
    assert desk.lead(sdr(ANN, active=False), sdr(BOB, active=False), sdr(CAT)).person == CAT
    assert (desk.value(CAT), desk.value(ANN)) == (8, 7)


def test_the_first_people_start_at_nothing() -> None:
    desk = Desk(policy())
    desk.lead(sdr(ANN), sdr(BOB))
    assert (desk.value(ANN), desk.value(BOB)) == (1, 0)


@pytest.mark.parametrize(("returning", "in_a_row"), [("no_credit", 1), ("make_up", 10)])
@pytest.mark.parametrize("how", ["inactive", "absent", "suspended", "capacity", "cap_day", "off_hours"])
def test_who_returns_follows_the_chosen_option(how: str, returning: str, in_a_row: int) -> None:
    """R5.5: `no_credit` and `make_up`."""
    desk = Desk(policy(returning=returning, off_hours="skip"))
    desk.leads(2, sdr(ANN), sdr(BOB))
    desk.leads(10, sdr(ANN), sdr(BOB, **AWAY[how]))
    expected = [BOB] * in_a_row + [ANN, BOB]
    assert desk.leads(in_a_row + 2, sdr(ANN), sdr(BOB)) in (expected, [*expected[:-2], BOB, ANN])


@pytest.mark.parametrize(("returning", "value"), [("no_credit", 10), ("make_up", 1)])
def test_who_left_and_comes_back_follows_the_chosen_option_too(returning: str, value: int) -> None:
    desk = Desk(policy(returning=returning))
    desk.leads(2, sdr(ANN), sdr(BOB))
    desk.leads(10, sdr(ANN))
    assert (desk.value(ANN), desk.value(BOB)) == (11, value)


def test_who_does_not_match_keeps_their_turn() -> None:
    desk = Desk(policy(match=[{"rep": "territories", "field": "lead.region"}]))
    desk.leads(2, sdr(ANN), sdr(BOB))
    desk.leads(10, sdr(ANN), sdr(BOB, lists={}))
    assert desk.value(BOB) == 1


def test_off_hours_save_no_turns_even_of_leads_that_would_not_match() -> None:
    desk = Desk(policy(match=[{"rep": "territories", "field": "lead.region"}], off_hours="skip"))
    desk.leads(2, sdr(ANN), sdr(BOB))
    desk.leads(10, sdr(ANN), sdr(BOB, lists={}, working=False))
    assert desk.value(BOB) == 10


def test_while_nobody_is_available_no_pointer_moves() -> None:
    places = {ANN: Pointer(Fraction(7)), BOB: Pointer(Fraction(9))}
    desk = Desk(policy(), places)
    assert desk.lead(sdr(ANN, active=False), sdr(BOB, suspended=True)).moved == {}


# ------------------------------------------------------------------------------------------------ departments
BY_DEPARTMENT = policy(balance_by="department")


def department(name: str | None, size: int) -> tuple[Member, ...]:
    return tuple(sdr(f"{name}{n}@example.com", department=name) for n in range(size))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(1, 80))
def test_departments_and_people_within_them_stay_within_one_lead_of_each_other(sizes: list[int], leads: int) -> None:
    """R5.6."""
    desk = Desk(BY_DEPARTMENT)
    departments = {f"d{number}": department(f"d{number}", size) for number, size in enumerate(sizes)}
    desk.leads(leads, *(member for people in departments.values() for member in people))
    totals = [sum(desk.given[m.email] for m in people) for people in departments.values()]
    assert max(totals) - min(totals) <= 1
    for people in departments.values():
        counts = [desk.given[member.email] for member in people]
        assert max(counts) - min(counts) <= 1


def test_departments_of_five_three_and_two_get_the_same() -> None:
    desk = Desk(BY_DEPARTMENT)
    desk.leads(90, *department("a", 5), *department("b", 3), *department("c", 2))
    assert [desk.given[f"{name}0@example.com"] for name in "abc"] == [6, 10, 15]


def test_people_without_department_are_one_together() -> None:
    desk = Desk(BY_DEPARTMENT)
    desk.leads(8, sdr(ANN), sdr(BOB), sdr(CAT, department="field"))
    assert desk.given == {ANN: 2, BOB: 2, CAT: 4}
    assert desk.value(department_key("")) == 4


def test_a_department_without_anybody_available_saves_no_turns() -> None:
    desk = Desk(BY_DEPARTMENT)
    desk.leads(2, sdr(ANN, department="a"), sdr(BOB, department="b"))
    desk.leads(10, sdr(ANN, department="a"), sdr(BOB, department="b", active=False))
    assert (desk.value(department_key("a")), desk.value(department_key("b"))) == (11, 10)
    assert desk.value(inside_key(BOB, "b")) == 1


def test_a_department_whose_people_only_do_not_match_keeps_its_turn() -> None:
    desk = Desk(policy(balance_by="department", match=[{"rep": "territories", "field": "lead.region"}]))
    desk.leads(2, sdr(ANN, department="a"), sdr(BOB, department="b"))
    desk.leads(10, sdr(ANN, department="a"), sdr(BOB, department="b", lists={}))
    assert desk.value(department_key("b")) == 1


def test_levels_inside_a_department_are_its_own() -> None:
    desk = Desk(BY_DEPARTMENT)
    desk.leads(20, sdr(ANN, department="a"), *department("b", 5))
    desk.lead(sdr(ANN, department="a"), *department("b", 5), sdr(CAT, department="b"))
    assert desk.value(inside_key(ANN, "a")) == 11
    assert desk.value(inside_key(CAT, "b")) == 2


def test_who_changes_departments_joins_the_new_one_and_saves_nothing_in_the_old() -> None:
    desk = Desk(BY_DEPARTMENT)
    desk.leads(20, sdr(ANN, department="a"), sdr(BOB, department="a"), sdr(CAT, department="b"))
    desk.leads(10, sdr(ANN, department="a"), sdr(BOB, department="b"), sdr(CAT, department="b"))
    assert desk.value(inside_key(ANN, "a")) == 10
    assert desk.value(inside_key(BOB, "a")) == 10
    assert sorted(desk.value(inside_key(email, "b")) for email in (BOB, CAT)) == [12, 13]


def test_a_policy_that_begins_or_ceases_to_balance_keeps_both_rotations_apart() -> None:
    desk = Desk(BY_DEPARTMENT)
    desk.leads(4, sdr(ANN, department="a"), sdr(BOB, department="b"))
    desk.rule = policy()
    desk.leads(2, sdr(ANN, department="a"), sdr(BOB, department="b"))
    assert (desk.value(ANN), desk.value(BOB), desk.value(department_key("a"))) == (1, 1, 2)
