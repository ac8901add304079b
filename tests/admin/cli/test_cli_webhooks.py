"""`baton webhook`: subscriptions in the terminal, their secret printed once, alone on stdout."""

import json

import pytest

from engine.store.outbox.outbox import Message, save_messages
from engine.store.outbox.subscriptions import list_subscriptions
from engine.store.session import raw, transaction
from tests.admin.cli.test_cli import Run, run
from tests.present import now
from tests.workers.targets import mail_server

__all__ = ["run"]
HOOK = "https://crm.example.com/hook"


def test_a_webhook_is_made_changed_and_removed(run: Run) -> None:
    made = run("webhook", "add", HOOK, "--event", "sla.breached,lead.assigned")
    assert made.exit_code == 0, made.output
    (row,) = list_subscriptions()
    assert made.stdout == f"{row.secret}\n"
    listed = json.loads(run("webhook", "list", "--json").stdout)
    assert [(one["url"], one["events"], one["active"]) for one in listed] == [
        (HOOK, ["lead.assigned", "sla.breached"], True)
    ]
    assert "secret" not in listed[0]
    assert run("webhook", "change", "1", "--pause", "--url", f"{HOOK}/2").exit_code == 0
    table = run("webhook", "list").stdout
    assert f"{HOOK}/2" in table
    assert "paused" in table
    assert run("webhook", "change", "1", "--resume", "--event", "sla.warned").exit_code == 0
    (row,) = list_subscriptions()
    assert (row.url, row.events, row.active) == (f"{HOOK}/2", ["sla.warned"], True)
    assert run("webhook", "secret", "1").stdout == f"{list_subscriptions()[0].secret}\n"
    assert run("webhook", "remove", "1").exit_code == 0
    assert list_subscriptions() == []


def test_every_event_is_told_unless_said_otherwise(run: Run) -> None:
    assert run("webhook", "add", HOOK).exit_code == 0
    assert len(list_subscriptions()[0].events) == 5


def test_the_doctor_looks_at_the_mail_server_and_at_what_was_given_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen() -> dict[str, dict[str, object]]:
        return {one["check"]: one for one in json.loads(run("doctor", "--json").stdout)}

    assert "not set up" in str(seen()["e-mail"]["message"])
    monkeypatch.setenv("BATON_MAIL_FROM", "baton@example.com")
    with mail_server() as box:
        monkeypatch.setenv("BATON_SMTP_URL", f"smtp://127.0.0.1:{box.port}")
        assert seen()["e-mail"] == {"check": "e-mail", "ok": True, "message": "127.0.0.1 takes mail"}
    away = seen()
    assert not away["e-mail"]["ok"]
    assert away["deliveries"]["ok"]
    with transaction() as connection:
        save_messages(raw(connection), [Message("mail", "d", "li@example.com", None, "digest", {}, "failed")], now())
    assert "1 messages were given up" in str(seen()["deliveries"]["message"])


@pytest.mark.parametrize(
    "words",
    [("add", "ftp://a.example.com"), ("add", HOOK, "--event", "lead.invented"), ("change", "9", "--pause"),
     ("secret", "9"), ("remove", "9")],
)  # fmt: skip
def test_what_cannot_be_is_refused(run: Run, words: tuple[str, ...]) -> None:
    assert run("webhook", *words).exception is not None
    assert list_subscriptions() == []
