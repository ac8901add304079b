"""Rescoring of existing leads under a new version: leads per second, a kill half-way, and the lag of live events
meanwhile.

`python -m benchmarks.rescore [--random N] [--live RATE]`. Baton runs as a user runs it (`baton up`, two workers). The
leads are X Education's (data/xeducation beside the repository), or N generated ones. A version with other weights is
published. `baton up` is killed with signal 9 half-way and started again, and `baton verify` checks the record.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from benchmarks.whole_path import Door, Watch, percentile
from engine.settings import load_settings
from engine.store import session
from examples import xeducation
from tests.e2e.installation import Installation, installation
from workers.servers.embedded import database_url

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data" / "xeducation"
POLICY = REPOSITORY / "examples" / "xeducation-policy.yaml"
LIST = 200
LAG_LIMIT_MS = 2_000


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.rescore")
    parser.add_argument("--random", type=int, default=0, help="made-up leads instead of X Education's")
    parser.add_argument("--live", type=int, default=100, help="live events a second while leads are rescored")
    asked = parser.parse_args(arguments)
    events = list(made_up(asked.random)) if asked.random else [dict(event) for event in xeducation.convert(DATA)]
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, installation(Path(folder)) as baton:
        measure(baton, Path(folder), events, asked.live)


def measure(baton: Installation, folder: Path, events: list[dict[str, Any]], rate: int) -> None:
    """Send leads, publish other weights twice (once killed half-way, once with live events), and verify."""
    publish(baton, folder, POLICY.read_text())
    door = Door(baton, baton.run("key", "add", "bench", "--scope", "events:write,leads:write").strip())
    door.send(bodies(events))
    baton.await_decided()
    url = database_url(load_settings(baton.environment))
    publish(baton, folder, heavier(1))
    total, done = half_way(url)
    assert baton.process is not None
    os.kill(baton.process.pid, signal.SIGKILL)
    baton.process.wait()
    print(f"killed with {done:,} of {total:,} leads sent on; starting again", flush=True)
    baton.start()
    await_finished(url)
    print(baton.run("verify").strip())
    door = Door(baton, baton.run("key", "add", "again", "--scope", "events:write").strip())
    watch, stop = Watch(url, "live%"), threading.Event()
    live = threading.Thread(target=send_live, args=(door, rate, stop))
    watch.start()
    publish(baton, folder, heavier(2))
    live.start()
    start, used = time.monotonic(), processor_seconds(baton.process.pid)
    await_finished(url)
    took, used = time.monotonic() - start, processor_seconds(baton.process.pid) - used
    stop.set()
    live.join()
    baton.await_decided()
    leads, lags = progress(url)[0], watch.end()
    print(f"rescored {leads:,} leads in {took:.1f} s: {leads / took:,.0f} leads/s, with {rate} live events/s")
    cores = os.cpu_count() or 1
    each = f"{1000 * used / leads:.2f} ms of processor time a lead, live events, web and servers included"
    print(f"{each}: {cores * leads / used:,.0f} leads/s if {cores} cores were idle beside it")
    lag = f"p95 {percentile(lags, 95):.0f} ms of {LAG_LIMIT_MS} allowed"
    print(f"live events, accepted → decided: {lag}, {len(lags):,} seen")
    print(baton.run("verify").strip())


def publish(baton: Installation, folder: Path, policy: str) -> None:
    """Import a document and publish it."""
    (folder / "policy.yaml").write_text(policy)
    baton.run("policy", "import", str(folder / "policy.yaml"))
    baton.run("policy", "publish", "--reason", "benchmark", "--bypass-signoff")


def heavier(points: int) -> str:
    """The example policy with this many more points for every fit rule."""
    document = yaml.safe_load(POLICY.read_text())
    document.pop("tests", None)
    for model in document["models"]:
        for group in model["fit"]["groups"]:
            for rule in group["rules"]:
                rule["points"] += points
    return yaml.safe_dump(document, allow_unicode=True)


def made_up(leads: int) -> Iterator[dict[str, Any]]:
    """Generated leads with a profile and three visits each."""
    for number in range(leads):
        who = {"external_id": f"m{number}"}
        yield {"id": f"p{number}", "type": "lead.identified", "occurred_at": "2026-01-05T10:00:00Z", "lead": who,
               "traits": {"source": "Google", "city": "Mumbai"}, "answers": {"occupation": "Unemployed"}}  # fmt: skip
        for visit in range(3):
            yield {"id": f"v{number}.{visit}", "type": "website.visited", "lead": who,
                   "occurred_at": f"2026-01-0{6 + visit}T10:00:00Z"}  # fmt: skip


def bodies(events: list[dict[str, Any]]) -> Iterator[bytes]:
    """Lists in the format of the API."""
    for start in range(0, len(events), LIST):
        yield json.dumps(events[start : start + LIST], default=str).encode()


def send_live(door: Door, rate: int, stop: threading.Event) -> None:
    """Send a list every tenth of a second until stopped."""
    number = 0
    while not stop.wait(0.1):
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        several = [
            {"id": f"live{number + n}", "type": "website.visited", "occurred_at": moment,
             "lead": {"external_id": f"live{(number + n) % 500}"}}
            for n in range(max(1, rate // 10))
        ]  # fmt: skip
        number += len(several)
        door.send([json.dumps(several).encode()])


def progress(url: str) -> tuple[int, int, bool]:
    """Leads to rescore under the version in force, leads sent, and whether all is done."""
    with session.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT total, sent, finished_at IS NOT NULL FROM rescore JOIN active_policy USING (number)"
        ).fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0, False)


def processor_seconds(pid: int) -> float:
    """Processor time of a process and all its children, ended ones included."""
    waiting, ticks = [pid], 0
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile, and its parent counts it
            ticks += sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:15]))
            for thread in (process / "task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
    return ticks / os.sysconf("SC_CLK_TCK")


def half_way(url: str) -> tuple[int, int]:
    """Return once half of the leads are sent: their total, and the number sent."""
    while (state := progress(url))[1] < max(1, state[0] // 2) and not state[2]:
        time.sleep(0.02)
    return state[:2]


def await_finished(url: str) -> None:
    """Return once all leads are rescored."""
    while not progress(url)[2]:
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1:])
