"""A simulation in a subprocess, with limits of time and memory.

A trial policy may be slow, large, or crash the matcher's library; the worker must survive that. Input and output are
JSON: a request (`request_body`) on standard input, the results on the last line of standard output.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from engine.core.explain import moment
from engine.core.lead.model import LeadEvent
from engine.matcher.rete import ReteMatcher
from engine.simulation.simulate import Line, rules_of, score_at
from engine.simulation.timeline import run_until
from rulesets.policy.policy import Policy
from rulesets.roster.roster import FORMAT, Roster

SECONDS = 20.0
MEMORY = 1024**3  # bytes of address space
COMMAND = (sys.executable, "-m", "engine.simulation.process")
GROUPS = ("identities", "traits", "company", "answers", "properties")

Request = dict[str, Any]


def request_body(
    policy: dict[str, Any], events: Sequence[LeadEvent], moments: tuple[datetime | None, datetime | None], roster: Any
) -> Request:
    """A request: checked documents and events. ``moments`` are now and until; exactly one of them is given."""
    now, until = moments
    return {
        "policy": policy,
        "events": [_event_body(event) for event in events],
        "now": now and moment(now),
        "until": until and moment(until),
        "roster": roster,
    }


def run_in_subprocess(
    request: Request, *, seconds: float = SECONDS, memory: int = MEMORY, command: tuple[str, ...] = COMMAND
) -> dict[str, Any]:
    """The results as ``{"items": […]}``, or ``{"failed": "time" | "memory" | "broke", "message": …}``."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(
            command,
            input=json.dumps({**request, "memory": memory}),
            capture_output=True, text=True, encoding="utf-8", timeout=seconds, env=environment, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": "time", "message": f"it was not done within {seconds:g} seconds: send fewer events"}
    if done.returncode == 0:
        return {"items": json.loads(done.stdout.splitlines()[-1])}
    # Python's own traceback is the only sign that RLIMIT_AS was hit; the exit status is 1 for every exception.
    if "MemoryError" in done.stderr:
        return {"failed": "memory", "message": f"it needs more than {memory >> 20} MiB: send fewer events"}
    return {"failed": "broke", "message": f"its process ended with status {done.returncode}: report this policy"}


def simulate(request: Request) -> list[Line]:
    """Run a request in this process."""
    policy = Policy.model_validate(request["policy"])
    events = [_event(body) for body in request["events"]]
    roster = Roster.model_validate(request["roster"] or {"format": FORMAT})
    matcher = ReteMatcher.of(policy)
    with closing(matcher):
        rules = rules_of(policy, matcher)
        if request["until"]:
            return list(run_until(rules, roster, events, datetime.fromisoformat(request["until"])))
        return list(score_at(rules, events, datetime.fromisoformat(request["now"])))


def main() -> None:
    """The subprocess: a request on standard input, results on the last line of standard output."""
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    sys.stdout.write("\n" + json.dumps(simulate(asked)))


def _event_body(event: LeadEvent) -> dict[str, Any]:
    groups = {name: dict(getattr(event, name)) for name in GROUPS if getattr(event, name)}
    about = {"source": event.source, "id": event.id, "type": event.type, "occurred_at": moment(event.occurred_at)}
    return {**about, **groups, "actor": event.actor, "imported": event.imported}


def _event(body: dict[str, Any]) -> LeadEvent:
    return LeadEvent(**{**body, "occurred_at": datetime.fromisoformat(body["occurred_at"])})


if __name__ == "__main__":
    main()
