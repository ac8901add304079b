"""`baton policy progress` shows how many existing leads are rescored."""

import json
import threading
from pathlib import Path

import yaml

from engine.store.due.rescore import send_next
from tests.admin.cli.test_cli import Run, run
from tests.factories import policy_document
from tests.present import decide_all, event, now, put_in_force, take_in

__all__ = ["run"]


def test_progress_tells_how_far_leads_are_scored_anew(run: Run) -> None:
    assert "no policy is in force" in run("policy", "progress").output
    put_in_force()
    assert run("policy", "progress").exit_code == 1, "nothing begins without a scheduler"
    take_in(event(external_id="c1"), event(external_id="c2"))
    send_next(now())
    decide_all()
    put_in_force(policy_document(timezone="UTC"))
    send_next(now())
    told = json.loads(run("policy", "progress", "--json").output)
    assert told == {"number": 2, "total": 2, "done": 0, "finished": False}
    decide_all()
    assert "2 of 2 leads scored anew, 99 %" in run("policy", "progress").output
    send_next(now())
    send_next(now())
    told = run("policy", "progress", "--wait").output
    assert "version 2: 2 of 2 leads scored anew, finished" in told


def test_publishing_may_stay_until_every_lead_is_scored_anew(run: Run, tmp_path: Path) -> None:
    put_in_force()
    take_in(event(external_id="c1"), event(external_id="c2"))
    decide_all()
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(policy_document(timezone="UTC")))
    assert run("policy", "import", str(file)).exit_code == 0
    both = run("policy", "publish", "--reason", "x", "--wait", "--at", "2030-01-01T09:00")
    assert (both.exit_code, "--wait is for a publication at once" in both.output) == (2, True)
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            send_next(now())
            decide_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        told = run("policy", "publish", "--reason", "x", "--bypass-signoff", "--wait")
    finally:
        over.set()
        thread.join()
    assert "version 2 is in force" in told.output
    assert "version 2: 2 of 2 leads scored anew, finished" in told.output
