"""How a policy chooses among the eligible, by strategy, by company and by hand (R5.6–R5.9, R4.7)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.assignment.assignment import Choice, LeadToAssign, Member, assign, rivals
from engine.core.assignment.rotation import Pointer, Pointers, department_key, inside_key
from engine.core.assignment.strategies import STRATEGIES, compensated
from engine.core.lead.state import LeadState, PassedOver
from rulesets.policy.policy import AssignmentPolicy
from tests.engine.core.scored_leads import NOW

ANN, BOB, CAT, SAM = (f"{name}@example.com" for name in ("ann", "bob", "cat", "sam"))
AWAY: dict[str, Any] = {"active": False}


def policy(key: str = "p", role: str = "sdr", **parts: Any) -> AssignmentPolicy:
    return AssignmentPolicy.model_validate({"key": key, "role": role, **parts})


def person(email: str, role: str = "sdr", **parts: Any) -> Member:
    return Member(email, role, **parts)


def lead(*owners: str, outbound: bool = False, state: LeadState | None = None, **values: str) -> LeadToAssign:
    """A lead whose company's other open leads belong to these people."""
    known = {name: frozenset({value}) for name, value in values.items()}
    return LeadToAssign(
        lambda field: known.get(field, frozenset()), state or LeadState(), lambda _: True, owners, outbound
    )


def given_to(
    *members: Member,
    by: AssignmentPolicy | Sequence[AssignmentPolicy] | None = None,
    of: LeadToAssign | None = None,
    pointers: Pointers | None = None,
    role: str = "sdr",
    **rest: Any,
) -> Choice:
    policies = by if isinstance(by, Sequence) else [by or policy()]
    rotations: Mapping[str, Pointers] = {policies[0].key: pointers or {}} if policies else {}
    return assign(policies, role, of or lead(), members, rotations, NOW, **rest)


def reasons(choice: Choice) -> dict[str, str]:
    return {candidate.person: candidate.reason.value for candidate in choice.candidates}


def test_every_strategy_of_the_policy_document_is_known() -> None:
    assert set(STRATEGIES) == set(get_args(AssignmentPolicy.model_fields["strategy"].annotation))


# ------------------------------------------------------------------------------------------------ least open
def test_least_open_prefers_the_fewest_open_leads_for_the_capacity() -> None:
    rule = policy(strategy="least_open")
    assert given_to(person(ANN, open_leads=3), person(BOB, open_leads=2), by=rule).person == BOB
    large = person(ANN, open_leads=30, capacity=100)
    assert given_to(large, person(BOB, open_leads=4, capacity=10), by=rule).person == ANN
    assert given_to(large, person(BOB), by=rule).person == BOB


def test_least_open_counts_as_one_place_whoever_has_no_capacity() -> None:
    rule = policy(strategy="least_open")
    assert given_to(person(ANN, open_leads=1), person(BOB, open_leads=9, capacity=10), by=rule).person == BOB


def test_with_equally_many_open_leads_it_is_somebodys_turn() -> None:
    rule, places = policy(strategy="least_open"), {ANN: Pointer(Fraction(5)), BOB: Pointer(Fraction(4))}
    choice = given_to(person(ANN), person(BOB), by=rule, pointers=places)
    assert (choice.person, int(choice.moved[BOB].value)) == (BOB, 5)


# ------------------------------------------------------------------------------------------------ top performers
TOP = policy(strategy="top_performer")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"tier": 1}, {"tier": 2, "accepted": 90, "decided": 90}),
        ({"tier": 2}, {}),
        ({"accepted": 10, "decided": 10}, {"accepted": 89, "decided": 90}),
        ({"accepted": 0, "decided": 10}, {"accepted": 9, "decided": 9}),
        ({"accepted": 0, "decided": 10}, {}),
    ],
)
def test_the_best_leads_go_to_the_better_person(better: dict[str, Any], worse: dict[str, Any]) -> None:
    assert given_to(person(ANN, **worse), person(BOB, **better), by=TOP).person == BOB
    assert given_to(person(BOB, **worse), person(ANN, **better), by=TOP).person == ANN


