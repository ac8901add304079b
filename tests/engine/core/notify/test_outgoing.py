"""Webhooks report what a decision changed, once, with old and new values, and nothing if nothing changed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.model import LeadEvent, Scores, Stage
from engine.core.lead.state import LeadState
from engine.core.notify.retries import FIRST, LONGEST, TRIED_FOR, next_try, pause
from engine.core.outgoing import EVENTS, OutgoingChange, changes
from engine.core.sla.clocks import SlaClock
from engine.errors import NotFound
from engine.store.outbox import deliveries
from engine.store.outbox.outbox import Message, save_messages, save_outgoing
from engine.store.outbox.subscriptions import (
    SubscriptionRefused,
    add_subscription,
    change_subscription,
    list_subscriptions,
    remove_subscription,
    replace_secret,
)
from engine.store.session import raw, transaction
from tests.factories import NOW, event, rows, take_in

LATER = NOW + timedelta(hours=1)
LI = "li@example.com"
HOOK = "https://crm.example.com/hook"


def write(*messages: Message, at: datetime = NOW) -> int:
    with transaction() as connection:
        return save_messages(raw(connection), messages, at)


def message(cause: str, address: str = HOOK, subscription: int | None = None, **payload: Any) -> Message:
    return Message("webhook", cause, address, subscription, "lead.assigned", payload)


def take(now: datetime, *busy: str, limit: int = 10) -> list[deliveries.Taken]:
    return deliveries.take_due(["webhook"], busy, now, limit)


# ------------------------------------------------------------------------------------------------ changes
WARM = Scores("main", Decimal("60.00"), Decimal("12.35"), "A", "warm", "A.warm", Decimal(0), (), (), (), ())
PLAIN = {"model": "main", "fit": 60.0, "engagement": 12.35, "grade": "A", "heat": "warm", "cell": "A.warm"}
RAW = LeadState(stage=Stage.RAW)
CLOCK = SlaClock("first_touch", LI, 1, NOW, LATER, id=5)
OF_CLOCK = {"clock": 5, "key": "first_touch", "owner": LI, "due_at": "2026-11-20T03:00:00+00:00"}


@dataclass(frozen=True)
class Outcome:
    """What came of an event, as far as outside systems are concerned."""

    before: LeadState = RAW
    after: LeadState = RAW
    scores: Scores = WARM
    breached: SlaClock | None = None
    clocks: tuple[SlaClock, ...] = (CLOCK,)


def happened(kind: str = "page.viewed", **parts: Any) -> LeadEvent:
    return LeadEvent("web", "e1", kind, NOW, **parts)


def test_nothing_changed_tells_nothing() -> None:
    assert changes(happened(), Outcome(), PLAIN) == ()


def test_the_first_decision_changes_scores_from_nothing() -> None:
    raw = Outcome(before=LeadState())
    assert changes(happened(), raw, None) == (
        OutgoingChange("lead.score_changed", dict.fromkeys(PLAIN), PLAIN),
        OutgoingChange("lead.stage_changed", {"stage": None}, {"stage": "raw"}),
    )


def test_scores_stages_and_owners_are_told_with_what_they_were() -> None:
    outcome = Outcome(after=LeadState(stage=Stage.READY, owner=LI))
    assert changes(happened(), outcome, {**PLAIN, "heat": "hot"}) == (
        OutgoingChange("lead.score_changed", {**PLAIN, "heat": "hot"}, PLAIN),
        OutgoingChange("lead.stage_changed", {"stage": "raw"}, {"stage": "ready"}),
        OutgoingChange("lead.assigned", {"owner": None}, {"owner": LI}),
    )


def test_an_imported_event_tells_nobody_anything() -> None:
    assert changes(happened(imported=True), Outcome(before=LeadState()), None) == ()


def test_clocks_are_told_while_they_matter() -> None:
    said = {name: OF_CLOCK[name] for name in ("key", "owner", "due_at")}
    warned, breached = (
        happened(f"sla.{what}", properties={**OF_CLOCK, "percent": 80}) for what in ("warned", "breached")
    )
    assert changes(warned, Outcome(), PLAIN) == (
        OutgoingChange("sla.warned", {"state": "running"}, {**said, "percent": 80}),
    )
    assert changes(breached, Outcome(breached=CLOCK), PLAIN) == (
        OutgoingChange("sla.breached", {"state": "running"}, {**said, "state": "breached"}),
    )
    over = Outcome(clocks=(replace(CLOCK, state="met"), replace(CLOCK, id=6)))
    assert changes(warned, over, PLAIN) == changes(breached, over, PLAIN) == ()


def decided(*steps: tuple[int, LeadEvent, Outcome]) -> None:
    with transaction() as connection:
        save_outgoing(raw(connection), steps, NOW)


def test_each_subscriber_is_told_once_of_what_it_asked_for(database: str) -> None:
    lead = take_in(event(external_id="crm-7")).lead_ids[0]
    moved = (lead, replace(happened(), seq=9), Outcome(before=LeadState(), after=LeadState(stage=Stage.RAW, owner=LI)))
    decided(moved)
    assert rows("SELECT 1 FROM delivery") == [], "nobody asked"
    add_subscription(HOOK, ["lead.assigned"], "admin@example.com")
    paused = add_subscription(HOOK, EVENTS, "admin@example.com").id
    change_subscription(paused, url=HOOK, events=EVENTS, active=False, by="admin@example.com")
    add_subscription("https://other.example.com/", ["lead.score_changed", "lead.assigned"], "admin@example.com")
    for _ in range(2):
        decided(moved)
    told = rows("SELECT address, kind, payload FROM delivery ORDER BY id")
    assert [(address, kind) for address, kind, _ in told] == [
        ("https://other.example.com/", "lead.score_changed"),
        (HOOK, "lead.assigned"),
        ("https://other.example.com/", "lead.assigned"),
    ]
    assert told[1][2] == {
        "type": "lead.assigned",
        "timestamp": NOW.isoformat().replace("+00:00", "Z"),
        "data": {
            "lead": {"id": lead, "external_id": "crm-7"},
            "event": {"source": "web", "id": "e1", "type": "page.viewed"},
            "old": {"owner": None},
            "new": {"owner": LI},
        },
    }


def test_scores_before_are_those_stored_or_those_of_the_decision_before(database: str) -> None:
    lead = take_in(event(external_id="crm-7")).lead_ids[0]
    with transaction() as connection:
        raw(connection).execute(
            "UPDATE lead SET model = 'main', fit = 60, engagement = 0, grade = 'A', heat = 'cold', cell = 'A.cold'"
        )
    add_subscription(HOOK, ["lead.score_changed"], "admin@example.com")
    hot = replace(WARM, heat="hot", cell="A.hot")
    decided((lead, replace(happened(), seq=1), Outcome()), (lead, replace(happened(), seq=2), Outcome(scores=hot)))
    told = [body["data"] for (body,) in rows("SELECT payload FROM delivery ORDER BY id")]
    assert [(one["old"]["heat"], one["new"]["heat"]) for one in told] == [("cold", "warm"), ("warm", "hot")]
    assert told[0]["old"]["engagement"] == 0.0


# ------------------------------------------------------------------------------------------------ retries
def test_pauses_grow_from_ten_seconds_to_twelve_hours() -> None:
    assert [pause(n).total_seconds() for n in (1, 2, 3)] == [10, 30, 90]
    assert (pause(1), pause(9), pause(4000)) == (FIRST, LONGEST, LONGEST)


@given(failures=st.integers(1, 200), slowness=st.integers(0, 90))
def test_every_message_is_tried_for_days_and_then_given_up(failures: int, slowness: int) -> None:
    now = start = datetime(2026, 11, 23, tzinfo=UTC)
    tries = 0
    while (again := next_try(tries + 1, now, start + TRIED_FOR)) is not None and tries < failures:
        assert again > now
        now, tries = again + timedelta(seconds=slowness), tries + 1
    assert now <= start + TRIED_FOR + timedelta(seconds=slowness)
    assert tries <= 16


# ------------------------------------------------------------------------------------------------ deliveries
def test_a_cause_is_written_once_per_address(database: str) -> None:
    assert write(message("a"), message("a"), message("b")) == 2
    assert write(message("a"), message("a", "https://other.example.com/")) == 1
    assert write() == 0


def test_a_message_that_is_taken_is_nobody_elses_until_the_lease_ends(database: str) -> None:
    write(message("a", value="爱"))
    (mine,) = take(NOW)
    assert (mine.payload, mine.attempts) == ({"value": "爱"}, 1)
    assert take(NOW + deliveries.LEASE - timedelta(seconds=1)) == []
    (again,) = take(NOW + deliveries.LEASE)
    assert (again.message_id, again.attempts) == (mine.message_id, 2)


def test_what_a_sender_says_whose_lease_has_ended_does_not_count(database: str) -> None:
    write(message("a"))
    (old,) = take(NOW)
    (new,) = take(NOW + deliveries.LEASE)
    deliveries.note_failure(old, "late", LATER, permanent=True)
    assert rows("SELECT state, last_error FROM delivery") == [("waiting", None)]
    deliveries.note_sent(new, LATER)
    assert rows("SELECT state FROM delivery") == [("sent",)]
    assert take(LATER) == []


def test_a_failed_attempt_comes_again_and_at_last_is_given_up_and_can_be_sent_again(database: str) -> None:
    write(message("a"))
    (first,) = take(NOW)
    assert deliveries.note_failure(first, "x" * 9999, NOW) == NOW + FIRST
    assert take(NOW + FIRST - timedelta(seconds=1)) == []
    (second,) = take(NOW + TRIED_FOR)
    assert deliveries.note_failure(second, "still away", NOW + TRIED_FOR) is None
    assert (deliveries.count_failed(), take(NOW + 2 * TRIED_FOR)) == (1, [])
    deliveries.send_again(second.id, NOW + 2 * TRIED_FOR, "admin@example.com")
    (third,) = take(NOW + 2 * TRIED_FOR)
    assert (third.message_id, third.attempts) == (first.message_id, 1)
    assert rows("SELECT action, actor FROM audit_entry") == [("delivery.again", "admin@example.com")]


def test_only_what_failed_can_be_sent_again(database: str) -> None:
    write(message("a"))
    for number in (1, 99):
        with pytest.raises(NotFound, match="no failed message"):
            deliveries.send_again(number, NOW, "admin@example.com")


def test_a_target_gets_few_at_a_time_and_hides_no_other(database: str) -> None:
    write(*(message(f"slow{n}") for n in range(20)))
    write(message("quick", "https://quick.example.com/"), at=NOW + timedelta(seconds=1))
    assert [one.address for one in take(NOW + timedelta(seconds=1))] == [HOOK, HOOK, "https://quick.example.com/"]
    assert take(NOW + timedelta(seconds=1), HOOK) == []


def test_what_arrived_long_ago_is_forgotten(database: str) -> None:
    write(message("a"), message("b"))
    deliveries.note_sent(take(NOW)[0], NOW)
    assert deliveries.tidy(NOW + deliveries.SENT_KEPT) == 0
    assert deliveries.tidy(NOW + deliveries.SENT_KEPT + timedelta(seconds=1)) == 1


def test_what_nobody_could_try_for_days_is_given_up(database: str) -> None:
    write(message("a"))
    deliveries.tidy(NOW + TRIED_FOR + deliveries.LEASE)
    assert deliveries.count_failed() == 0
    deliveries.tidy(NOW + TRIED_FOR + deliveries.LEASE + timedelta(seconds=1))
    assert rows("SELECT state, last_error FROM delivery") == [("failed", "nobody could try")]


# ------------------------------------------------------------------------------------------------ subscriptions
def test_a_subscription_is_made_changed_paused_and_removed_on_record(database: str) -> None:
    made = add_subscription(HOOK, ["sla.breached", "lead.assigned"], "admin@example.com")
    assert [(one.url, one.events, one.secret) for one in list_subscriptions()] == [
        (HOOK, ["lead.assigned", "sla.breached"], made.secret)
    ]
    write(message("a", HOOK, made.id))
    change_subscription(made.id, url=HOOK, events=["lead.assigned"], active=False, by="admin@example.com")
    assert take(NOW) == [], "paused"
    assert replace_secret(made.id, "admin@example.com") != made.secret
    remove_subscription(made.id, "admin@example.com")
    assert list_subscriptions() == []
    assert rows("SELECT state, last_error FROM delivery") == [("failed", "the subscription was removed")]
    log = [action for (action,) in rows("SELECT action FROM audit_entry ORDER BY id")]
    assert log == ["webhook.added", "webhook.changed", "webhook.secret_replaced", "webhook.removed"]
    assert made.secret not in str(rows("SELECT before, after FROM audit_entry"))


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example.com/", "https://", "crm.example.com", "https://a b.example.com/", "http://[::1", "https://x:99999/",
     "https://me:pw@crm.example.com/", "https://crm.example.com/#x", "https://例子.example.com/", "h" * 3000, ""],
)  # fmt: skip
def test_an_address_nobody_could_send_to_is_refused(database: str, url: str) -> None:
    with pytest.raises(SubscriptionRefused):
        add_subscription(url, ["lead.assigned"], "admin@example.com")


@pytest.mark.parametrize("events", [[], ["lead.invented"]])
def test_events_are_chosen_from_those_there_are(database: str, events: list[str]) -> None:
    with pytest.raises(SubscriptionRefused, match=next(iter(EVENTS))):
        add_subscription(HOOK, events, "admin@example.com")
