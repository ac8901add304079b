"""Who may do what with a lead: every work event for every relation to it, and what a replay uses."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.lead.model import Stage
from engine.core.lead.people import People, from_snapshot, snapshot
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState
from engine.core.qualification.relations import Relation, relation_of
from engine.core.qualification.stages import WORK, move
from rulesets.policy.policy import Policy
from tests.engine.core.decided_leads import rules
from tests.engine.core.scored_leads import NOW, event

OWNER, IN_HAND, HEAD, BOSS, PEER, MATE, STRANGER, NOBODY = (
    f"{name}@example.com" for name in ("owner", "inhand", "head", "boss", "peer", "mate", "stranger", "nobody")
)
PEOPLE = People(
    roles={OWNER: "sales", IN_HAND: "sdr", HEAD: "sales", BOSS: "manager", PEER: "sales", MATE: "sdr", STRANGER: "sdr"},
    managers=frozenset({HEAD, BOSS}),
    active=frozenset({OWNER, IN_HAND, HEAD, BOSS, PEER, MATE, STRANGER}),
    teams={OWNER: "east", MATE: "east", PEER: "west", STRANGER: "west"},
    heads={"east": HEAD},
)
LEAD = LeadState(stage=Stage.MQL, owner=OWNER, sdr=IN_HAND, rep=OWNER)
UNOWNED = replace(LEAD, owner=None, pool_since=NOW)
WHO: dict[Relation, tuple[LeadState, str | None]] = {
    Relation.OWNER: (LEAD, OWNER),
    Relation.LAST: (UNOWNED, IN_HAND),
    Relation.IN_HAND: (LEAD, IN_HAND),
    Relation.SUPERIOR: (LEAD, HEAD),
    Relation.MANAGER: (LEAD, BOSS),
    Relation.COLLEAGUE: (LEAD, PEER),
    Relation.CLAIMANT: (UNOWNED, PEER),
    Relation.STRANGER: (LEAD, STRANGER),
    Relation.SYSTEM: (LEAD, None),
}
MAY = """
                       owner  last  in_hand  superior  manager  colleague  claimant  stranger  system
