"""`baton scheduler` as a process: it delivers messages and stops on a signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from engine.settings import Settings
from engine.store.outbox.subscriptions import add_subscription
from tests.admin.world import LI
from tests.factories import CTO, column, hire
from tests.present import decide_all, event, put_in_force, take_in
from tests.workers.processes import REPOSITORY, await_that
from tests.workers.targets import mail_server, webhook_target


def test_the_scheduler_delivers_and_stops_within_seconds(servers: Settings, database: str, redis_url: str) -> None:
    with mail_server() as box, webhook_target() as target:
        made = add_subscription(target.url, ["lead.assigned"], "a")
        put_in_force()
        hire(LI)
        take_in(event(external_id="crm-7", traits=CTO))
        decide_all()
        scheduler = subprocess.Popen(
            [sys.executable, "-m", "admin.cli", "scheduler"],
            cwd=Path(REPOSITORY),
            env=environment(servers, database, redis_url, box.port),
        )
        try:
            await_that(lambda: box.letters and target.got)
            scheduler.send_signal(signal.SIGTERM)
            assert scheduler.wait(timeout=6) == 0
        finally:
            scheduler.kill()
            scheduler.wait()
    ((headers, body),) = target.got
    assert Webhook(made.secret).verify(body, headers)["data"]["new"] == {"owner": LI}
    (letter,) = box.letters
    assert letter["To"] == LI
    assert "baton.example.com/admin/leads/" in letter.get_body(["plain"]).get_content()  # type: ignore[union-attr]
    assert column("SELECT state FROM delivery WHERE kind <> 'digest' ORDER BY id") == ["sent", "sent"]


def environment(servers: Settings, database: str, redis_url: str, port: int) -> dict[str, Any]:
    """The environment of a scheduler that may send mails and webhooks on loopback."""
    return {
        **os.environ,
        "BATON_HOME": str(servers.home),
        "BATON_DATABASE_URL": database,
        "BATON_REDIS_URL": redis_url,
        "BATON_SECRET_KEY": "for-tests-only" * 4,
        "BATON_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "BATON_MAIL_FROM": "Baton <baton@example.com>",
        "BATON_PUBLIC_URL": "https://baton.example.com",
        "BATON_WEBHOOK_PRIVATE": "1",
    }