def test_people_of_a_tier_who_are_equally_good_take_turns() -> None:
    places = {ANN: Pointer(Fraction(1)), BOB: Pointer(Fraction(0))}
    alike = [person(ANN, accepted=9, decided=10), person(BOB, accepted=18, decided=20)]
    assert given_to(*alike, by=TOP, pointers=places).person == BOB
    too_few = [person(ANN, accepted=9, decided=9), person(BOB, accepted=0, decided=1)]
    assert given_to(*too_few, by=TOP, pointers=places).person == BOB


def test_a_top_performer_who_has_enough_leaves_the_lead_to_the_next() -> None:
    full = person(ANN, tier=1, capacity=1, open_leads=1)
    choice = given_to(full, person(BOB, tier=3), person(CAT, tier=2), by=TOP)
    assert reasons(choice) == {ANN: "capacity", BOB: "eligible", CAT: "chosen"}


# ------------------------------------------------------------------------------------------------ dispatchers
DISPATCH = policy(role="sales", strategy="dispatcher", teams=["east", "west"])


def test_a_dispatcher_is_the_head_of_the_first_team_whatever_their_role() -> None:
    head = person(SAM, "manager", head_of=frozenset({"east"}))
    other = person(BOB, "sales", head_of=frozenset({"west"}))
    choice = given_to(head, other, person(ANN, "sales", team="east"), by=DISPATCH, role="sales")
    assert (choice.person, choice.role, reasons(choice)) == (SAM, "sales", {SAM: "chosen"})


def test_an_absent_dispatcher_leaves_the_lead_in_the_queue() -> None:
    head = person(SAM, "manager", head_of=frozenset({"east"}), active=False)
    choice = given_to(head, by=DISPATCH, role="sales")
    assert (choice.person, choice.otherwise, reasons(choice)) == (None, "queue", {SAM: "inactive"})


def test_lists_of_the_month_are_those_of_the_dispatchers_own_role() -> None:
    head = person(SAM, "manager", head_of=frozenset({"east"}))
    listed = person(BOB, "sales", eligible_months=frozenset({f"{NOW:%Y-%m}"}))
    assert given_to(head, listed, by=DISPATCH, role="sales").person == SAM


def test_without_a_team_nobody_dispatches() -> None:
    rule = policy(strategy="dispatcher")
    assert given_to(person(SAM, head_of=frozenset({"east"})), by=rule).candidates == ()


# ------------------------------------------------------------------------------------------------ departments
def test_inside_a_department_the_strategy_chooses() -> None:
    rule = policy(strategy="least_open", balance_by="department")
    a = [person(ANN, department="a", open_leads=9), person(BOB, department="a", open_leads=1)]
    b = [person(CAT, department="b", open_leads=5)]
    first = given_to(*a, *b, by=rule)
    assert first.person == BOB
    assert given_to(*a, *b, by=rule, pointers=first.moved).person == CAT


# ------------------------------------------------------------------------------------------------ the account's owner
STICKY = policy(sticky="account")


def test_the_latest_eligible_owner_of_the_company_comes_before_all_turns_and_no_pointer_moves() -> None:
    places = {CAT: Pointer(Fraction(9))}
    members = [person(ANN), person(BOB, **AWAY), person(CAT)]
    choice = given_to(*members, by=STICKY, of=lead(BOB, CAT, ANN), pointers=places)
    assert (choice.person, choice.way, choice.moved) == (CAT, "account", {})
    assert reasons(choice) == {ANN: "eligible", BOB: "inactive", CAT: "chosen"}


def test_owners_of_another_role_or_outside_the_policy_do_not_count() -> None:
    members = [person(ANN, team="east"), person(BOB, team="west"), person(SAM, "sales")]
    rule = policy(sticky="account", teams=["east"])
    choice = given_to(*members, by=rule, of=lead(SAM, BOB))
    assert (choice.person, choice.way) == (ANN, "turn")