lead.touched           yes    yes   yes      yes       yes      no         yes       no        yes
lead.qualified         yes    yes   yes      yes       yes      no         yes       no        yes
lead.accepted          yes    no    no       yes       yes      no         no        no        yes
lead.rejected          yes    no    no       yes       yes      no         no        no        yes
lead.released          yes    no    no       yes       yes      no         no        no        yes
lead.claimed           yes    yes   yes      yes       yes      yes        yes       yes       no
lead.assigned          yes    no    no       yes       yes      no         no        no        yes
lead.dispatched        yes    no    no       yes       yes      no         no        no        yes
lead.disqualified      yes    yes   no       yes       yes      no         no        no        yes
lead.recycled          yes    no    no       yes       yes      no         no        no        yes
lead.reopened          yes    yes   no       yes       yes      no         no        no        yes
opportunity.created    yes    no    no       yes       yes      no         no        no        yes
opportunity.withdrawn  yes    no    no       yes       yes      no         no        no        yes
opportunity.won        yes    no    no       yes       yes      no         no        no        yes
opportunity.lost       yes    no    no       yes       yes      no         no        no        yes
"""
"""Whether the relation alone stands against it; a claim has rules of its own (R7.3)."""
HEADER, *ROWS = MAY.strip().splitlines()
CELLS = [
    (row.split()[0], Relation(name), cell)
    for row in ROWS
    for name, cell in zip(HEADER.split(), row.split()[1:], strict=True)
]
OF_RELATIONS = {"not_yours", "not_owner", "person_required", "no_owner"}


def refusal_of(
    type_: str, state: LeadState, actor: str | None, policy: Policy | None = None, people: People = PEOPLE
) -> str | None:
    """The code that stands against it, at a stage that allows it and with a reason."""
    stage = Stage.MQL if Stage.MQL in WORK[type_].origins else min(WORK[type_].origins)
    one = replace(event(type_, properties={"reason": "any", "to": PEER}), actor=actor)
    moved = move(replace(state, stage=stage), one, policy or rules(), people)
    return moved.code if isinstance(moved, Refusal) else None


@pytest.mark.parametrize("relation", Relation)
def test_everybody_stands_to_a_lead_in_one_way(relation: Relation) -> None:
    state, actor = WHO[relation]
    assert relation_of(state, actor, PEOPLE) is relation


def test_the_same_role_or_the_same_team_makes_colleagues_and_only_of_an_owner() -> None:
    assert relation_of(LEAD, MATE, PEOPLE) is Relation.COLLEAGUE
    assert relation_of(UNOWNED, MATE, PEOPLE) is Relation.STRANGER
    assert relation_of(LEAD, NOBODY, PEOPLE) is Relation.STRANGER
    assert relation_of(replace(LEAD, owner=NOBODY), PEER, PEOPLE) is Relation.STRANGER
    assert relation_of(LEAD, MATE, replace(PEOPLE, teams={})) is Relation.STRANGER


def test_an_early_lead_without_a_stage_is_for_sdrs_and_a_closed_one_for_nobody() -> None:
    assert relation_of(LeadState(), MATE, PEOPLE) is Relation.CLAIMANT
    assert relation_of(replace(UNOWNED, stage=Stage.WON), PEER, PEOPLE) is Relation.STRANGER


def test_a_manager_of_nobodys_lead_is_a_manager() -> None:
    assert relation_of(UNOWNED, HEAD, PEOPLE) is Relation.MANAGER
    assert relation_of(LEAD, BOSS, replace(PEOPLE, superiors={OWNER: BOSS})) is Relation.SUPERIOR


def test_the_table_has_every_work_event_and_every_relation() -> None:
    assert [row.split()[0] for row in ROWS] == list(WORK)
    assert HEADER.split() == list(Relation)


@pytest.mark.parametrize(("type_", "relation", "cell"), CELLS)
def test_work_is_for_those_whom_the_table_names(type_: str, relation: Relation, cell: str) -> None:
    state, actor = WHO[relation]
    code = refusal_of(type_, state, actor)
    assert (code not in OF_RELATIONS) == (cell == "yes"), code


@pytest.mark.parametrize(("clock", "code"), [
    ({"by": "role"}, None),
    ({"by": "role", "met_by": [{"event": "lead.touched", "unless_justified": True}]}, None),
    ({"by": "role", "met_by": ["lead.qualified"]}, "not_yours"),
    ({"by": "role", "role": "sdr"}, "not_yours"),
    ({}, "not_yours"),
])  # fmt: skip
def test_a_colleague_logs_a_contact_where_a_clock_counts_those_of_the_whole_role(
    clock: dict[str, Any], code: str | None
) -> None:
    whole = {
        "key": "touch",
        "role": "sales",
        "starts_on": {"stage": "mql"},
        "met_by": ["lead.touched"],
        "window": {"hours": 2},
        **clock,
    }
    assert refusal_of("lead.touched", LEAD, PEER, rules(sla=[whole])) == code
    assert refusal_of("lead.qualified", LEAD, PEER, rules(sla=[whole])) == "not_yours"


@pytest.mark.parametrize(("type_", "code"), [
    ("lead.recycled", None), ("lead.touched", None), ("lead.disqualified", None), ("opportunity.won", None),
    ("lead.accepted", "not_owner"), ("lead.assigned", "not_owner"),
])  # fmt: skip
def test_a_decision_from_before_the_relations_is_replayed_by_the_rule_of_its_time(type_: str, code: str | None) -> None:
    kept = snapshot(PEOPLE, replace(event(type_), actor=PEER), LEAD)
    del kept["rights"]
    old = from_snapshot(replace(event(type_), actor=PEER), LEAD, kept)
    assert refusal_of(type_, LEAD, PEER, people=old) == code
    assert refusal_of(type_, LEAD, PEER) in OF_RELATIONS
    assert refusal_of("lead.accepted", LEAD, OWNER, people=replace(PEOPLE, rights=0)) is None


@pytest.mark.parametrize("type_", sorted(set(WORK) - {"lead.claimed", "lead.dispatched", "lead.assigned"}))
@pytest.mark.parametrize("relation", sorted(set(Relation) - {Relation.SYSTEM}))
def test_a_replay_judges_by_what_was_kept_of_the_people_as_the_decision_did(type_: str, relation: Relation) -> None:
    state, actor = WHO[relation]
    one = replace(event(type_), actor=actor)
    again = from_snapshot(one, state, snapshot(PEOPLE, one, state))
    assert refusal_of(type_, state, actor, people=again) == refusal_of(type_, state, actor)
