"""Two leads that are one person: which one stays and what it takes over (docs/contract/design.md §2)."""

from datetime import timedelta
from itertools import pairwise, permutations

from hypothesis import given

from engine.core.lead.merging import CLOSED_BY_RULE, STANDING, join, standing
from engine.core.lead.model import Stage
from engine.core.lead.state import LeadState, PassedOver
from tests.engine.core.lead.test_state import STATES
from tests.engine.core.scored_leads import NOW

ANN, BOB, SAM = "ann@example.com", "bob@example.com", "sam@example.com"


def test_every_stage_has_its_place() -> None:
    assert set(STANDING) == {*Stage, CLOSED_BY_RULE, None}
    assert len(STANDING) == len(set(STANDING))


def test_a_new_deal_goes_before_an_outcome_and_an_outcome_before_what_a_rule_made_of_a_lead() -> None:
    """R1.16."""
    order = [Stage.OPPORTUNITY, Stage.SQL, Stage.MQL, Stage.WON, Stage.LOST, Stage.DISQUALIFIED, Stage.READY]
    leads = [LeadState(stage=stage, disqualified_by="person") for stage in order]
    leads += [LeadState(stage=stage, disqualified_by="rule") for stage in (Stage.DISQUALIFIED, Stage.NURTURE)]
    leads += [LeadState(stage=stage) for stage in (Stage.RAW, None)]
    for first, second in pairwise(leads):
        assert standing(first, 2) < standing(second, 1)


def test_at_one_stage_the_owned_lead_stays_and_then_the_older_one() -> None:
    owned, free = LeadState(stage=Stage.MQL, owner=SAM), LeadState(stage=Stage.MQL)
    assert standing(owned, 9) < standing(free, 1)
    assert standing(owned, 1) < standing(owned, 2)


def test_the_lead_that_stays_remembers_the_people_and_the_work_of_both() -> None:
    early, late = NOW - timedelta(days=2), NOW - timedelta(days=1)
    winner = LeadState(stage=Stage.MQL, owner=SAM, rep=SAM, touches=2, passed_over=(PassedOver(BOB, "missed", late),))
    loser = LeadState(
        stage=Stage.READY, owner=ANN, sdr=ANN, rep=BOB, touches=3, confirmed_at=NOW, reject_reason="no_need",
        release_reason="busy", passed_over=(PassedOver(ANN, "released", early), PassedOver(BOB, "missed", late)),
    )  # fmt: skip
    assert join(winner, loser) == LeadState(
        stage=Stage.MQL, owner=SAM, sdr=ANN, rep=SAM, touches=5, confirmed_at=NOW, reject_reason="no_need",
        release_reason="busy", passed_over=(PassedOver(ANN, "released", early), PassedOver(BOB, "missed", late)),
    )  # fmt: skip


@given(STATES, STATES)
def test_what_the_lead_that_stays_says_itself_is_not_overruled(winner: LeadState, loser: LeadState) -> None:
    joined = join(winner, loser)
    assert (joined.stage, joined.owner, joined.queued) == (winner.stage, winner.owner, winner.queued)
    for name in ("sdr", "rep", "confirmed_at", "reject_reason", "release_reason"):
        assert getattr(joined, name) == (getattr(winner, name) or getattr(loser, name))


def test_the_order_in_which_leads_are_looked_at_does_not_matter() -> None:
    leads = [(LeadState(stage=stage), number) for number, stage in enumerate((Stage.WON, Stage.RAW, Stage.READY))]
    stays = {min(order, key=lambda one: standing(*one))[1] for order in permutations(leads)}
    assert stays == {0}
