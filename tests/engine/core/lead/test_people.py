"""A decision stores the part of the roster that its replay needs; claims in one batch count each other."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.people import NOBODY, RIGHTS, ClaimStanding, People, claimed_by, from_snapshot, snapshot
from engine.core.lead.state import LeadState
from tests.engine.core.decided_leads import ANN, BOB, HEAD, SAM
from tests.engine.core.scored_leads import event

ROSTER = People(
    roles={ANN: "sdr", SAM: "sales", HEAD: "manager"},
    managers=frozenset({HEAD}),
    active=frozenset({ANN, HEAD}),
    superiors={ANN: HEAD, SAM: HEAD},
    teams={ANN: "east"},
    heads={"east": HEAD},
    standings={ANN: ClaimStanding(2, 9, suspended=True)},
)
WHO = st.none() | st.sampled_from([ANN, BOB, SAM, HEAD])


@given(WHO, WHO, WHO, WHO)
def test_a_replay_knows_of_the_people_concerned_what_the_decision_knew(
    actor: str | None, to: str | None, owner: str | None, sdr: str | None
) -> None:
    one = replace(event("lead.assigned", properties={"to": to}), actor=actor)
    before = LeadState(owner=owner, sdr=sdr)
    again = from_snapshot(one, before, snapshot(ROSTER, one, before))
    assert again.rights == (RIGHTS if actor else 0)
    for person in filter(None, (actor, to, owner, sdr)):
        assert again.roles.get(person) == ROSTER.roles.get(person)
        assert (person in again.managers) == (person in ROSTER.managers)
        assert (person in again.active) == (person in ROSTER.active)
        assert again.superiors.get(person) == ROSTER.superiors.get(person)
        assert again.heads_of(person) == ROSTER.heads_of(person)
        assert again.standings.get(person) == ROSTER.standings.get(person)


def test_of_strangers_and_of_nobody_nothing_is_kept() -> None:
    assert snapshot(ROSTER, event("lead.claimed"), LeadState()) == {}
    assert snapshot(NOBODY, replace(event("lead.claimed"), actor=BOB), LeadState()) == {"rights": RIGHTS}
    assert NOBODY.heads_of(ANN) is None


def test_a_claim_counts_for_the_next_one_of_the_same_batch() -> None:
    claim = replace(event("lead.claimed"), actor=ANN)
    assert claimed_by(ROSTER, claim, refused=False).standings[ANN] == ClaimStanding(3, 10, suspended=True)
    assert claimed_by(ROSTER, claim, refused=True) is ROSTER
    assert claimed_by(ROSTER, event("page.viewed"), refused=False) is ROSTER
    assert claimed_by(ROSTER, replace(claim, actor=SAM), refused=False) is ROSTER
