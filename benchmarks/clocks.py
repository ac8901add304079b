"""Clocks that are all due at once: time until they are claimed, breaches decided per second, and each exactly once.

`python -m benchmarks.clocks [--quick]`. Baton runs as a user runs it (`baton up`, two workers, the policy of 200 rules
of `benchmarks.whole_path`). Every lead has an owner and a running clock; one statement makes all of them due. Each
breach adds a strike, reassigns the lead, starts the new owner's clock and notifies the manager. At the end `baton
verify` checks the record.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.whole_path import LIST, Door
from benchmarks.whole_path_events import write_policy
from engine.settings import load_settings
from engine.store import session
from tests.e2e.installation import Installation, installation
from workers.servers.embedded import database_url

CLAIMED_WITHIN = 60.0
DECIDED_A_SECOND = 500
PEOPLE = 10
FIRST_TOUCH = {
    "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
    "window": {"days": 2}, "on_breach": [{"do": "strike"}, {"do": "reassign"}, {"do": "notify", "to": "manager"}],
}  # fmt: skip
NEVER_SUSPENDED = {"role": "sdr", "sla": ["first_touch"], "consecutive": 1_000_000, "suspend": {"days": 1}}


def main(arguments: list[str]) -> None:
    """Measure and print."""
    clocks = 5_000 if "--quick" in arguments else 100_000
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, installation(Path(folder)) as baton:
        url = database_url(load_settings(baton.environment))
        fill(baton, Path(folder), clocks)
        ask(url, "UPDATE clock SET due_at = clock_timestamp(), next_at = clock_timestamp() RETURNING 1")
        measure(baton, url, clocks)
        print(baton.run("verify").strip())


def fill(baton: Installation, folder: Path, leads: int) -> None:
    """Publish a policy with a clock, import people with a manager, and send this many leads, which get owners."""
    write_policy(folder / "policy.json")
    policy: dict[str, Any] = json.loads((folder / "policy.json").read_text())
    policy["models"][0]["matrix"] = {"default": {"action": "sdr"}}
    policy |= {"sla": [FIRST_TOUCH], "strikes": [NEVER_SUSPENDED]}
    (folder / "policy.json").write_text(json.dumps(policy))
    staff = [
        {"email": f"sdr{number}@example.com", "role": "sdr", "manager": "head@example.com"} for number in range(PEOPLE)
    ]
    people = [*staff, {"email": "head@example.com", "role": "manager"}]
    (folder / "roster.json").write_text(json.dumps({"format": "baton.roster/1", "people": people}))
    baton.run("roster", "import", str(folder / "roster.json"))
    baton.run("policy", "import", str(folder / "policy.json"))
    baton.run("policy", "publish", "--reason", "benchmark", "--bypass-signoff")
    door = Door(baton, baton.run("key", "add", "bench", "--scope", "events:write").strip())
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for start in range(0, leads, LIST):
        several = [
            {"id": f"l{number}", "type": "lead.identified", "occurred_at": now, "lead": {"external_id": f"l{number}"}}
            for number in range(start, min(start + LIST, leads))
        ]
        door.send([json.dumps(several).encode()])
    await_decided(baton)


def await_decided(baton: Installation) -> None:
    """Return once no event waits, however long it takes."""
    while (baton.readyz() or {}).get("waiting_events") != 0:
        time.sleep(0.2)


def measure(baton: Installation, url: str, clocks: int) -> None:
    """Watch clocks being claimed and breaches being decided; print the rates, and check that each happened once."""
    begun, claimed_at, decided = time.monotonic(), 0.0, 0
    while decided < clocks:
        time.sleep(0.1)
        claimed = ask(url, "SELECT count(*) FROM clock WHERE fired_at IS NOT NULL")
        decided = ask(url, "SELECT count(*) FROM clock WHERE state = 'breached'")
        if claimed >= clocks and not claimed_at:
            claimed_at = time.monotonic()
    ended = time.monotonic()
    events = ask(url, "SELECT count(*) FROM event WHERE type = 'sla.breached'")
    decisions = ask(url, "SELECT count(*) FROM decision JOIN event e ON e.id = event_id WHERE e.type = 'sla.breached'")
    assert (events, decisions) == (clocks, clocks), f"{events} breaches and {decisions} decisions of {clocks} clocks"
    assert ask(url, "SELECT count(*) FROM clock WHERE state = 'running'") == clocks
    assert ask(url, "SELECT sum(count) FROM strike") == clocks
    print(f"{clocks:,} clocks due at once: claimed within {claimed_at - begun:.1f} s of {CLAIMED_WITHIN:.0f} allowed")
    print(f"breaches decided: {clocks / (ended - begun):,.0f}/s of {DECIDED_A_SECOND} wanted, each exactly once")
    await_decided(baton)


def ask(url: str, query: str, *values: object) -> Any:
    """The first value of the query's result."""
    with session.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode(), values).fetchone()
    return row[0] if row else None


if __name__ == "__main__":
    main(sys.argv[1:])
