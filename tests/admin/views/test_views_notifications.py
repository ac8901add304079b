"""Notifications, webhooks and deliveries as people see and use them."""

import re
from datetime import timedelta
from typing import Any

import pytest

from engine.core.notify.effects import Notice
from engine.settings import Settings
from engine.store.orm import unit_of_work
from engine.store.outbox import deliveries
from engine.store.outbox.mail_queue import Preferences, read_preferences
from engine.store.outbox.notices import read_notices, save_notices
from engine.store.outbox.outbox import Message, save_messages
from engine.store.outbox.subscriptions import add_subscription, list_subscriptions
from engine.store.schema.lead_tables import Lead
from engine.store.session import raw, transaction
from tests.admin.pages import Pages
from tests.admin.world import CHEN, LI, WANG

HOOK = "https://crm.example.com/hook"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def tell(pages: Pages, *told: Notice) -> None:
    with transaction() as connection:
        save_notices(raw(connection), [(notice, 7, 70, pages.clock.now()) for notice in told])


def put(number: int, **columns: Any) -> None:
    with unit_of_work() as session:
        session.add(Lead(id=number, **columns))


def assigned(number: int, person: str = LI) -> Notice:
    return Notice("assigned", "owner", person, f"a{number}")


def test_nothing_yet_says_what_will_come(pages: Pages) -> None:
    text = pages.as_role("sdr").text("/admin/notifications/")
    assert "You are told here when a lead becomes yours" in text
    assert 'class="count"' not in text


def test_people_see_their_own_and_how_many_they_have_not_read(pages: Pages) -> None:
    put(7, owner=LI)
    tell(pages, assigned(1), Notice("sla_breached", "owner", LI, "b", {"clock": "first_touch"}), assigned(2, CHEN))
    reader = pages.as_role("sdr")
    text = reader.text("/admin/notifications/")
    assert "li@example.com missed clock first_touch" in text
    assert "li@example.com received a lead." in text
    assert "chen@" not in text
    assert '/admin/leads/7/"' in text
    assert re.search(r'class="count">2<', text)
    assert "missed clock" not in reader.text("/admin/notifications/?kind=assigned")
    assert reader.get("/admin/notifications/?kind=invented&before=x&unread=9").status_code == 200


def test_a_lead_that_was_taken_away_is_named_and_not_linked(pages: Pages) -> None:
    put(7, owner=CHEN)
    tell(pages, assigned(1))
    text = pages.as_role("sdr").text("/admin/notifications/")
    assert ("#7" in text, "/admin/leads/7/" in text) == (True, False)
    tell(pages, assigned(2, WANG))
    assert "/admin/leads/7/" in pages.as_role("sdr_manager").text("/admin/notifications/")


def test_what_is_read_is_marked_and_nobody_elses(pages: Pages) -> None:
    tell(pages, assigned(1), assigned(2), assigned(3, CHEN))
    reader = pages.as_role("sdr")
    first, _, other = sorted(one.id for one in read_notices(None))
    answer = reader.post("/admin/notifications/read", {"id": [str(first), str(other), "x"], "unread": "1"})
    assert "Marked as read: 1." in answer.text
    assert len(read_notices(CHEN, unread=True)) == 1
    assert reader.text("/admin/notifications/?unread=1").count("received a lead") == 1
    assert "Marked as read: 1." in reader.post("/admin/notifications/read", {"all": "1"}).text
    assert "Nothing matches" in reader.text("/admin/notifications/?unread=1")


def test_older_ones_are_a_page_away(pages: Pages) -> None:
    tell(pages, *(assigned(n) for n in range(60)))
    reader = pages.as_role("sdr")
    older = re.search(r'href="([^"]*before=\d+[^"]*)" rel="next"', reader.text("/admin/notifications/"))
    assert older
    text = reader.text(older[1].replace("&amp;", "&"))
    assert text.count("received a lead") == 10
    assert 'rel="next"' not in text