def test_without_sticky_it_is_somebodys_turn() -> None:
    assert given_to(person(ANN), person(BOB), of=lead(BOB)).person == ANN


# ------------------------------------------------------------------------------------------------ outbound
def test_an_outbound_lead_goes_to_the_owner_of_the_company() -> None:
    choice = given_to(person(ANN), person(BOB), of=lead(BOB, outbound=True))
    assert (choice.person, choice.way, choice.moved, choice.conflict) == (BOB, "account", {}, None)


def test_an_outbound_lead_of_a_company_that_somebody_else_has_waits_and_says_because_of_whom() -> None:
    members = [person(ANN), person(BOB, capacity=1, open_leads=1), person(SAM, "sales")]
    rules = [policy("first", otherwise="pool"), policy("second", priority=200)]
    choice = given_to(*members, by=rules, of=lead(SAM, BOB, outbound=True))
    assert (choice.person, choice.otherwise, choice.conflict) == (None, "queue", SAM)
    assert reasons(choice) == {ANN: "eligible", BOB: "capacity"}
    assert choice.waits_for == {BOB}
    assert all(other.moved == {} for other in (choice, *choice.tried))


def test_off_hours_of_the_owner_do_not_hide_the_conflict() -> None:
    rule = policy(off_hours="wait")
    choice = given_to(person(ANN), person(BOB, working=False), by=rule, of=lead(BOB, outbound=True))
    assert (choice.otherwise, choice.conflict) == ("queue", BOB)
    assert choice.waits_for == {f"{BOB} at work"}


def test_an_outbound_lead_of_a_free_company_takes_its_turn() -> None:
    choice = given_to(person(ANN), of=lead(outbound=True))
    assert (choice.person, choice.way, choice.conflict) == (ANN, "turn", None)


def test_who_lost_the_lead_and_the_sdr_of_a_lead_for_sales_stand_in_nobodys_way() -> None:
    lost = lead(BOB, outbound=True, state=LeadState(passed_over=(PassedOver(BOB, "missed", NOW),)))
    assert given_to(person(ANN), person(BOB), of=lost).person == ANN
    with_an_sdr = lead(ANN, outbound=True)
    members = [person(ANN), person(SAM, "sales")]
    assert given_to(*members, by=policy(role="sales"), of=with_an_sdr, role="sales").person == SAM
    assert rivals("sdr", with_an_sdr, members) == (ANN,)
    assert rivals("sales", lead(CAT, outbound=True), members) == (CAT,), "whoever is not in the roster is no SDR"


# ------------------------------------------------------------------------------------------------ by hand
def test_who_is_named_gets_the_lead_as_a_turn_of_the_policy_that_would_have_applied() -> None:
    places = {ANN: Pointer(Fraction(3)), BOB: Pointer(Fraction(5), 5, NOW)}
    choice = given_to(person(ANN), person(BOB), pointers=places, to="Bob@Example.com")
    assert (choice.person, choice.policy, choice.way, choice.warnings) == (BOB, "p", "named", ())
    assert reasons(choice) == {ANN: "eligible", BOB: "chosen"}
    assert [(key, int(place.value), place.served) for key, place in choice.moved.items()] == [(BOB, 6, 6)]


def test_a_joiner_who_is_named_starts_level_and_one_who_is_away_saves_nothing() -> None:
    places = {ANN: Pointer(Fraction(7)), BOB: Pointer(Fraction(2))}
    joined = given_to(person(ANN), person(CAT), pointers={ANN: places[ANN]}, to=CAT)
    assert joined.moved[CAT].value == 8
    away = given_to(person(ANN), person(BOB, suspended=True), pointers=places, to=BOB)
    assert (int(away.moved[BOB].value), away.warnings) == (8, ("suspended",))


