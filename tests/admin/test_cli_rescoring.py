"""`baton policy progress` tells how far leads already there are scored."""

import json

from engine.store.rescore import send_next
from tests.admin.test_cli import Run, run
from tests.factories import NOW, decide_all, event, policy_document, put_in_force, take_in

__all__ = ["run"]


def test_progress_tells_how_far_leads_are_scored_anew(run: Run) -> None:
    assert "no policy is in force" in run("policy", "progress").output
    put_in_force()
    assert run("policy", "progress").exit_code == 1, "nothing begins without a scheduler"
    take_in(event(external_id="c1"), event(external_id="c2"))
    send_next(NOW)
    decide_all()
    put_in_force(policy_document(timezone="UTC"))
    send_next(NOW)
    told = json.loads(run("policy", "progress", "--json").output)
    assert told == {"number": 2, "total": 2, "done": 0, "finished": False}
    decide_all()
    assert "2 of 2 leads scored anew, 99 %" in run("policy", "progress").output
    send_next(NOW)
    send_next(NOW)
    told = run("policy", "progress", "--wait").output
    assert "version 2: 2 of 2 leads scored anew, finished" in told
