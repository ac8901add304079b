"""`baton scheduler` as it is installed: it delivers what the road decided, and stops when it is told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from engine.settings import Settings
from engine.store.clocks import fire_due_clocks
from engine.store.notices import read_notices
from engine.store.subscriptions import add_subscription
from tests.admin.world import LI, WANG
from tests.factories import (
    CTO,
    HandClock,
    column,
    decide_all,
    event,
    hire,
    policy_document,
    put_in_force,
    rows,
    take_in,
)
from tests.workers.processes import REPOSITORY, await_that
from tests.workers.targets import mail_server, webhook_target

SILENT = {
    "key": "calm",
    "role": "sdr",
    "starts_on": {"stage": "ready"},
    "met_by": ["lead.touched"],
    "window": {"hours": 1},
    "warn_at": [50],
}


def decide_a_lead() -> int:
    """A lead comes and goes to the one SDR there is."""
    put_in_force(policy_document(sla=[SILENT]))
    hire(LI)
    hire(WANG, role="manager")
    (lead,) = take_in(event(external_id="crm-7", traits=CTO)).lead_ids
    decide_all()
    return lead


def test_a_decision_tells_its_people_and_its_subscribers_in_the_same_transaction(database: str) -> None:
    add_subscription("https://crm.example.com/", ["lead.assigned", "lead.stage_changed", "lead.score_changed"], "a")
    lead = decide_a_lead()
    assert [(one.person, one.kind, one.lead_id) for one in read_notices(None)] == [(LI, "assigned", lead)]
    told = {kind: body["data"] for kind, body in rows("SELECT kind, payload FROM delivery")}
    assert told["lead.assigned"]["new"] == {"owner": LI}
    assert told["lead.stage_changed"]["old"] == {"stage": None}
    assert told["lead.stage_changed"]["new"] == {"stage": "ready"}
    assert told["lead.score_changed"]["new"]["grade"] == "A"
    assert told["lead.assigned"]["lead"] == {"id": lead, "external_id": "crm-7"}


def test_clocks_that_warn_and_run_out_are_told_outside(database: str) -> None:
    add_subscription("https://crm.example.com/", ["sla.warned", "sla.breached"], "a")
    clock = HandClock()
    decide_a_lead()
    for minutes in (31, 60):
        clock.pass_by(minutes=minutes)
        fire_due_clocks(clock.now())
        decide_all(clock)
    told = [(kind, body["data"]["new"]) for kind, body in rows("SELECT kind, payload FROM delivery ORDER BY id")]
    said = {"key": "calm", "owner": LI, "due_at": "2026-11-20T03:00:00+00:00"}
    assert told == [
        ("sla.warned", {**said, "percent": 50}),
        ("sla.breached", {**said, "state": "breached"}),
    ]


def test_nothing_is_written_for_outside_while_nobody_subscribes(database: str) -> None:
    decide_a_lead()
    assert rows("SELECT 1 FROM delivery") == []


def test_the_scheduler_delivers_and_stops_within_seconds(servers: Settings, database: str, redis_url: str) -> None:
    with mail_server() as box, webhook_target() as target:
        made = add_subscription(target.url, ["lead.assigned"], "a")
        decide_a_lead()
        column("UPDATE notice SET at = now() RETURNING 1")
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
