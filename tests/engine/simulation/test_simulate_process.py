"""A simulation in a process of its own: the same lines, and limits that hold."""

import sys
from datetime import timedelta
from typing import Any

import pytest

from engine.simulation.process import request_body, run_in_subprocess
from engine.simulation.simulate import rules_of, score_at
from rulesets.document import document
from tests.engine.core.scored_leads import NOW, event, model, policy, signal

RULES = policy(model([{}, signal()]))
EVENTS = [event(identities={"external_id": "a"})]


def request(**changes: Any) -> dict[str, Any]:
    return {**request_body(document.plain(RULES), EVENTS, (NOW, None), None), **changes}


def test_it_says_what_the_same_simulation_says_here() -> None:
    assert run_in_subprocess(request()) == {"items": list(score_at(rules_of(RULES), EVENTS, NOW))}


def test_time_may_pass_there_too() -> None:
    later = request_body(document.plain(RULES), EVENTS, (None, NOW + timedelta(days=1)), None)
    (line,) = run_in_subprocess(later)["items"]
    assert [decision["event"] for decision in line["decisions"]] == ["content.downloaded"]


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        ("import time; time.sleep(60)", "time"),
        ("raise MemoryError", "memory"),
        ("import os; os.abort()", "broke"),
    ],
)
def test_what_takes_too_much_is_stopped_and_told(code: str, failed: str) -> None:
    assert (
        run_in_subprocess(request(), seconds=0.5 if failed == "time" else 20, command=(sys.executable, "-c", code))[
            "failed"
        ]
        == failed
    )


def test_memory_is_limited() -> None:
    many = request()
    many["events"] = [{**many["events"][0], "id": f"e{number}"} for number in range(20_000)]
    assert run_in_subprocess(many, memory=1)["failed"] in {"memory", "broke"}
