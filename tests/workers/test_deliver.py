"""Messages arrive, even if the receiver is slow, broken or hostile, or a process is killed."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from standardwebhooks import Webhook

from engine.settings import MailServer
from engine.store.outbox.deliveries import Taken, send_again
from engine.store.outbox.outbox import Message, save_messages
from engine.store.outbox.subscriptions import add_subscription, list_subscriptions, new_secret
from engine.store.session import raw, transaction
from tests.present import now
from tests.workers.processes import READY, SCHEDULER, await_that, running
from tests.workers.targets import CERTIFICATE, mail_server, webhook_target
from workers.channels.mail import send_mail
from workers.channels.undelivered import Undelivered
from workers.channels.webhook import send_webhook
from workers.deliver import Deliverer

BODY = {"type": "lead.assigned", "data": {"new": {"owner": "李@example.com"}}}
DELIVER = """
import threading
from workers.deliver import Deliverer
from workers.channels.webhook import send_webhook
halt = threading.Event()
Deliverer({"webhook": lambda taken, now: send_webhook(taken, now, private=True)}).start(halt)
"""
DELIVERING = READY + DELIVER + "threading.Event().wait()"
DELIVERING_SCHEDULER = SCHEDULER.replace("scheduler.run_scheduler()", f"{DELIVER}\nscheduler.run_scheduler(stop=halt)")


def taken(url: str, secret: str | None = None) -> Taken:
    until = now() + timedelta(days=3)
    return Taken(1, "msg_1", "webhook", url, "lead.assigned", BODY, 1, until, secret or new_secret(), None)


def write(url: str, *causes: str, subscription: int | None = None) -> None:
    number = subscription or add_subscription(url, ["lead.assigned"], "admin@example.com").id
    with transaction() as connection:
        messages = [Message("webhook", cause, url, number, "lead.assigned", BODY) for cause in causes]
        save_messages(raw(connection), messages, now())


def states() -> list[Any]:
    with transaction() as connection:
        return raw(connection).execute("SELECT state, attempts, last_error FROM delivery ORDER BY id").fetchall()


@contextmanager
def delivering() -> Iterator[None]:
    halt = threading.Event()
    deliverer = Deliverer({"webhook": lambda taken, at: send_webhook(taken, at, private=True)})
    deliverer.start(halt)
    try:
        yield
    finally:
        halt.set()
        deliverer.join(15)


# ------------------------------------------------------------------------------------------------ one webhook
def test_a_webhook_is_signed_so_that_the_published_library_believes_it() -> None:
    secret = new_secret()
    with webhook_target() as target:
        send_webhook(taken(target.url, secret), now(), private=True)
    ((headers, body),) = target.got
    assert Webhook(secret).verify(body, headers) == BODY
    assert (headers["webhook-id"], headers["content-type"]) == ("msg_1", "application/json")
    assert headers["host"] == target.url.split("/")[2]
    assert "李" in body.decode()


def test_a_webhook_goes_over_tls_to_whoever_has_a_good_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook_target(secure=True) as target:
        with pytest.raises(Undelivered, match="certificate is not good"):
            send_webhook(taken(target.url), now(), private=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        send_webhook(taken(target.url), now(), private=True)
        with pytest.raises(Undelivered, match="certificate is not good"):
            send_webhook(taken(target.url.replace("localhost", "127.0.0.1")), now(), private=True)
    assert len(target.got) == 1


@pytest.mark.parametrize(
    ("status", "why", "permanent"),
    [(302, "redirects are not followed", False), (410, "wants no more", True),
     (500, "500: Internal Server Error", False)],
)  # fmt: skip
def test_only_an_answer_of_success_is_one(status: int, why: str, permanent: bool) -> None:
    with webhook_target(status) as target, pytest.raises(Undelivered, match=why) as refused:
        send_webhook(taken(target.url), now(), private=True)
    assert refused.value.permanent is permanent
    assert len(target.got) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.1", "2130706433", "0x7f000001"])
def test_a_webhook_does_not_reach_inside(host: str) -> None:
    with webhook_target() as target:
        port = target.url.split(":")[2].split("/")[0]
        with pytest.raises(Undelivered, match=r"an address inside|not known"):
            send_webhook(taken(f"http://{host}:{port}/"), now())
    assert target.got == []


def test_nobody_listening_is_told_apart_from_no_answer() -> None:
    with webhook_target() as target:
        gone = target.url
    with pytest.raises(Undelivered, match="no connection"):
        send_webhook(taken(gone), now(), private=True)
    with webhook_target(slow=True) as target, pytest.raises(Undelivered, match=r"no answer within 0\.3 s"):
        send_webhook(taken(target.url), now(), private=True, patience=0.3)


def test_an_answer_that_trickles_is_cut_off() -> None:
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 ")
                while not done.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=trickle)
        thread.start()
        with pytest.raises(Undelivered, match="no answer within"):
            send_webhook(taken(f"http://127.0.0.1:{server.getsockname()[1]}/"), now(), private=True, patience=0.5)
        done.set()
        thread.join()


# ------------------------------------------------------------------------------------------------ the deliverer
def test_messages_arrive_once_each_and_are_noted(database: str) -> None:
    with webhook_target() as target, delivering():
        write(target.url, *(f"c{n}" for n in range(20)))
        await_that(lambda: all(state == "sent" for state, _, _ in states()))
    assert len({headers["webhook-id"] for headers, _ in target.got}) == len(target.got) == 20


def test_a_failure_is_tried_again_with_the_same_id(database: str) -> None:
    with webhook_target(500, 200) as target, delivering():
        write(target.url, "c")
        await_that(lambda: states()[0][2])
        assert states() == [("waiting", 1, "500: Internal Server Error")]
        come_again()
        await_that(lambda: states()[0][0] == "sent")
    assert [headers["webhook-id"] for headers, _ in target.got] == [target.got[0][0]["webhook-id"]] * 2
    assert target.got[0][1] == target.got[1][1]


def come_again() -> None:
    """The moment of the next attempt has come."""
    with transaction() as connection:
        raw(connection).execute("UPDATE delivery SET next_at = now() WHERE state = 'waiting'")


def test_what_was_given_up_is_sent_again_when_somebody_asks(database: str) -> None:
    with webhook_target(410, 200) as target, delivering():
        write(target.url, "c")
        await_that(lambda: states()[0][0] == "failed")
        send_again(1, now(), "admin@example.com")
        await_that(lambda: states()[0][0] == "sent")
    assert len(target.got) == 2


def test_slow_targets_hold_nobody_else_up(database: str) -> None:
    with webhook_target(slow=True) as slow, webhook_target() as quick, delivering():
        write(slow.url, *(f"s{n}" for n in range(30)))
        write(quick.url, *(f"q{n}" for n in range(10)))
        assert await_that(lambda: len(quick.got) == 10) < 5
        assert len(slow.got) <= 2
        slow.go_on.set()


def test_a_message_that_cannot_be_written_is_shown_and_stops_nothing(database: str) -> None:
    halt = threading.Event()
    deliverer = Deliverer({"webhook": broken})
    write("https://a.example.com/", "c1", "c2")
    deliverer.start(halt)
    await_that(lambda: [why for _, _, why in states()] == ["could not be written: KeyError"] * 2)
    halt.set()
    deliverer.join(5)


def broken(_taken: Taken, _now: datetime) -> None:
    raise KeyError("no such value")


def test_a_killed_sender_loses_nothing_and_its_message_keeps_its_id(database: str, redis_url: str) -> None:
    with webhook_target(slow=True) as target:
        with running(DELIVERING, database, redis_url) as sender:
            write(target.url, "c")
            await_that(lambda: target.got)
            os.kill(sender.pid, signal.SIGKILL)
            sender.wait()
        assert states() == [("waiting", 1, None)]
        target.slow = False
        with running(DELIVERING, database, redis_url):
            come_again()
            await_that(lambda: states()[0][0] == "sent")
    assert len({headers["webhook-id"] for headers, _ in target.got}) == 1
    assert states() == [("sent", 2, None)]


def test_clocks_fire_on_time_beside_targets_that_never_answer(database: str, redis_url: str) -> None:
    with webhook_target(slow=True) as target, running(DELIVERING_SCHEDULER, database, redis_url) as scheduler:
        for number in range(15):
            write(f"{target.url}&n={number}", f"c{number}")
        await_that(lambda: len(target.got) >= 12)
        with transaction() as connection:
            raw(connection).execute(
                "WITH lead AS (INSERT INTO lead (stage) VALUES ('ready') RETURNING id) INSERT INTO clock "
                "(lead_id, key, policy_number, started_at, due_at, next_at, state, met_late) "
                "SELECT id, 'first_touch', 1, now(), now(), now(), 'running', false FROM lead"
            )
        assert await_that(fired) < 2
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(timeout=5) == 0


def fired() -> bool:
    with transaction() as connection:
        return bool(raw(connection).execute("SELECT 1 FROM event WHERE type = 'sla.breached'").fetchone())


def test_every_subscription_has_a_secret_of_its_own(database: str) -> None:
    for _ in range(2):
        add_subscription("https://a.example.com/", ["lead.assigned"], "admin@example.com")
    assert len({one.secret for one in list_subscriptions()}) == 2


# ------------------------------------------------------------------------------------------------ e-mail
def letter(to: str = "li@example.com") -> EmailMessage:
    made = EmailMessage()
    made["To"], made["From"], made["Subject"] = to, "Baton <baton@example.com>", "线索已分配"
    made.set_content("你好")
    return made


def server(port: int, security: str = "offered", **account: str) -> MailServer:
    return MailServer("localhost" if security != "offered" else "127.0.0.1", port, security, **account)


def test_a_mail_is_handed_in() -> None:
    with mail_server() as box:
        send_mail(server(box.port), letter())
    (got,) = box.letters
    assert (got["Subject"], got.get_content().strip()) == ("线索已分配", "你好")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_mail_goes_encrypted_with_name_and_password(security: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(tls=security, password=True) as box:
        asked = server(box.port, security, user="baton", password="s3cret:@")
        with pytest.raises(Undelivered, match="certificate is not good"):
            send_mail(asked, letter())
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        send_mail(asked, letter())
        with pytest.raises(Undelivered, match="535"):
            send_mail(server(box.port, security, user="baton", password="wrong"), letter())
    assert (len(box.letters), box.logins[0]) == (1, (b"baton", b"s3cret:@"))


def test_encryption_that_is_insisted_on_is_not_done_without() -> None:
    with mail_server() as box, pytest.raises(Undelivered, match="STARTTLS"):
        send_mail(server(box.port, "starttls"), letter())
    assert box.letters == []


@pytest.mark.parametrize(("answer", "permanent"), [("550 nobody of that name", True), ("451 try later", False)])
def test_a_recipient_that_is_refused_for_good_is_not_tried_again(answer: str, permanent: bool) -> None:
    with mail_server() as box:
        box.refuse = lambda _: answer
        with pytest.raises(Undelivered, match=answer[4:]) as refused:
            send_mail(server(box.port), letter())
    assert refused.value.permanent is permanent


def test_a_mail_server_that_is_away_is_tried_again() -> None:
    with mail_server() as box:
        port = box.port
    with pytest.raises(Undelivered, match="no conversation") as refused:
        send_mail(server(port), letter())
    assert not refused.value.permanent
