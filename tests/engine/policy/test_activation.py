"""A scheduled policy comes into force on time, once, and never replaces a newer publication."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.errors import NotFound, PolicyRefused
from engine.policy import activation
from engine.policy.publish import Request, Signature, publish
from engine.store.access import audit
from engine.store.policy.plans import open_plans, read_plan
from engine.store.policy.versions import active_number, list_versions, read_version
from rulesets.document import document
from rulesets.policy.policy import Policy
from tests.factories import NOW, policy_document

ZONE = "Asia/Shanghai"
AT = NOW + timedelta(hours=2)


def request(name: str = "Planned", **parts: Any) -> Request:
    wanted: dict[str, Any] = {
        "document": policy_document(name=name), "by": "author@example.com", "reason": "as agreed", "signoff": "none",
    }  # fmt: skip
    return Request(**{**wanted, **parts})


@pytest.fixture
def in_force(database: str) -> int:
    return publish(request("First"), NOW).number


def plan(**parts: Any) -> int:
    return activation.schedule(request(**parts), AT, ZONE, NOW)


def test_before_its_moment_nothing_happens_and_at_it_the_policy_is_in_force(in_force: int) -> None:
    number = plan()
    assert (activation.activate_due(AT - timedelta(seconds=1)), active_number()) == ([], in_force)
    assert activation.activate_due(AT) == [in_force + 1]
    version = read_version(in_force + 1)
    assert (version.document["name"], version.published_at, version.published_by) == (
        "Planned", AT, "author@example.com",
    )  # fmt: skip
    assert (read_plan(number).state, read_plan(number).number, open_plans()) == ("activated", in_force + 1, ())


def test_it_happens_once_however_often_it_is_asked_for(in_force: int) -> None:
    plan()
    assert [len(activation.activate_due(AT + timedelta(days=day))) for day in range(3)] == [1, 0, 0]
    assert len(list_versions()) == 2


def test_a_process_that_died_after_publishing_is_followed_by_one_that_only_says_so(in_force: int) -> None:
    number = plan()
    publish(activation.request_of(read_plan(number)), AT)
    assert activation.activate_due(AT) == [in_force + 1]
    assert (len(list_versions()), read_plan(number).number) == (2, in_force + 1)


def test_even_when_others_published_before_it_is_noticed(in_force: int) -> None:
    number = plan()
    publish(activation.request_of(read_plan(number)), AT)
    publish(request("Third"), AT)
    assert activation.activate_due(AT) == [in_force + 1]
    assert (len(list_versions()), active_number(), read_plan(number).state) == (3, in_force + 2, "activated")


def test_another_version_in_force_meanwhile_suspends_it_with_the_reason(in_force: int) -> None:
    number = plan()
    publish(request("Between"), NOW)
    assert activation.activate_due(AT) == []
    found = read_plan(number)
    assert (found.state, found.note) == ("suspended", "version 2 came into force after this was scheduled")
    assert (active_number(), audit.recent_entries(1)[0].action) == (2, "policy.plan_suspended")
    assert activation.reschedule(number, AT + timedelta(days=1), ZONE, "wang@example.com", AT)
    assert activation.activate_due(AT + timedelta(days=1)) == [3]


def test_a_plan_given_up_never_happens(in_force: int) -> None:
    number = plan()
    assert activation.cancel(number, "wang@example.com", "not this quarter")
    assert (activation.activate_due(AT), active_number()) == ([], in_force)
    assert not activation.cancel(number, "wang@example.com")
    assert not activation.reschedule(number, AT, ZONE, "wang@example.com", NOW)
    with pytest.raises(NotFound):
        activation.cancel(99, "wang@example.com")


def test_signatures_are_asked_for_when_it_is_planned_and_kept(in_force: int) -> None:
    with pytest.raises(PolicyRefused, match="not signed by marketing and sales"):
        plan(signoff="both")
    digest = document.digest(Policy.model_validate(policy_document(name="Planned")))
    signatures = tuple(Signature(side, f"{side}@example.com", digest, NOW) for side in ("marketing", "sales"))
    plan(signoff="both", signatures=signatures)
    (number,) = activation.activate_due(AT)
    assert [one["by"] for one in read_version(number).signatures] == ["marketing@example.com", "sales@example.com"]
    assert not read_version(number).bypassed


def test_a_moment_that_is_past_is_refused(in_force: int) -> None:
    with pytest.raises(PolicyRefused, match="past"):
        activation.schedule(request(), NOW, ZONE, NOW)


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-12-01T09:00", ZONE, datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("2026-12-01 09:00+00:00", ZONE, datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("2026-10-25T02:30", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_its_zone(text: str, zone: str, moment: datetime) -> None:
    assert activation.moment_in(text, zone) == moment


@pytest.mark.parametrize(
    ("text", "zone", "says"),
    [
        ("tomorrow", ZONE, "is no moment"),
        ("2026-12-01T09:00", "Mars/Base", "no time zone"),
        ("2026-03-29T02:30", "Europe/Berlin", "does not exist"),
    ],
)
def test_a_moment_that_is_none_is_refused(text: str, zone: str, says: str) -> None:
    with pytest.raises(PolicyRefused, match=says):
        activation.moment_in(text, zone)