def test_everything_that_speaks_against_who_is_named_is_told() -> None:
    rule = policy(match=[{"rep": "territories", "field": "lead.region"}], off_hours="skip")
    busy = person(
        ANN, suspended=True, capacity=1, open_leads=1, caps={"day": 1, "month": 9}, received={"day": 1},
        working=False,
    )  # fmt: skip
    state = LeadState(passed_over=(PassedOver(ANN, "rejected", NOW),))
    choice = given_to(busy, by=rule, of=lead(CAT, outbound=True, state=state), to=ANN)
    assert choice.warnings == (
        "suspended", "capacity", "cap_day", "no_match", "previous", "off_hours", "conflict",
    )  # fmt: skip
    assert (choice.person, choice.conflict) == (ANN, None)


def test_somebody_whom_the_policy_does_not_look_at_gets_the_lead_and_no_pointer_moves() -> None:
    members = [person(ANN), person(SAM, "sales", **AWAY), person(BOB)]
    choice = given_to(*members, pointers={ANN: Pointer()}, to=SAM)
    assert (choice.person, choice.policy, choice.moved) == (SAM, "p", {})
    assert choice.warnings == ("inactive",)
    assert reasons(choice) == {ANN: "eligible", BOB: "eligible"}


def test_without_a_policy_that_holds_the_named_person_gets_the_lead_all_the_same() -> None:
    choice = given_to(person(ANN, capacity=1, open_leads=2), by=policy(role="sales"), to=ANN)
    assert (choice.role, choice.policy, choice.person, choice.candidates) == ("sdr", None, ANN, ())
    assert choice.warnings == ("capacity",)


def test_by_hand_a_policy_named_by_a_cell_is_the_one_that_applies() -> None:
    rules = [policy("first"), policy("best", priority=200)]
    assert given_to(person(ANN), by=rules, to=ANN, named="best").policy == "best"


def test_by_hand_the_turn_of_a_department_is_its_own() -> None:
    rule = policy(balance_by="department")
    people = [person(ANN, department="a"), person(BOB, department="b")]
    choice = given_to(*people, by=rule, to=BOB)
    assert choice.moved[department_key("b")].value == choice.moved[inside_key(BOB, "b")].value == 1
    assert choice.moved[department_key("a")].value == 0


# ------------------------------------------------------------------------------------------------ turns given back
@pytest.mark.parametrize(("strategy", "cost"), [("round_robin", 1), ("weighted", Fraction(1, 4))])
def test_a_turn_given_back_lowers_the_pointer_by_what_it_had_cost(strategy: str, cost: Fraction) -> None:
    places = {ANN: Pointer(Fraction(9), 9, NOW), BOB: Pointer(Fraction(9))}
    back = compensated(policy(strategy=strategy), ANN, [person(ANN, weight=4)], places)
    assert back == {ANN: Pointer(Fraction(9) - cost, 9, NOW)}


def test_with_departments_the_department_gets_its_turn_back_too() -> None:
    rule, people = policy(balance_by="department"), [person(ANN, department="a"), person(BOB, department="b")]
    first = given_to(*people, by=rule)
    back = compensated(rule, ANN, people, first.moved)
    assert {key: place.value for key, place in back.items()} == {department_key("a"): 0, inside_key(ANN, "a"): 0}
    assert given_to(*people, by=rule, pointers={**first.moved, **back}).person == ANN


def test_who_has_had_no_turn_or_left_gets_none_back() -> None:
    assert compensated(policy(), ANN, [person(ANN)], {BOB: Pointer()}) == {}
    rule = policy(balance_by="department")
    assert compensated(rule, ANN, [], {ANN: Pointer(Fraction(2))}) == {}


@given(st.lists(st.booleans(), max_size=20))
def test_whoever_gives_leads_back_has_received_as_many_replacements_in_the_end(given_back: list[bool]) -> None:
    people, places = [person(ANN), person(BOB)], dict[str, Pointer]()
    kept: Counter[str] = Counter()
    for gives_back in [*given_back, *[False] * (2 * len(given_back))]:
        choice = given_to(*people, pointers=places)
        places.update(choice.moved)
        kept[str(choice.person)] += 1
        if gives_back and choice.person == ANN:
            places.update(compensated(policy(), ANN, people, places))
            kept[ANN] -= 1
    assert abs(kept[ANN] - kept[BOB]) <= 1
