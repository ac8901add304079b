"""Who may get a lead: policies in order, candidates, one reason each (R5.1–R5.4, R5.9)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.assignment.assignment import CandidateReason, Choice, LeadToAssign, Member, assign, choose, queued
from engine.core.assignment.rotation import Pointer
from engine.core.lead.state import LeadState, PassedOver, Queued
from rulesets.policy.policy import AssignmentPolicy
from tests.engine.core.scored_leads import NOW

ANN, BOB, SAM = "ann@example.com", "bob@example.com", "sam@example.com"
TODAY, MONTH = NOW.date(), f"{NOW:%Y-%m}"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def policy(key: str = "p", role: str = "sdr", **parts: Any) -> AssignmentPolicy:
    return AssignmentPolicy.model_validate({"key": key, "role": role, **parts})


def person(email: str = ANN, role: str = "sdr", **parts: Any) -> Member:
    return Member(email, role, **parts)


def lead(*passed_over: PassedOver, fails: Iterable[str] = (), **values: str) -> LeadToAssign:
    """A lead with these folded values by field; `fails` are policies whose `when` does not hold."""
    return LeadToAssign(
        lambda field: frozenset({values[field]} if field in values else ()),
        LeadState(passed_over=passed_over),
        lambda part: part.key not in set(fails),
    )


def given_to(
    *members: Member, policies: Any = None, role: str = "sdr", of: LeadToAssign | None = None, **rest: Any
) -> Choice:
    return assign(policies or [policy()], role, of or lead(), members, {}, NOW, **rest)


def reasons(choice: Choice) -> dict[str, str]:
    return {candidate.person: candidate.reason.value for candidate in choice.candidates}


# ------------------------------------------------------------------------------------------------ reasons
REASONS: list[tuple[str, dict[str, Any]]] = [
    ("inactive", {"active": False}),
    ("absent", {"absences": ((TODAY, TODAY),)}),
    ("suspended", {"suspended": True}),
    ("not_listed", {"eligible_months": frozenset({"2025-01"})}),
    ("capacity", {"capacity": 3, "open_leads": 3}),
    ("cap_day", {"caps": {"day": 2}, "received": {"day": 2}}),
    ("cap_week", {"caps": {"week": 2}, "received": {"week": 2}}),
    ("cap_month", {"caps": {"month": 0}}),
    ("no_match", {"lists": {"territories": frozenset({"华北"})}}),
    ("previous", {"email": "old@example.com"}),
    ("off_hours", {"working": False}),
]
FITTING: dict[str, Any] = {"lists": {"territories": frozenset({"华东"})}, "eligible_months": frozenset({MONTH})}
STRICT = policy(match=[{"rep": "territories", "field": "lead.region"}], off_hours="skip")


@pytest.mark.parametrize(("reason", "parts"), REASONS)
def test_whoever_is_not_eligible_has_the_reason(reason: str, parts: dict[str, Any]) -> None:
    of = lead(PassedOver("old@example.com", "missed", NOW), **{"lead.region": "华东"})
    other = Member(**{"email": ANN, "role": "sdr", **FITTING, **parts})
    choice = given_to(other, person(BOB, **FITTING), policies=[STRICT], of=of)
    assert reasons(choice) == {other.email: reason, BOB: "chosen"}


def test_every_reason_of_the_contract_is_told_of_somebody() -> None:
    assert {reason for reason, _ in REASONS} | {"eligible", "chosen"} == set(CandidateReason)


@pytest.mark.parametrize("first", range(len(REASONS) - 1))
def test_of_several_reasons_the_first_in_the_order_of_the_contract_is_told(first: int) -> None:
    (reason, parts), (_, later) = REASONS[first], REASONS[first + 1]
    both = {"email": ANN, "role": "sdr", **FITTING, **later, **parts}
    both["caps"] = {**later.get("caps", {}), **parts.get("caps", {})}
    both["received"] = {**later.get("received", {}), **parts.get("received", {})}
    of = lead(PassedOver("old@example.com", "missed", NOW), **{"lead.region": "华东"})
    assert reasons(given_to(Member(**both), person(BOB, **FITTING), policies=[STRICT], of=of))[both["email"]] == reason


def test_people_just_below_their_limits_are_eligible() -> None:
    busy = person(capacity=3, open_leads=2, caps={"day": 2, "week": 9}, received={"day": 1})
    assert given_to(busy).person == ANN


def test_an_absence_counts_whole_days_in_the_persons_zone() -> None:
    away = person(absences=((date(2026, 11, 23), date(2026, 11, 27)),), zone=SHANGHAI)

    def at(*moment: int) -> str:
        choice = choose(policy(), lead(), [away], {}, datetime(*moment, tzinfo=UTC))  # type: ignore[misc,arg-type]
        return choice.candidates[0].reason.value

    assert [at(2026, 11, 22, 15, 59), at(2026, 11, 22, 16), at(2026, 11, 27, 15, 59), at(2026, 11, 27, 16)] == [
        "chosen", "absent", "absent", "chosen",
    ]  # fmt: skip


def test_without_an_eligibility_list_of_the_month_everybody_is_eligible() -> None:
    listed = person(BOB, "sales", eligible_months=frozenset({MONTH}))
    assert reasons(given_to(person(), listed)) == {ANN: "chosen"}


def test_each_zone_looks_at_the_list_of_its_own_month() -> None:
    last_evening = datetime(2026, 11, 30, 20, tzinfo=UTC)
    ahead = person(ANN, zone=SHANGHAI, eligible_months=frozenset({"2026-11"}))
    behind = person(BOB, eligible_months=frozenset({"2026-12"}))
    choice = choose(policy(), lead(), [ahead, behind], {}, last_evening)
    assert reasons(choice) == {ANN: "not_listed", BOB: "not_listed"}


def test_candidates_are_the_people_of_the_role_within_teams_and_reps() -> None:
    east, west = {"team": "east"}, {"team": "west"}
    people = [
        person("a@example.com", **east), person("b@example.com", **west), person("c@example.com", **east),
        person("d@example.com", "sales", **east),
    ]  # fmt: skip
    assert list(reasons(given_to(*people))) == ["a@example.com", "b@example.com", "c@example.com"]
    of_team = policy(teams=["east"])
    assert list(reasons(given_to(*people, policies=[of_team]))) == ["a@example.com", "c@example.com"]
    both = policy(teams=["east"], reps=["C@Example.com", "b@example.com"])
    assert reasons(given_to(*people, policies=[both])) == {"c@example.com": "chosen"}


def test_an_unknown_value_and_an_empty_list_match_nobody() -> None:
    assert reasons(given_to(person(**FITTING), policies=[STRICT])) == {ANN: "no_match"}
    assert reasons(given_to(person(), policies=[STRICT], of=lead(**{"lead.region": "华东"}))) == {ANN: "no_match"}


def test_without_avoid_previous_only_the_last_who_missed_it_is_passed_over() -> None:
    times = [NOW - timedelta(days=day) for day in (3, 2, 1)]
    of = lead(*map(PassedOver, (ANN, BOB, SAM), ("missed", "missed", "released"), times))
    people = [person(email) for email in (ANN, BOB, SAM)]
    assert set(reasons(given_to(*people, of=of)).values()) == {"previous"}
    found = given_to(*people, of=of, policies=[policy(avoid_previous=False)])
    assert reasons(found) == {ANN: "chosen", BOB: "previous", SAM: "eligible"}


def test_people_off_hours_get_leads_unless_the_policy_says_otherwise() -> None:
    assert reasons(given_to(person(working=False))) == {ANN: "chosen"}


# ------------------------------------------------------------------------------------------------ policies in order
def test_policies_are_tried_by_priority_and_then_in_their_order() -> None:
    policies = [policy("late", priority=20), policy("first", priority=5), policy("second", priority=5)]
    assert given_to(person(), policies=policies).policy == "first"
    assert given_to(person(), policies=policies, of=lead(fails=["first"])).policy == "second"


def test_a_policy_that_yields_nobody_is_told_beside_the_one_that_decides() -> None:
    policies = [policy("east", teams=["east"], priority=1), policy("all")]
    choice = given_to(person(team="east", active=False), person(BOB), policies=policies)
    assert (choice.policy, choice.person, choice.otherwise) == ("all", BOB, None)
    assert [(other.policy, reasons(other)) for other in choice.tried] == [("east", {ANN: "inactive"})]


@pytest.mark.parametrize(("otherwise", "place"), [("queue", "queue"), ("pool", "pool")])
def test_if_nobody_is_found_the_first_policy_that_held_says_where_the_lead_waits(otherwise: str, place: str) -> None:
    other = "pool" if otherwise == "queue" else "queue"
    policies = [policy("skipped", otherwise=other), policy("a", otherwise=otherwise), policy("b", otherwise=other)]
    choice = given_to(person(active=False), policies=policies, of=lead(fails=["skipped"]))
    assert (choice.policy, choice.person, choice.otherwise) == ("a", None, place)
    assert reasons(choice) == {ANN: "inactive"}


def test_without_any_policy_that_holds_a_lead_is_queued() -> None:
    for policies, fails in (([policy(role="sales")], ()), ([policy("p")], ("p",))):
        choice = given_to(person(), policies=policies, of=lead(fails=fails))
        assert (choice.policy, choice.person, choice.otherwise, choice.candidates) == (None, None, "queue", ())


def test_otherwise_may_lead_through_several_policies_to_a_person() -> None:
    policies = [
        policy("a", teams=["x"], otherwise={"policy": "b"}),
        policy("b", teams=["y"], priority=200, otherwise={"policy": "c"}),
        policy("c", priority=300),
    ]
    choice = given_to(person(), policies=policies, named="a")
    assert (choice.policy, choice.person) == ("c", ANN)
    assert [other.policy for other in choice.tried] == ["a", "b"]


def test_the_last_policy_of_a_chain_says_where_the_lead_waits() -> None:
    policies = [policy("a", otherwise={"policy": "b"}), policy("b", otherwise="pool")]
    choice = given_to(policies=policies, named="a")
    assert (choice.policy, choice.otherwise, [other.policy for other in choice.tried]) == ("a", "pool", ["b"])


@pytest.mark.parametrize("target", ["a", "reps", "gone"])
def test_a_chain_that_leads_nowhere_ends_in_the_queue(target: str) -> None:
    policies = [policy("a", otherwise={"policy": target}), policy("reps", "sales")]
    assert given_to(person(SAM, "sales"), policies=policies).otherwise == "queue"


def test_a_policy_named_by_a_cell_is_tried_alone_with_its_own_otherwise() -> None:
    policies = [policy("all", priority=1), policy("best", teams=["best"], otherwise="pool")]
    choice = given_to(person(), policies=policies, named="best")
    assert (choice.policy, choice.person, choice.otherwise) == ("best", None, "pool")
    unfit = given_to(person(team="best"), policies=policies, named="best", of=lead(fails=["best"]))
    assert (unfit.policy, unfit.person, unfit.otherwise, unfit.candidates) == ("best", None, "pool", ())


def test_a_policy_named_by_a_cell_does_not_matter_when_another_role_is_assigned() -> None:
    assert given_to(person(), policies=[policy("reps", "sales"), policy("all")], named="reps").policy == "all"


# ------------------------------------------------------------------------------------------------ off hours
def test_with_wait_a_lead_that_only_hours_keep_back_is_queued_at_once() -> None:
    policies = [policy("day", off_hours="wait", otherwise="pool"), policy("all")]
    choice = given_to(person(working=False), person(BOB, active=False), policies=policies)
    assert (choice.policy, choice.person, choice.otherwise) == ("day", None, "queue")
    assert reasons(choice) == {ANN: "off_hours", BOB: "inactive"}


def test_with_wait_other_obstacles_let_later_policies_try() -> None:
    policies = [policy("day", off_hours="wait", teams=["x"]), policy("all")]
    assert given_to(person(team="x", active=False, working=False), person(BOB), policies=policies).person == BOB


def test_with_skip_later_policies_are_tried() -> None:
    policies = [policy("day", off_hours="skip", teams=["x"]), policy("all")]
    assert given_to(person(team="x", working=False), policies=policies).policy == "all"


def test_with_wait_somebody_at_work_gets_the_lead() -> None:
    assert given_to(person(working=False), person(BOB), policies=[policy(off_hours="wait")]).person == BOB


# ------------------------------------------------------------------------------------------------ the queue
def test_a_lead_that_waits_already_keeps_its_place() -> None:
    nobody = Choice("sdr", None, None)
    place = Queued("sdr", NOW - timedelta(days=1), 3)
    assert queued(nobody, LeadState(queued=place), NOW, 1) == replace(place, priority=1)
    assert queued(nobody, LeadState(queued=replace(place, role="sales")), NOW, 2) == Queued("sdr", NOW, 2)
    assert queued(nobody, LeadState(), NOW, 3) == Queued("sdr", NOW, 3)


# ------------------------------------------------------------------------------------------------ always
MEMBERS = st.lists(
    st.builds(
        Member,
        email=st.sampled_from([f"p{n}@example.com" for n in range(6)]),
        role=st.sampled_from(["sdr", "sdr", "sales"]),
        active=st.booleans(),
        suspended=st.booleans(),
        working=st.booleans(),
        team=st.sampled_from([None, "east", "west"]),
        department=st.sampled_from([None, "field", "inside"]),
        weight=st.integers(1, 4),
        capacity=st.none() | st.integers(0, 2),
        open_leads=st.integers(0, 2),
        tier=st.integers(1, 3),
        accepted=st.just(5),
        decided=st.integers(9, 12),
    ),
    unique_by=lambda member: member.email,
)
POLICIES = st.builds(
    policy,
    strategy=st.sampled_from(["round_robin", "weighted", "least_open", "top_performer"]),
    sticky=st.sampled_from([None, "account"]),
    balance_by=st.sampled_from([None, "department"]),
    off_hours=st.sampled_from(["assign", "skip", "wait"]),
    teams=st.sampled_from([[], ["east"]]),
    returning=st.sampled_from(["no_credit", "make_up"]),
)


@given(
    POLICIES,
    MEMBERS,
    st.sets(st.sampled_from([f"p{n}@example.com" for n in range(6)])),
    st.lists(st.sampled_from([f"p{n}@example.com" for n in range(6)]), max_size=2),
)
def test_every_candidate_has_one_reason_and_exactly_the_chosen_one_is_chosen(
    rule: AssignmentPolicy, members: list[Member], earlier: set[str], owners: list[str]
) -> None:
    of = replace(lead(*(PassedOver(email, "missed", NOW) for email in sorted(earlier))), account_owners=owners)
    choice = choose(rule, of, members, {}, NOW)
    inside = [m.email for m in members if m.role == "sdr" and (not rule.teams or m.team == "east")]
    assert [candidate.person for candidate in choice.candidates] == sorted(inside)
    chosen = [candidate.person for candidate in choice.candidates if candidate.reason is CandidateReason.CHOSEN]
    assert chosen == ([choice.person] if choice.person else [])
    by_email = {member.email: member for member in members}
    assert all(by_email[email].active and not by_email[email].suspended and email not in earlier for email in chosen)
    assert choice.person or CandidateReason.ELIGIBLE not in reasons(choice).values()


def test_only_pointers_that_moved_are_handed_back() -> None:
    old = {ANN: Pointer(served_at=NOW - timedelta(hours=1), served=1), BOB: Pointer()}
    assert choose(policy(), lead(), [person(), person(BOB)], old, NOW).moved.keys() == {ANN}
