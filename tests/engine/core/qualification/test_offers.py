"""The actions on offer are those that a decision would allow."""

from engine.core.lead.model import Stage
from engine.core.lead.people import People
from engine.core.lead.state import LeadState
from engine.core.qualification.offers import receivers, refusal_of
from tests.engine.core.decided_leads import rules
from tests.engine.core.scored_leads import NOW

WANG, CHEN, BOSS, GONE = (f"{name}@example.com" for name in ("wang", "chen", "boss", "gone"))
PEOPLE = People(
    roles={WANG: "sales", CHEN: "sales", BOSS: "manager", GONE: "sales"},
    managers=frozenset({BOSS}),
    active=frozenset({WANG, CHEN, BOSS}),
    teams={CHEN: "east", WANG: "west"},
    heads={"east": BOSS},
)
MQL = LeadState(stage=Stage.MQL, owner=WANG)
POLICY = rules(reasons={"reject": [{"key": "no_budget"}]})


def code(event_type: str, state: LeadState, actor: str) -> str | None:
    refused = refusal_of(event_type, state, actor, NOW, POLICY, PEOPLE)
    return refused.code if refused else None


def test_an_owner_is_offered_what_the_stage_allows_and_reasons_are_taken_as_given() -> None:
    assert code("lead.accepted", MQL, WANG) is None
    assert code("lead.rejected", MQL, WANG) is None
    assert code("lead.released", MQL, WANG) is None
    assert code("lead.reopened", MQL, WANG) == "wrong_stage"


def test_a_colleague_is_refused_and_a_manager_is_not() -> None:
    assert code("lead.accepted", MQL, CHEN) == "not_owner"
    assert code("lead.accepted", MQL, BOSS) is None
    assert code("lead.claimed", MQL, CHEN) == "not_in_pool"


def test_a_lead_may_be_given_to_everybody_active_but_its_owner() -> None:
    assert receivers("lead.assigned", MQL, BOSS, NOW, POLICY, PEOPLE) == (BOSS, CHEN)
    assert receivers("lead.assigned", MQL, CHEN, NOW, POLICY, PEOPLE) == ()


def test_a_head_may_dispatch_to_the_people_of_the_team_only() -> None:
    of_boss = LeadState(stage=Stage.MQL, owner=BOSS)
    assert receivers("lead.dispatched", of_boss, BOSS, NOW, POLICY, PEOPLE) == (CHEN,)
    assert receivers("lead.dispatched", MQL, WANG, NOW, POLICY, PEOPLE) == ()
