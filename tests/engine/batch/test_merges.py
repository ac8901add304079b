"""Two leads of one person are merged, keep all data, and can be separated again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.store.inbox.inbox import Intake
from engine.store.inbox.waiting import head
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from tests.factories import (
    ALL_SHARDS,
    CTO,
    NOW,
    HandClock,
    column,
    decide_all,
    event,
    hire,
    living_leads,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
FIRST_TOUCH = {
    "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
    "window": {"minutes": 30}, "on_breach": [{"do": "reassign"}],
}  # fmt: skip


@pytest.fixture
def two_leads() -> tuple[int, int]:
    """A CTO known by customer number, and somebody known by mail; both decided, both owned."""
    put_in_force(policy_document(sla=[FIRST_TOUCH]))
    hire("li@example.com", "wang@example.com")
    take_in(event(external_id="c1", traits=CTO))
    take_in(event(email="li@corp.cn", traits={"city": "Suzhou"}), event("content.downloaded", email="li@corp.cn"))
    decide_all()
    first, second = living_leads()
    return first, second


def join_them() -> None:
    """One event names both."""
    take_in(event("content.downloaded", external_id="c1", email="li@corp.cn"))
    decide_all()


def undo(lead: int, merge: int, *leads: int) -> Intake:
    """The event by which somebody undoes a merge."""
    return event("lead.merged", lead_id=lead, properties={"undo": merge, "leads": list(leads)})


def test_merging_joins_facts_history_and_identifiers_under_one_owner(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    join_them()
    assert living_leads() == [first]
    assert column("SELECT DISTINCT lead_id FROM identity") == [first]
    ((fit, engagement, owner),) = rows("SELECT fit, engagement, owner FROM lead WHERE id = %s", first)
    assert (fit, engagement, owner) == (60, 2, "li@example.com")
    assert column("SELECT merged_into FROM lead WHERE id = %s", second) == [first]
    assert rows("SELECT lead_id, state FROM clock ORDER BY lead_id") == [(first, "running"), (second, "cancelled")]
    assert verify().differences == ()


def test_the_lead_that_got_further_stays_whichever_is_older(two_leads: tuple[int, int]) -> None:
    _, second = two_leads
    take_in(event("opportunity.won", email="li@corp.cn", imported=True))
    take_in(event("lead.reopened", email="li@corp.cn", imported=True))
    take_in(event("lead.accepted", email="li@corp.cn", imported=True))
    decide_all()
    join_them()
    assert living_leads() == [second]
    assert column("SELECT stage FROM lead WHERE id = %s", second) == ["sql"]
    assert column("SELECT DISTINCT lead_id FROM event") == [second]


def test_an_undone_merge_gives_each_lead_its_own_again(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    before = rows("SELECT id, fit, engagement, owner, stage, claims FROM lead ORDER BY id")
    join_them()
    (merge,) = column("SELECT id FROM merge")
    take_in(event("content.downloaded", email="li@corp.cn", traits={"city": "Wuxi"}))
    decide_all()
    take_in(undo(first, merge, first, second))
    decide_all()
    assert living_leads() == [first, second]
    after = rows("SELECT id, fit, engagement, owner, stage, claims FROM lead ORDER BY id")
    # The joining event stays with the customer number, which is trusted more; what came by mail since goes back.
    assert [row[:5] for row in after] == [(first, 60, 1, *before[0][3:5]), (second, 0, 2, *before[1][3:5])]
    assert after[1][5]["lead.city"][0][0] == "Wuxi"
    assert rows("SELECT kind, lead_id FROM identity ORDER BY kind") == [("email", second), ("external_id", first)]
    assert column("SELECT count(*) FROM ledger WHERE lead_id = %s", second) == [2]
    assert verify().differences == ()


def test_an_undone_merge_is_not_made_again_by_the_same_two_leads(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    join_them()
    take_in(undo(first, column("SELECT id FROM merge")[0], first, second))
    decide_all()
    join_them()
    assert living_leads() == [first, second]


def test_undoing_twice_is_set_aside_at_once_with_the_reason_alone(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    join_them()
    (merge,) = column("SELECT id FROM merge")
    take_in(undo(first, merge, first, second), undo(first, merge, first, second))
    decide_all()
    (error,) = column("SELECT error FROM inbox WHERE set_aside_at IS NOT NULL")
    assert error == f"merge {merge} does not exist or was undone before"
    assert living_leads() == [first, second]


def test_waiting_events_of_a_merged_lead_go_to_the_one_that_stayed(two_leads: tuple[int, int]) -> None:
    first, _ = two_leads
    clock = HandClock()
    clock.pass_by(hours=1)
    take_in(event("content.downloaded", email="li@corp.cn", at=clock.now()))
    join_them()
    assert column("SELECT lead_id FROM inbox") == [first]
    decide_all(clock)
    assert column("SELECT engagement FROM lead WHERE id = %s", first) == [3]


def test_an_event_taken_in_for_a_lead_that_merged_meanwhile_is_sent_on(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    join_them()
    take_in(event("content.downloaded", lead_id=second))
    assert decide_all() == 2
    assert column("SELECT engagement FROM lead WHERE id = %s", first) == [3]


def test_a_merge_that_names_a_merged_lead_means_the_one_that_stayed(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    join_them()
    take_in(event(external_id="c9"))
    decide_all()
    third = living_leads()[-1]
    take_in(event("lead.merged", lead_id=third, properties={"leads": [second, third]}))
    decide_all()
    assert living_leads() == [first]
    assert column("SELECT merged_into FROM lead WHERE id = %s", third) == [first]


def test_merges_in_a_chain_within_one_batch_end_in_one_lead() -> None:
    put_in_force()
    hire("li@example.com")
    take_in(event(external_id="c1"), event(wechat="w1"), event(email="li@corp.cn"))
    take_in(event(external_id="c1", wechat="w1"), event(wechat="w1", email="li@corp.cn"))
    take_in(event("content.downloaded", email="li@corp.cn"))
    decide_all()
    (only,) = living_leads()
    assert column("SELECT DISTINCT lead_id FROM event") == [only]
    assert column("SELECT engagement FROM lead WHERE id = %s", only) == [1]
    assert not head(ALL_SHARDS, NOW, 1)


def test_a_merge_of_other_peoples_leads_is_set_aside_with_the_reason(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    take_in(event(external_id="c9"))
    decide_all()
    third = living_leads()[-1]
    clock = HandClock()
    take_in(event("lead.merged", lead_id=third, properties={"leads": [first, second]}))
    for _ in range(6):
        decide_all(clock)
        clock.pass_by(minutes=1)
    (error,) = column("SELECT error FROM inbox WHERE set_aside_at IS NOT NULL")
    assert "its own lead and one other" in error
    assert living_leads() == [first, second, third]


def test_leads_merged_by_two_deciders_at_once_end_in_one(two_leads: tuple[int, int]) -> None:
    first, _ = two_leads
    take_in(event("content.downloaded", external_id="c1", email="li@corp.cn"))
    take_in(*(event("content.downloaded", email="li@corp.cn") for _ in range(20)))
    odd, even = ([shard for shard in ALL_SHARDS if shard % 2 == rest] for rest in (1, 0))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda shards: decide_all(shards=shards), (odd, even)))
    decide_all()
    assert living_leads() == [first]
    assert column("SELECT engagement FROM lead WHERE id = %s", first) == [22]
    assert column("SELECT count(*) FROM decision GROUP BY event_id HAVING count(*) > 1") == []


# ------------------------------------------------------------------------------------- people change who is who
def test_a_merge_of_leads_that_became_two_people_meanwhile_is_not_made(two_leads: tuple[int, int]) -> None:
    first, second = two_leads
    take_in(event(external_id="c1", email="li@corp.cn"))
    with transaction() as connection:  # as a request that looked a moment earlier would have written it
        raw(connection).execute("INSERT INTO identity VALUES ('external_id', 'c2', %s, true)", [second])
    decide_all()
    assert living_leads() == [first, second]
    (error,) = column("SELECT error FROM inbox WHERE set_aside_at IS NOT NULL")
    assert error.startswith("the leads have become two people")
    assert verify().differences == ()


def separated(identifier: dict[str, str]) -> Intake:
    """The event by which somebody takes an identifier from the customer."""
    return event("lead.separated", properties={"identifier": identifier}, external_id="c1")


def test_a_separated_identifier_takes_what_it_alone_names_and_stays_apart(two_leads: tuple[int, int]) -> None:
    """R1.18."""
    first, _ = two_leads
    join_them()
    take_in(separated({"email": "li@corp.cn"}))
    decide_all()
    third = living_leads()[-1]
    assert living_leads() == [first, third]
    assert rows("SELECT kind, lead_id FROM identity ORDER BY kind") == [("email", third), ("external_id", first)]
    assert column("SELECT count(*) FROM event WHERE lead_id = %s AND source = 'web'", third) == [2]
    assert column("SELECT claims->'lead.city'->0->>0 FROM lead WHERE id = %s", third) == ["Suzhou"]
    assert column("SELECT stage FROM lead WHERE id = %s", third) != [None]
    assert verify().differences == ()
    join_them()
    take_in(event("content.downloaded", email="li@corp.cn"))
    decide_all()
    assert living_leads() == [first, third]
    assert verify().differences == ()


def test_what_a_lead_does_not_have_cannot_be_taken_from_it(two_leads: tuple[int, int]) -> None:
    take_in(separated({"email": "wang@corp.cn"}), event("lead.separated", external_id="c1"))
    decide_all()
    assert column("SELECT error FROM inbox WHERE set_aside_at IS NOT NULL ORDER BY event_id") == [
        f"lead {two_leads[0]} has no email of this value",
        "lead.separated must name one identifier: properties.identifier",
    ]


def test_a_customer_whose_new_browser_is_recognised_late_stays_won(two_leads: tuple[int, int]) -> None:
    """R1.16."""
    first, _ = two_leads
    take_in(event("opportunity.won", external_id="c1", imported=True))
    take_in(event(anonymous_id="new-phone", traits=CTO))
    decide_all()
    browser = living_leads()[-1]
    assert column("SELECT stage FROM lead WHERE id = %s", browser) == ["ready"]
    take_in(event(external_id="c1", anonymous_id="new-phone", trusted=False))
    decide_all()
    assert column("SELECT stage FROM lead WHERE id = %s", first) == ["won"]
    assert column("SELECT merged_into FROM lead WHERE id = %s", browser) == [first]
    assert column(
        "SELECT count(*) FROM decision WHERE stage_after = 'won' AND stage_before IS DISTINCT FROM 'won'"
    ) == [1]
    assert verify().differences == ()


def test_an_identifier_that_people_share_makes_one_lead_that_stays_raw_and_nobodys(two_leads: tuple[int, int]) -> None:
    """R1.14."""
    for name in "ab":
        take_in(event(email=f"{name}@corp.cn", anonymous_id="pc-1"))
    for _ in range(2):
        take_in(event(anonymous_id="pc-1", traits=CTO))
    decide_all()
    ((visitor, stage, owner, state),) = rows("SELECT id, stage, owner, state FROM lead WHERE state ? 'visitor'")
    assert (stage, owner, state["visitor"]) == ("raw", None, True)
    take_in(event("lead.claimed", lead_id=visitor, actor="li@example.com"), event("lead.touched", lead_id=visitor))
    decide_all()
    assert column("SELECT refused FROM decision WHERE lead_id = %s ORDER BY id DESC LIMIT 2", visitor) == [
        None, "shared_visitor",
    ]  # fmt: skip
    assert column("SELECT queued_role FROM lead WHERE id = %s", visitor) == [None]
    assert verify().differences == ()