def test_people_choose_what_comes_by_mail_and_in_which_language(pages: Pages) -> None:
    reader = pages.as_role("sdr")
    text = reader.text("/admin/notifications/settings/")
    assert "No mail server is set up" in text
    assert re.search(r'name="mail_assigned" checked', text)
    assert not re.search(r'name="mail_sla_held" checked', text)
    answer = reader.post("/admin/notifications/settings/", {"mail_taken": "on", "digest": "on", "language": "zh_Hans"})
    assert "邮件通知设置" in answer.text
    wanted = read_preferences(LI)
    assert (wanted.language, wanted.digest, wanted.wants("taken"), wanted.wants("assigned")) == (
        "zh_Hans", True, True, False,
    )  # fmt: skip


def test_the_language_of_the_header_is_that_of_the_mails(pages: Pages) -> None:
    pages.as_role("sdr").post("/language", {"language": "zh_Hant"})
    assert read_preferences(LI) == Preferences("zh_Hant")


def test_a_webhook_is_made_changed_and_removed(pages: Pages) -> None:
    admin = pages.as_role("admin")
    assert "No webhooks yet" in admin.text("/admin/webhooks/")
    made = admin.post("/admin/webhooks/new/", {"url": HOOK, "events": ["lead.assigned", "sla.warned"], "active": "y"})
    (row,) = list_subscriptions()
    assert row.secret in made.text
    assert (row.url, row.events) == (HOOK, ["lead.assigned", "sla.warned"])
    assert row.secret not in admin.text("/admin/webhooks/")
    admin.post(f"/admin/webhooks/edit/?id={row.id}", {"url": f"{HOOK}/2", "events": ["lead.assigned"]})
    assert [(one.url, one.events, one.active) for one in list_subscriptions()] == [
        (f"{HOOK}/2", ["lead.assigned"], False)
    ]
    shown = admin.post(f"/admin/webhooks/{row.id}/secret").text
    assert list_subscriptions()[0].secret in shown
    assert row.secret not in shown
    assert "told nothing any more" in admin.post(f"/admin/webhooks/{row.id}/remove").text
    for path in ("secret", "remove"):
        assert "there is no webhook" in admin.post(f"/admin/webhooks/{row.id}/{path}").text


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"url": "ftp://a.example.com", "events": ["lead.assigned"]}, "write https://host/path"),
        ({"url": HOOK}, "choose at least one event"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_with_the_reason(pages: Pages, bad: dict[str, str], why: str) -> None:
    assert why in pages.as_role("admin").post("/admin/webhooks/new/", bad).text
    assert list_subscriptions() == []


def test_what_was_given_up_is_shown_and_sent_again(pages: Pages) -> None:
    now = pages.clock.now()
    number = add_subscription(HOOK, ["lead.assigned"], "admin@example.com").id
    with transaction() as connection:
        messages = [Message("webhook", cause, HOOK, number, "lead.assigned", {}) for cause in ("a", "b")]
        messages.append(Message("mail", "d", LI, None, "digest", {}, "empty"))
        save_messages(raw(connection), messages, now)
    for taken in deliveries.take_due(["webhook"], (), now, 1):
        deliveries.note_failure(taken, "500: <b>broken</b>", now, permanent=True)
    admin = pages.as_role("admin")
    text = admin.text("/admin/deliveries/")
    assert "500: &lt;b&gt;broken" in text
    assert re.search(r'Deliveries <span class="count">1<span class="unseen"> given up<', text)
    assert "Daily mail" in text
    assert "500:" not in admin.text("/admin/deliveries/?flt0_state=waiting")
    answer = admin.post("/admin/deliveries/action/", {"action": "send_again", "rowid": ["1", "2", "x"]})
    assert "1 messages are sent again" in answer.text
    assert "no failed message number 2" in answer.text
    assert len(deliveries.take_due(["webhook"], (), now + timedelta(seconds=1), 9)) == 2
