"""E-mails are in the reader's language; people choose which they get; managers get one mail a day."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from admin.delivering import deliverer, duties
from admin.text import notices
from admin.text.language import LANGUAGES
from admin.text.mailing import PARTS, Writer
from engine.core.notify.effects import Notice
from engine.core.notify.notices import KINDS
from engine.settings import MailServer, Settings
from engine.store.outbox.deliveries import Taken
from engine.store.outbox.digests import QUERIES, send_digests
from engine.store.outbox.mail_queue import (
    Preferences,
    read_preferences,
    save_language,
    save_preferences,
    spread_notices,
)
from engine.store.outbox.notices import save_notices
from engine.store.outbox.outbox import Message, save_messages
from engine.store.roster.roster import import_roster
from engine.store.session import raw, transaction
from rulesets.roster.roster import FORMAT
from tests.factories import model
from tests.workers.processes import await_that
from tests.workers.targets import mail_server
from workers.channels.undelivered import Undelivered

LI, ZHAO, WANG, BOSS = (f"{n}@example.com" for n in ("li", "zhao", "wang", "boss"))
NOW = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
"""Monday, 08:30 in Shanghai."""
SAID: dict[str, Any] = {
    "clock": "first_touch", "due_at": "2026-11-23T02:00:00+00:00", "until": "2026-12-23T02:00:00+00:00", "percent": 80,
    "role": "sdr", "reasons": {"absent": 2, "capacity": 1}, "owner": ZHAO, "event": "sla.breached", "month": "2026-12",
}  # fmt: skip


@pytest.fixture
def office(settings: Settings) -> Settings:
    """Settings with links, and a roster: Wang manages Li and Zhao; Boss manages Wang."""
    people = [
        {"email": BOSS, "role": "manager", "calendar": "us"},
        {"email": WANG, "role": "manager", "manager": BOSS, "calendar": "cn"},
        {"email": LI, "role": "sdr", "manager": WANG},
        {"email": ZHAO, "role": "sdr", "manager": WANG},
    ]
    calendars = [{"key": "cn", "timezone": "Asia/Shanghai"}, {"key": "us", "timezone": "America/New_York"}]
    import_roster({"format": FORMAT, "calendars": calendars, "people": people}, by="operator")
    put_policy()
    return replace(settings, mail_from="Baton <baton@example.com>", public_url="https://baton.example.com")


def put_policy() -> None:
    """A policy in force, which calendars of people need."""
    document = {"format": "baton.policy/1", "name": "p", "timezone": "Asia/Shanghai", "models": [model()]}
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO policy_version (number, digest, document, published_by, reason, bypassed, act_on_existing) "
            "VALUES (1, 'd', %s::jsonb, 'o', 'r', true, 'none')",
            [json.dumps(document)],
        )
        raw(connection).execute("INSERT INTO active_policy (id, number) VALUES (1, 1)")


def taken(kind: str, *, to: str = LI, language: str | None = "en", **payload: Any) -> Taken:
    said = {"about": LI, "lead": 7, "details": SAID, "at": "2026-11-23T00:30:00Z", **payload}
    return Taken(1, "msg_1", "mail", to, kind, said, 1, NOW + timedelta(days=3), None, language)


def parts_of(letter: EmailMessage) -> tuple[str, str]:
    """The text and the HTML."""
    plain, html = letter.get_body(["plain"]), letter.get_body(["html"])
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


# ------------------------------------------------------------------------------------------------ one mail
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_is_told_in_every_language(office: Settings, language: str) -> None:
    writer = Writer(office)
    said = [writer.write(taken(kind, language=language), NOW) for kind in KINDS]
    texts = [parts_of(letter)[0].splitlines()[0] for letter in said]
    assert len(set(texts)) == len(KINDS)
    assert len({letter["Subject"] for letter in said}) == len(KINDS)
    if language != "en":
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in texts)


def test_every_kind_has_a_name_and_a_sentence() -> None:
    assert notices.NAMES.keys() == notices.SENTENCES.keys() == KINDS.keys()
    assert PARTS.keys() == QUERIES.keys()


def test_a_mail_says_what_happened_when_and_where_to_look(office: Settings) -> None:
    letter = Writer(office).write(taken("sla_warned"), NOW)
    text, html = parts_of(letter)
    assert letter["To"] == LI
    assert letter["From"] == "Baton <baton@example.com>"
    assert letter["Message-ID"] == "<msg_1@example.com>"
    assert letter["Subject"] == "Baton: Clock running out, lead #7"
    assert "80 % of clock first_touch of li@example.com have passed" in text
    assert "https://baton.example.com/admin/leads/7/" in text
    assert '<a href="https://baton.example.com/admin/leads/7/"' in html
    assert '<html lang="en">' in html


def test_moments_are_told_in_the_zone_of_the_policy(office: Settings) -> None:
    assert "10:00" in parts_of(Writer(office).write(taken("sla_breached"), NOW))[0]


def test_without_an_address_of_the_admin_there_are_no_links(office: Settings) -> None:
    assert "http" not in parts_of(Writer(replace(office, public_url=None)).write(taken("assigned"), NOW))[0]


def test_the_language_is_the_persons_else_the_installations_else_english(office: Settings) -> None:
    chinese = Writer(replace(office, locale="zh_Hans"))
    assert "zh-Hant" in parts_of(chinese.write(taken("assigned", language="zh_Hant"), NOW))[1]
    assert "zh-Hans" in parts_of(chinese.write(taken("assigned", language=None), NOW))[1]
    assert 'lang="en"' in parts_of(Writer(office).write(taken("assigned", language=None), NOW))[1]


def test_values_that_are_missing_or_hostile_break_nothing(office: Settings) -> None:
    writer = Writer(office)
    for kind in KINDS:
        writer.write(taken(kind, details={}, about=None, lead=None), NOW)
    nasty = taken("notify", details={"clock": "<script>\r\nBcc: x@example.com"}, about="<b>\r\n")
    letter = writer.write(nasty, NOW)
    assert letter["Bcc"] is None
    assert "<script>" not in parts_of(letter)[1]


@pytest.mark.parametrize("address", ["no address", "a@b@c", "li@example.com\r\nBcc: x@example.com", ""])
def test_an_address_that_is_none_is_given_up(office: Settings, address: str) -> None:
    with pytest.raises(Undelivered, match="no e-mail address") as refused:
        Writer(office).write(taken("assigned", to=address), NOW)
    assert refused.value.permanent


# ------------------------------------------------------------------------------------------------ who gets what
def tell(*told: Notice, at: datetime = NOW) -> None:
    with transaction() as connection:
        save_notices(raw(connection), [(notice, 7, 70, at) for notice in told])


def mails() -> list[tuple[Any, ...]]:
    with transaction() as connection:
        return raw(connection).execute("SELECT address, kind, state FROM delivery ORDER BY address, kind").fetchall()


def test_people_are_mailed_what_they_want_once(office: Settings) -> None:
    save_preferences(ZHAO, Preferences("zh_Hans", {"assigned": False, "sla_held": True}))
    tell(
        *(
            Notice(kind, "owner", who, f"{kind}{who}")
            for kind in ("assigned", "sla_held", "taken")
            for who in (LI, ZHAO)
        )
    )
    assert spread_notices(NOW, by_mail=True) == 6
    assert spread_notices(NOW, by_mail=True) == 0
    assert mails() == [
        (LI, "assigned", "waiting"),
        (LI, "taken", "waiting"),
        (ZHAO, "sla_held", "waiting"),
        (ZHAO, "taken", "waiting"),
    ]


def test_without_a_mail_server_or_too_late_nothing_is_mailed(office: Settings) -> None:
    tell(Notice("assigned", "owner", LI, "a"))
    assert spread_notices(NOW, by_mail=False) == 1
    tell(Notice("assigned", "owner", LI, "b"), at=NOW - timedelta(days=1))
    assert spread_notices(NOW, by_mail=True) == 1
    assert mails() == []


def test_preferences_are_kept_where_they_differ(office: Settings) -> None:
    assert read_preferences(LI) == Preferences()
    save_language(LI, "zh_Hant")
    save_preferences(LI, replace(read_preferences(LI), mail={"assigned": True, "taken": False}, digest=False))
    assert read_preferences(LI) == Preferences("zh_Hant", {"taken": False}, digest=False)


# ------------------------------------------------------------------------------------------------ the daily mail
def miss(person: str, at: datetime, kind: str = "missed") -> None:
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO track_record (kind, person, lead_id, event_id, key, at) "
            "VALUES (%s, %s, 7, 70, 'first_touch', %s)",
            [kind, person, at],
        )


def body_of(manager: str) -> Any:
    with transaction() as connection:
        return raw(connection).execute("SELECT payload FROM delivery WHERE address = %s", [manager]).fetchone()


def test_a_manager_gets_one_mail_a_day_about_their_people(office: Settings) -> None:
    eight = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    for at in (eight - timedelta(days=1, seconds=1), eight - timedelta(days=1), eight - timedelta(seconds=1), eight):
        miss(LI, at)
    miss(BOSS, eight - timedelta(hours=1))
    miss(ZHAO, eight - timedelta(hours=1), "lost")
    tell(Notice("sla_warned", "owner", LI, "w", {"clock": "accept"}), at=eight - timedelta(hours=2))
    assert send_digests(eight - timedelta(seconds=1)) == 0
    assert send_digests(NOW) == 1
    assert send_digests(NOW + timedelta(hours=9)) == 0
    assert mails() == [(BOSS, "digest", "empty"), (WANG, "digest", "waiting")]
    (said,) = body_of(WANG)
    assert {name: part["count"] for name, part in said["parts"].items()} == {"misses": 2, "warnings": 1, "pool": 1}
    assert said["parts"]["warnings"]["lines"] == [
        {"person": LI, "key": "accept", "lead": 7, "at": "2026-11-22T22:00:00Z"}
    ]
    assert send_digests(NOW + timedelta(days=1)) == 1


def test_a_day_with_nothing_to_tell_sends_nothing_and_nobody_gets_what_they_do_not_want(office: Settings) -> None:
    save_preferences(WANG, Preferences(digest=False))
    miss(LI, NOW - timedelta(hours=2))
    assert send_digests(NOW) == 0
    assert mails() == [(BOSS, "digest", "empty")]
    save_preferences(WANG, Preferences(digest=True))
    assert send_digests(NOW + timedelta(days=2)) == 0
    assert mails() == [*[(BOSS, "digest", "empty")] * 2, (WANG, "digest", "empty")]


def test_the_daily_mail_tells_of_suspensions_and_the_queue(office: Settings) -> None:
    with transaction() as connection:
        driver = raw(connection)
        driver.execute(
            "INSERT INTO suspension (person, role, rule, from_at, until_at, lead_id, event_id) "
            "VALUES (%s, 'sdr', 'r', %s, %s, 7, 70)",
            [LI, NOW - timedelta(days=9), NOW + timedelta(days=9)],
        )
        driver.execute(
            "INSERT INTO lead (stage, queued_role, queued_at, queue_priority) "
            "SELECT 'ready', 'sdr', %s, 1 FROM generate_series(1, 3)",
            [NOW - timedelta(hours=5)],
        )
    send_digests(NOW)
    (said,) = body_of(WANG)
    assert {name: part["count"] for name, part in said["parts"].items()} == {"suspensions": 1, "queue": 3}
    for language, part in (("en", "Leads waiting in the queue: 3"), ("zh_Hans", "3"), ("zh_Hant", "3")):
        letter = Writer(office).write(replace(taken("digest", to=WANG, language=language), payload=said), NOW)
        text, html = parts_of(letter)
        assert part in text
        assert part in html
        assert LI in text


# ------------------------------------------------------------------------------------------------ all of it
@contextmanager
def at_work(settings: Settings) -> Iterator[None]:
    halt = threading.Event()
    beside = deliverer(settings)
    beside.start(halt)
    try:
        yield
    finally:
        halt.set()
        beside.join(15)


def test_a_notification_reaches_the_mailbox(office: Settings) -> None:
    with mail_server() as box:
        ready = replace(office, smtp=MailServer("127.0.0.1", box.port, "offered"))
        with at_work(ready):
            tell(Notice("assigned", "owner", LI, "a"), at=datetime.now(UTC))
            await_that(lambda: box.letters)
            await_that(lambda: "sent" in {state for _, _, state in mails()})
    assert [letter["To"] for letter in box.letters] == [LI]


@pytest.mark.parametrize("by_mail", [True, False])
def test_every_duty_done_twice_does_its_work_once(office: Settings, by_mail: bool) -> None:
    month_ago = NOW - timedelta(days=31)
    with transaction() as connection:
        kept = Message("webhook", "old", "https://a.example.com/", None, "lead.assigned", {}, "sent")
        save_messages(raw(connection), [kept], month_ago)
    miss(LI, NOW - timedelta(hours=2))
    tell(Notice("assigned", "owner", LI, "a"))
    for duty in duties(by_mail=by_mail):
        duty.do(NOW)
        duty.do(NOW)
    written = [(BOSS, "digest", "empty"), (LI, "assigned", "waiting"), (WANG, "digest", "waiting")]
    assert mails() == (written if by_mail else [])
    assert spread_notices(NOW, by_mail=by_mail) == 0, "the notice was spread"
