"""The whole path: HTTP lists in, explained decisions out, compared with one empty forked RQ job per event.

`python -m benchmarks.whole_path [--quick]`. Baton runs as a user runs it (`baton up`, embedded servers, two workers, a
policy of 200 rules). Then two plain forking RQ workers on the same Valkey run jobs that return at once. Also measured:
the lag from accepted to decided at steady rates, the time of a person's click, and the time to read a lead.
"""

import http.client
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue, Worker

from benchmarks.whole_path_events import lists, write_policy, write_roster
from engine.settings import load_settings
from engine.store import session
from tests.e2e.installation import Installation, installation
from workers.servers.embedded import database_url, redis_url

LIST = 200
WORKERS = "2"
OWNER = "sdr0@example.com"
"""The person of the roster (one of ten) whose clicks are measured, first on their own leads, then on unowned ones."""
RATES = (500, 2000)
LAG_LIMIT_MS = 300


def nothing() -> None:
    """The empty job for comparison."""


def jobs_per_second(url: str, jobs: int) -> float:
    """Empty forked RQ jobs per second, with two workers."""
    queue = Queue("yardstick", connection=Redis.from_url(url))
    for _ in range(jobs):
        queue.enqueue("benchmarks.whole_path.nothing", result_ttl=0)
    start = time.monotonic()
    workers = [multiprocessing.get_context("spawn").Process(target=_work, args=(url,)) for _ in range(int(WORKERS))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return jobs / (time.monotonic() - start)


def _work(url: str) -> None:
    queue = Queue("yardstick", connection=Redis.from_url(url))
    Worker([queue], connection=queue.connection).work(burst=True, logging_level="ERROR")


class Door:
    """One HTTP connection that sends lists of events."""

    def __init__(self, baton: Installation, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", baton.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """Status and body of the answer to a POST."""
        return self._ask("POST", path, body)

    def get(self, path: str) -> tuple[int, Any]:
        """Status and body of the answer to a GET."""
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        try:
            return self._ask_once(method, path, body)
        except (ConnectionError, http.client.HTTPException):
            self._connection.close()  # the server ends connections that were idle for a while
            return self._ask_once(method, path, body)

    def _ask_once(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def send(self, bodies: Iterable[bytes]) -> None:
        """Send lists as fast as they are accepted."""
        for body in bodies:
            status, said = self.post("/v1/events", body)
            assert status == 202, said
            assert not said["rejected"], said


class Watch(threading.Thread):
    """Polls the database for decisions and records their lag since acceptance, in milliseconds.

    ``like``: only events whose id matches.
    """

    def __init__(self, url: str, like: str = "%") -> None:
        super().__init__(daemon=True)
        self._like = like
        self.lags: list[float] = []
        self._stop_asked = threading.Event()
        self._connection = session.connect(url, autocommit=True)
        row = self._connection.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()
        self._last = row[0] if row else 0

    def run(self) -> None:
        """Poll every few milliseconds."""
        while not self._stop_asked.wait(0.004):
            rows = self._connection.execute(
                "SELECT d.id, extract(epoch FROM clock_timestamp() - e.received_at) * 1000 FROM decision d "
                "JOIN event e ON e.id = d.event_id WHERE d.id > %s AND e.external_id LIKE %s ORDER BY d.id",
                [self._last, self._like],
            ).fetchall()
            if rows:
                self._last = rows[-1][0]
                self.lags.extend(float(lag) for _, lag in rows)

    def end(self) -> list[float]:
        """Stop polling; return every lag."""
        self._stop_asked.set()
        self.join()
        self._connection.close()
        return self.lags


def steady(baton: Installation, door: Door, url: str, rate: int, seconds: int) -> tuple[list[float], int]:
    """Lags at a rate of events per second, and the number of waiting events at its end."""
    watch, size = Watch(url), max(5, rate // 50)
    watch.start()
    bodies = list(lists(f"rate{rate}", rate * seconds, size))
    start = time.monotonic()
    for number, body in enumerate(bodies):
        # From the start, not from the last list: pauses that are too long would lower the rate.
        pause = start + number * size / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        door.send([body])
    waiting = (baton.readyz() or {}).get("waiting_events", -1)
    baton.await_decided()
    return watch.end(), waiting


def clicks(door: Door, url: str, number: int) -> list[float]:
    """Milliseconds until a person's touch is decided and answered."""
    query = "SELECT id FROM lead WHERE owner = %s OR owner IS NULL ORDER BY owner, id LIMIT %s"
    with session.connect(url, autocommit=True) as connection:
        leads = [row[0] for row in connection.execute(query, [OWNER, number])]
    took = []
    for lead in leads:
        start = time.monotonic()
        status, said = door.post(
            f"/v1/leads/{lead}/work",
            json.dumps({"action": "touch", "channel": "phone", "result": "connected"}).encode(),
        )
        assert status == 200, said
        took.append((time.monotonic() - start) * 1000)
    return took


def looks(door: Door, url: str, number: int) -> list[float]:
    """Milliseconds to read a lead with the score of the moment, leads whose score changes with time first."""
    with session.connect(url, autocommit=True) as connection:
        query = "SELECT id FROM lead ORDER BY next_refresh_at IS NULL, id LIMIT %s"
        leads = [row[0] for row in connection.execute(query, [number])]
    took = []
    for lead in leads:
        start = time.monotonic()
        status, said = door.get(f"/v1/leads/{lead}")
        assert status == 200, said
        assert "stale" not in said["scores"], said["scores"]
        took.append((time.monotonic() - start) * 1000)
    return took


def percentile(values: list[float], percent: int) -> float:
    """A percentile of measured values."""
    return statistics.quantiles(values, n=100)[percent - 1]


def main(arguments: list[str]) -> None:
    """Measure and print."""
    quick = "--quick" in arguments
    events, seconds, jobs = (5_000, 5, 100) if quick else (40_000, 20, 400)
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, installation(Path(folder)) as baton:
        settings = load_settings(baton.environment)
        write_policy(Path(folder) / "policy.json")
        write_roster(Path(folder) / "roster.json")
        baton.run("policy", "import", f"{folder}/policy.json")
        baton.run("roster", "import", f"{folder}/roster.json")
        baton.run("policy", "publish", "--reason", "benchmark", "--bypass-signoff")
        scopes = "events:write,leads:read,leads:write"
        door = Door(baton, baton.run("key", "add", "bench", "--scope", scopes).strip())
        owners = Door(baton, baton.run("key", "add", "owner", "--scope", scopes, "--person", OWNER).strip())
        door.send(lists("warm", 1_000, LIST))
        baton.await_decided()
        bodies = list(lists("whole", events, LIST))
        start = time.monotonic()
        door.send(bodies)
        accepted = time.monotonic() - start
        baton.await_decided()
        decided = events / (time.monotonic() - start)
        yardstick = jobs_per_second(redis_url(settings), jobs)
        print(f"whole path, 200 rules: {decided:,.0f} events/s decided ({events / accepted:,.0f}/s accepted)")
        print(f"one forked RQ job per event doing nothing: {yardstick:,.0f}/s  →  ratio {decided / yardstick:.1f} ×")
        url = database_url(settings)
        for rate in RATES:
            lags, waiting = steady(baton, door, url, rate, seconds)
            told = f"p50 {statistics.median(lags):.0f} ms, p95 {percentile(lags, 95):.0f} ms"
            print(f"{rate:,} events/s for {seconds} s: accepted → decided {told}; {waiting} waiting at the end")
        took = clicks(owners, url, 20 if quick else 100)
        print(f"a click decided and answered: p50 {statistics.median(took):.0f} ms, p95 {percentile(took, 95):.0f} ms")
        took = looks(door, url, 200 if quick else 1_000)
        looked = f"p50 {statistics.median(took):.0f} ms, p95 {percentile(took, 95):.0f} ms"
        print(f"a lead with the score of the moment: {looked}")


if __name__ == "__main__":
    main(sys.argv[1:])
