"""The lint knows which events nothing sends: intake notes each type that was accepted, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.policy.linting import lint_policy
from engine.store.inbox.arrived_types import seen_event_types
from tests.factories import column, event, policy_document, put_in_force, take_in

pytestmark = pytest.mark.usefixtures("database")


def silent() -> list[str]:
    return [finding.code for finding in lint_policy(policy_document(), seen_event_types()).findings]


def test_nothing_is_said_of_events_before_anybody_sent_any() -> None:
    assert seen_event_types() is None
    put_in_force()
    take_in(event("lead.identified", external_id="c1"))
    assert seen_event_types() is None, "a profile says nothing of the events that will come"
    assert "silent-event" not in silent()


def test_a_signal_that_nothing_has_ever_sent_is_named_until_it_arrives() -> None:
    take_in(event("page.viewed", external_id="c1"))
    assert seen_event_types() == ["page.viewed"]
    assert "silent-event" in silent()
    take_in(event("content.downloaded", external_id="c2"), event("content.downloaded", external_id="c3"))
    assert "silent-event" not in silent()


def test_a_type_is_noted_once_however_many_bring_it_at_the_same_time() -> None:
    with ThreadPoolExecutor(4) as senders:
        list(senders.map(lambda n: take_in(event(f"t{n % 3}.a", external_id=f"c{n}")), range(24)))
    assert column("SELECT type FROM seen_event_type ORDER BY type") == ["t0.a", "t1.a", "t2.a"]
