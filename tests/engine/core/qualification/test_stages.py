"""The stage table, row by row, and every illegal move (R4.5–R4.7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.core.lead.model import OPEN_STAGES, Stage, Verdict
from engine.core.lead.people import ClaimStanding, People
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState, PassedOver, Queued
from engine.core.qualification.stages import WORK, advance, enter, move
from rulesets.policy.policy import Cell, Policy
from tests.engine.core.decided_leads import ANN, BOB, HEAD, SAM, SUE, rules
from tests.engine.core.scored_leads import NOW, event

RULES = rules()
SHARED = replace(event(), visitor=True)
CLAIMS = rules(pool={"claim": {"per_day": 2, "holding": 5, "cooldown": {"days": 7}}})
PEOPLE = People(
    roles={ANN: "sdr", BOB: "sdr", SAM: "sales", SUE: "sales", HEAD: "manager"},
    managers=frozenset({HEAD}),
    active=frozenset({ANN, BOB, SAM, HEAD}),
    superiors={ANN: HEAD},
    teams={BOB: "east"},
    heads={"east": ANN},
)
RAW, NURTURE, READY, MQL = Stage.RAW, Stage.NURTURE, Stage.READY, Stage.MQL
SQL, OPPORTUNITY, WON, LOST, OUT = Stage.SQL, Stage.OPPORTUNITY, Stage.WON, Stage.LOST, Stage.DISQUALIFIED
REASONS = {
    "lead.rejected": "no_need",
    "lead.released": "busy",
    "lead.disqualified": "rival",
    "opportunity.withdrawn": "mood",
    "opportunity.lost": "price",
}
TABLE: dict[str, dict[Stage, Stage]] = {
    "lead.touched": {stage: stage for stage in Stage},
    "lead.qualified": {stage: stage for stage in OPEN_STAGES},
    "lead.accepted": {MQL: SQL},
    "lead.rejected": {MQL: READY},
    "lead.released": {READY: NURTURE, MQL: NURTURE, SQL: NURTURE},
    "lead.claimed": {RAW: READY, NURTURE: READY, READY: READY, MQL: MQL},
    "lead.assigned": {stage: stage for stage in OPEN_STAGES},
    "lead.dispatched": {stage: stage for stage in OPEN_STAGES},
    "lead.disqualified": dict.fromkeys(OPEN_STAGES, OUT),
    "lead.recycled": dict.fromkeys(OPEN_STAGES, NURTURE),
    "lead.reopened": {WON: NURTURE, LOST: NURTURE, OUT: NURTURE},
    "opportunity.created": {SQL: OPPORTUNITY},
    "opportunity.withdrawn": {OPPORTUNITY: SQL},
    "opportunity.won": {OPPORTUNITY: WON},
    "opportunity.lost": {OPPORTUNITY: LOST},
}
GIVEN = {"lead.assigned", "lead.dispatched"}
LEGAL = [(type_, origin, to) for type_, row in TABLE.items() for origin, to in sorted(row.items())]
ILLEGAL = [(type_, stage) for type_, row in TABLE.items() for stage in Stage if stage not in row]


def lead(stage: Stage | None, type_: str = "", **parts: Any) -> LeadState:
    """A lead fit for this work: in the pool to be claimed, else with an owner."""
    where = {"pool_since": NOW} if type_ == "lead.claimed" else {"owner": ANN, "sdr": ANN}
    return LeadState(stage=stage, **{**where, **parts})


def work(
    type_: str,
    state: LeadState,
    policy: Policy = RULES,
    *,
    actor: str | None = ANN,
    imported: bool = False,
    **properties: Any,
) -> LeadState | Refusal:
    reason = {"reason": REASONS[type_]} if type_ in REASONS else {"to": BOB} if type_ in GIVEN else {}
    if type_ == "lead.claimed" and state.stage is MQL and actor == ANN:
        actor = SAM
    one = replace(event(type_, properties={**reason, **properties}), actor=actor, imported=imported)
    return move(state, one, policy, PEOPLE)


def moved(*args: Any, **options: Any) -> LeadState:
    state = work(*args, **options)
    assert isinstance(state, LeadState), state
    return state


def refused(*args: Any, **options: Any) -> str:
    refusal = work(*args, **options)
    assert isinstance(refusal, Refusal)
    return refusal.code


def test_the_table_of_the_tests_has_every_row_of_the_code() -> None:
    assert TABLE.keys() == WORK.keys()


@pytest.mark.parametrize(("type_", "origin", "to"), LEGAL)
def test_work_moves_a_lead_as_the_table_says(type_: str, origin: Stage, to: Stage) -> None:
    assert moved(type_, lead(origin, type_)).stage is to


@pytest.mark.parametrize(("type_", "stage"), ILLEGAL)
def test_anything_else_is_refused_with_the_stages_it_needs(type_: str, stage: Stage) -> None:
    refusal = work(type_, lead(stage, type_))
    assert isinstance(refusal, Refusal)
    origins = [origin for origin in Stage if origin in TABLE[type_]]
    assert refusal == Refusal("wrong_stage", {"event": type_, "origins": origins, "stage": stage})


@pytest.mark.parametrize(("type_", "stage"), ILLEGAL)
def test_imported_work_is_legal_from_anywhere(type_: str, stage: Stage) -> None:
    ends = set(TABLE[type_].values())
    state = moved(type_, lead(stage, type_), actor=None, imported=True)
    assert state.stage in (ends if len(ends) == 1 else {*ends, stage})


def test_events_that_are_not_work_move_nothing() -> None:
    assert moved("page.viewed", lead(WON)) == lead(WON)


def test_the_first_event_makes_a_lead_raw_and_later_ones_leave_it() -> None:
    assert [enter(LeadState()).stage, enter(lead(SQL)).stage] == [RAW, SQL]


# ------------------------------------------------------------------------------------------------ who may
@pytest.mark.parametrize(("type_", "stage"), [("lead.accepted", MQL), ("lead.rejected", MQL), ("lead.released", SQL)])
def test_only_the_owner_a_manager_or_a_system_may_accept_reject_and_release(type_: str, stage: Stage) -> None:
    assert refused(type_, lead(stage), actor=SAM) == "not_owner"
    assert refused(type_, lead(stage, owner=None), actor=SAM) == "not_owner"
    for actor in (ANN, HEAD, None):
        assert moved(type_, lead(stage), actor=actor) != lead(stage)


def test_only_a_person_claims_and_only_from_the_pool() -> None:
    assert refused("lead.claimed", lead(READY, "lead.claimed"), actor=None) == "person_required"
    for state in (lead(READY), lead(MQL, owner=None), lead(RAW), lead(READY, pool_since=NOW)):
        assert refused("lead.claimed", state) == "not_in_pool"


def test_nobodys_early_lead_is_in_the_pool_without_a_date() -> None:
    assert moved("lead.claimed", lead(NURTURE, owner=None), actor=BOB).stage is READY


def test_who_claims_owns_the_lead_as_its_sdr_or_its_rep() -> None:
    early = moved("lead.claimed", lead(READY, "lead.claimed", queued=Queued("sdr", NOW, 3)))
    late = moved("lead.claimed", lead(MQL, "lead.claimed", sdr=ANN, assigned_by="reps"), actor=SAM)
    assert (early.owner, early.sdr, early.rep, early.queued, early.pool_since) == (ANN, ANN, None, None, None)
    assert (late.owner, late.sdr, late.rep, late.assigned_by) == (SAM, ANN, SAM, None)


@pytest.mark.parametrize(
    ("who", "stage", "state", "standing", "code"),
    [
        (SAM, READY, {}, {}, "wrong_role"),
        (ANN, MQL, {}, {}, "wrong_role"),
        (HEAD, READY, {}, {}, "wrong_role"),
        ("stranger@example.com", READY, {}, {}, "wrong_role"),
        (SUE, MQL, {}, {}, "inactive"),
        (BOB, READY, {}, {"suspended": True}, "suspended"),
        (BOB, READY, {}, {"claimed_today": 2}, "claims_per_day"),
        (BOB, READY, {}, {"holding": 5}, "holding"),
        (BOB, READY, {"former_owners": (PassedOver(BOB, "reclaimed", NOW - timedelta(days=6)),)}, {}, "cooldown"),
    ],
)
def test_a_claim_is_refused_with_the_reason(
    who: str, stage: Stage, state: dict[str, Any], standing: dict[str, Any], code: str
) -> None:
    people = replace(PEOPLE, standings={who: ClaimStanding(**standing)})
    one = replace(event("lead.claimed"), actor=who)
    refusal = move(lead(stage, "lead.claimed", **state), one, CLAIMS, people)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_a_claim_within_every_limit_is_legal() -> None:
    people = replace(PEOPLE, standings={BOB: ClaimStanding(claimed_today=1, holding=4)})
    before = lead(READY, "lead.claimed", former_owners=(PassedOver(BOB, "released", NOW - timedelta(days=7)),))
    claimed = move(before, replace(event("lead.claimed"), actor=BOB), CLAIMS, people)
    assert isinstance(claimed, LeadState)
    assert claimed.owner == BOB


@pytest.mark.parametrize("type_", sorted(GIVEN))
@pytest.mark.parametrize(
    ("to", "code"),
    [
        (None, "to_required"),
        ("  ", "to_required"),
        (5, "to_required"),
        ("stranger@example.com", "unknown_person"),
        (SUE, "inactive_person"),
        (ANN, "already_owner"),
    ],
)
def test_a_lead_is_given_to_an_active_person_of_the_roster_who_has_it_not(type_: str, to: Any, code: str) -> None:
    assert refused(type_, lead(READY), to=to) == code


def test_a_head_dispatches_to_their_own_team_only() -> None:
    assert refused("lead.dispatched", lead(READY), to=SAM) == "not_of_team"
    assert refused("lead.dispatched", lead(READY, owner=SAM), actor=SAM) == "not_of_team"
    assert refused("lead.dispatched", lead(READY, owner=None), actor=HEAD) == "no_owner"
    assert moved("lead.dispatched", lead(READY), to=" Bob@Example.com ").stage is READY


def test_only_the_owner_or_a_manager_gives_a_lead_to_somebody() -> None:
    assert refused("lead.assigned", lead(READY), actor=SAM) == "not_owner"
    assert moved("lead.assigned", lead(READY, owner=None), actor=HEAD).owner is None


def test_an_imported_claim_assigns_only_on_request() -> None:
    assert moved("lead.claimed", lead(None), imported=True, actor=SAM).owner == ANN
    assert moved("lead.claimed", lead(READY), imported=True, actor=SAM, assign=True).owner == SAM


def test_only_an_owned_lead_is_recycled() -> None:
    assert refused("lead.recycled", lead(MQL, owner=None)) == "no_owner"


@pytest.mark.parametrize("type_", REASONS)
def test_moves_that_take_a_reason_need_one_as_text(type_: str) -> None:
    stage = next(iter(TABLE[type_]))
    for reason in (None, "", 5):
        assert refused(type_, lead(stage), reason=reason) == "reason_required"


def test_a_reason_must_be_on_the_policys_list_if_there_is_one() -> None:
    assert refused("lead.rejected", lead(MQL), reason="weather") == "reason_unknown"
    assert moved("lead.disqualified", lead(MQL), reason="weather").stage is OUT


# ------------------------------------------------------------------------------------------------ what work does
def test_contacts_are_counted() -> None:
    assert moved("lead.touched", lead(WON, touches=2)).touches == 3


def test_a_person_confirms_and_a_system_does_not() -> None:
    assert moved("lead.qualified", lead(READY)).confirmed_at == NOW
    assert moved("lead.qualified", lead(READY), actor=None).confirmed_at is None


def test_a_confirmation_from_before_the_recycling_is_void() -> None:
    assert moved("lead.qualified", lead(READY, recycled_at=NOW)).confirmed_at is None
    assert moved("lead.qualified", lead(READY, recycled_at=NOW.replace(year=2025))).confirmed_at == NOW


@pytest.mark.parametrize(
    ("where", "stage", "pool"), [("sdr", READY, None), ("nurture", NURTURE, None), ("pool", MQL, NOW)]
)
def test_a_rejected_lead_goes_where_the_policy_sends_it(where: str, stage: Stage, pool: Any) -> None:
    state = lead(MQL, owner=SAM, rep=SAM, confirmed_at=NOW)
    back = moved("lead.rejected", state, rules(feedback={"on_reject": where}), actor=SAM)
    assert (back.stage, back.pool_since, back.owner, back.sdr, back.rep) == (stage, pool, None, ANN, SAM)
    assert (back.reject_reason, back.acts_after, back.confirmed_at) == ("no_need", NOW, NOW)
    assert back.passed_over == (PassedOver(SAM, "rejected", NOW),)


@pytest.mark.parametrize(("stage", "to"), [(READY, READY), (MQL, MQL), (SQL, MQL)])
def test_a_released_lead_keeps_its_stage_in_the_pool_but_sql_becomes_mql(stage: Stage, to: Stage) -> None:
    back = moved("lead.released", lead(stage), rules(feedback={"on_release": "pool"}))
    assert (back.stage, back.pool_since, back.owner, back.release_reason) == (to, NOW, None, "busy")
    assert back.passed_over == (PassedOver(ANN, "released", NOW),)


def test_nobodys_release_passes_nobody_over() -> None:
    assert moved("lead.released", lead(MQL, owner=None), actor=None).passed_over == ()


@pytest.mark.parametrize(("type_", "stage"), [("lead.recycled", SQL), ("lead.reopened", OUT)])
def test_a_new_cycle_forgets_what_belonged_to_the_old_one(type_: str, stage: Stage) -> None:
    old = lead(
        stage, rep=SAM, touches=4, confirmed_at=NOW, disqualified_by="person", pool_since=NOW, reject_reason="no_need",
        queued=Queued("sdr", NOW, 3), passed_over=(PassedOver(SAM, "missed", NOW),), assigned_by="reps",
        breaches={"first_touch": 2},
    )  # fmt: skip
    assert moved(type_, old) == LeadState(
        stage=NURTURE, sdr=ANN, rep=SAM, touches=4, cycle=2, recycled_at=NOW, acts_after=NOW, reject_reason="no_need"
    )


# ------------------------------------------------------------------------------------------------ what scores do
def scored(
    stage: Stage, action: Any = "nurture", *, excluded: str | None = None, route: str | None = None, acts: bool = True,
    **parts: Any,
) -> LeadState:  # fmt: skip
    verdict = Verdict(excluded=excluded, flagged=(), checklists={}, route=route, missing=())
    return advance(lead(stage, **parts), verdict, Cell(action=action), acts=acts)


BY_CELL = {
    ("nurture", RAW): NURTURE,
    ("sdr", RAW): READY,
    ("sdr", NURTURE): READY,
    ("disqualify", RAW): OUT,
    ("disqualify", NURTURE): OUT,
}


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("action", ["sales", "sdr", "nurture", "hold", "disqualify"])
def test_cells_move_raw_and_nurture_as_the_table_says_and_nothing_else(action: str, stage: Stage) -> None:
    assert scored(stage, action).stage is BY_CELL.get((action, stage), stage)
    assert scored(stage, action, acts=False).stage is stage


@pytest.mark.parametrize("stage", Stage)
def test_a_passed_route_makes_an_mql_of_what_comes_before(stage: Stage) -> None:
    assert scored(stage, route="r").stage is (MQL if stage in {RAW, NURTURE, READY} else stage)
    assert scored(stage, route="r", acts=False).stage is stage


@pytest.mark.parametrize(("action", "stage"), [("hold", RAW), ("disqualify", OUT)])
def test_no_route_passes_in_a_cell_that_holds_or_disqualifies(action: str, stage: Stage) -> None:
    assert scored(RAW, action, route="r").stage is stage


def test_an_mql_waits_for_sales_wherever_it_was() -> None:
    state = scored(READY, route="r", pool_since=NOW, queued=Queued("sdr", NOW, 3))
    assert (state.owner, state.sdr, state.pool_since, state.queued) == (None, ANN, None, None)


@pytest.mark.parametrize("stage", Stage)
def test_an_exclusion_disqualifies_up_to_mql_even_while_cells_wait(stage: Stage) -> None:
    for acts in (True, False):
        state = scored(stage, excluded="x", route="r", acts=acts, pool_since=NOW)
        early = stage in {RAW, NURTURE, READY, MQL}
        assert (state.stage, state.disqualified_by) == ((OUT, "rule") if early else (stage, None))
        assert (state.pool_since is None) == early


def test_without_exclusion_what_a_rule_disqualified_returns_to_nurture_and_nothing_else_does() -> None:
    back = scored(OUT, disqualified_by="rule")
    assert (back.stage, back.disqualified_by, back.owner) == (NURTURE, None, None)
    assert scored(OUT, disqualified_by="rule", excluded="x").stage is OUT
    assert [scored(OUT, disqualified_by=by).stage for by in ("cell", "person")] == [OUT, OUT]


def test_a_cell_takes_a_lead_out_of_the_pool_for_an_sdr() -> None:
    assert scored(NURTURE, "sdr", pool_since=NOW).pool_since is None


def test_a_cell_that_disqualifies_is_remembered_as_the_cause() -> None:
    assert scored(RAW, "disqualify").disqualified_by == "cell"


def test_whom_a_shared_value_alone_names_stays_raw_and_nobodys_work_moves_it() -> None:
    """R1.14."""
    visitor = enter(LeadState(), SHARED)
    assert visitor == LeadState(stage=RAW, visitor=True)
    assert enter(visitor, SHARED) is visitor
    for type_ in WORK.keys() - {"lead.touched"}:
        assert move(visitor, replace(event(type_), actor=HEAD), RULES, PEOPLE) == Refusal("shared_visitor")
    touched = move(visitor, replace(event("lead.touched"), actor=HEAD), RULES, PEOPLE)
    assert touched == replace(visitor, touches=1)
