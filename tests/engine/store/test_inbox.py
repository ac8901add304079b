"""Each event is accepted once, and all events of one person belong to one lead."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.errors import NotFound
from engine.store.inbox.inbox import Intake, accept, run_again
from tests.factories import NOW, column, decide_all, event, hire, living_leads, put_in_force, rows, take_in

pytestmark = pytest.mark.usefixtures("database")


def in_parallel(*requests: list[Intake]) -> list[int]:
    """Bring requests at once, each from a thread of its own; returns how many events each added."""
    with ThreadPoolExecutor(len(requests)) as pool:
        return [done.accepted for done in pool.map(lambda request: accept(request, NOW), requests)]


def test_an_event_twice_in_one_request_counts_once_with_what_it_said_first() -> None:
    first, again, other = (
        event(id=n, email="li@corp.cn", traits={"city": c}) for n, c in (("a", "x"), ("a", "y"), ("b", "z"))
    )
    done = take_in(first, again, other)
    assert (done.accepted, done.duplicates) == (2, 1)
    assert rows("SELECT external_id, body->'traits'->>'city' FROM event ORDER BY id") == [("a", "x"), ("b", "z")]


def test_an_event_sent_again_later_changes_nothing() -> None:
    sent = event(email="li@corp.cn")
    assert [take_in(sent).accepted, take_in(sent).accepted] == [1, 0]
    assert column("SELECT count(*) FROM inbox") == [1]


def test_the_same_id_of_two_sources_is_two_events() -> None:
    assert (
        take_in(event(id="1", source="web", email="a@b.cn"), event(id="1", source="crm", email="a@b.cn")).accepted == 2
    )


def test_one_event_in_eight_parallel_requests_is_accepted_by_one_of_them() -> None:
    sent = event(email="li@corp.cn")
    assert sorted(in_parallel(*[[sent]] * 8)) == [0] * 7 + [1]
    assert column("SELECT count(*) FROM lead") == [1]


def test_parallel_copies_of_an_event_that_name_different_people_leave_no_lead_without_events() -> None:
    in_parallel(*[[event(id="same", external_id=f"c{number}")] for number in range(8)])
    assert column("SELECT count(*) FROM lead") == [1]
    assert column("SELECT count(*) FROM identity") == [1]


def test_parallel_requests_for_one_person_meet_in_one_lead() -> None:
    in_parallel(*[[event(email="li@corp.cn", phone="+8613812345678")] for _ in range(8)])
    assert len(living_leads()) == 1
    assert column("SELECT count(*) FROM event") == [8]


def test_a_person_known_by_mail_and_by_external_id_in_parallel_becomes_one_lead_with_one_owner() -> None:
    put_in_force()
    hire("li@example.com", "wang@example.com")
    for number in range(6):
        both: dict[str, Any] = {"email": f"p{number}@corp.cn", "external_id": f"c{number}"}
        in_parallel(
            [event(email=both["email"])], [event(external_id=both["external_id"])], [event(**both)], [event(**both)]
        )
    decide_all()
    leads = rows("SELECT id, owner FROM lead WHERE merged_into IS NULL")
    assert len(leads) == 6
    assert all(owner for _, owner in leads)
    assert column("SELECT count(DISTINCT lead_id) FROM identity") == [6]


def test_the_most_trusted_identifier_says_who_is_meant() -> None:
    take_in(event(external_id="c1"), event(email="li@corp.cn"))
    (by_id,) = column("SELECT lead_id FROM identity WHERE kind = 'external_id'")
    done = take_in(event(external_id="c1", email="li@corp.cn"))
    assert done.lead_ids == (by_id,)


@pytest.mark.parametrize("shared", [{"email": "info@corp.cn"}, {"phone": "+862161234567"}, {"phone": "+864008123123"}])
def test_what_many_people_share_never_makes_them_one(shared: dict[str, Any]) -> None:
    take_in(event(external_id="c1", **shared), event(external_id="c2", **shared))
    take_in(event(wechat="li", **shared), event(wechat="wang", **shared))
    assert len(living_leads()) == 4
    assert column("SELECT count(*) FROM event WHERE type = 'lead.merged'") == [0]


def test_a_public_key_does_not_merge_two_known_leads() -> None:
    take_in(event(external_id="c1"), event(email="li@corp.cn"))
    take_in(event(external_id="c1", email="li@corp.cn", trusted=False))
    assert column("SELECT count(*) FROM event WHERE type = 'lead.merged'") == [0]


def test_a_public_key_may_join_a_browser_to_the_lead_it_turns_out_to_be() -> None:
    take_in(event(email="li@corp.cn"), event(anonymous_id="b1", trusted=False))
    take_in(event(email="li@corp.cn", anonymous_id="b1", trusted=False))
    assert column("SELECT count(*) FROM event WHERE type = 'lead.merged'") == [1]


def test_a_public_key_adds_no_address_to_a_lead_that_a_trusted_system_knows() -> None:
    take_in(event(external_id="c1"))
    take_in(event(external_id="c1", email="stranger@else.cn", trusted=False))
    assert column("SELECT kind FROM identity") == ["external_id"]


def test_two_customer_numbers_on_one_mailbox_stay_two_leads() -> None:
    take_in(event(external_id="c1", email="li@corp.cn"), event(external_id="c2"))
    take_in(event(external_id="c2", email="li@corp.cn"))
    assert column("SELECT count(*) FROM event WHERE type = 'lead.merged'") == [0]


def test_only_events_that_are_set_aside_can_be_run_again() -> None:
    (waiting,) = take_in(event(email="li@corp.cn")).event_ids
    with pytest.raises(NotFound, match="set aside"):
        run_again([waiting], "operator")


def test_two_mailboxes_that_meet_a_browser_at_once_are_two_people() -> None:
    """R1.14, whoever comes first."""
    for number in range(6):
        browser = f"pc-{number}"
        take_in(event(anonymous_id=browser))
        in_parallel(*[[event(email=f"{name}{number}@corp.cn", anonymous_id=browser)] for name in "abcd"])
    mailboxes = "SELECT lead_id, count(*) FROM identity WHERE kind = 'email' GROUP BY 1 HAVING count(*) > 1"
    assert rows(mailboxes) == []
    assert column("SELECT count(*) FROM identity WHERE shared") == [6]


def test_three_leads_that_one_event_names_are_about_to_be_one() -> None:
    take_in(event(external_id="c1"), event(email="li@corp.cn"), event(phone="+8613800138001"))
    take_in(event(external_id="c1", email="li@corp.cn", phone="+8613800138001"))
    first, second, third = living_leads()
    assert rows("SELECT low, high FROM pending_merge ORDER BY 2") == [(first, second), (first, third)]
    put_in_force()
    decide_all()
    assert living_leads() == [first]
    assert rows("SELECT low FROM pending_merge") == []


def test_many_mailboxes_on_one_browser_cost_no_more_the_more_there_are() -> None:
    """R1.14: what is read for a request does not grow with those who share the browser."""
    take_in(*(event(email=f"p{number}@corp.cn", anonymous_id="pc") for number in range(2_000)))
    assert column("SELECT count(DISTINCT lead_id) FROM identity") == [2_000]
    assert column("SELECT count(*) FROM identity_claim") == [0]
