"""Any process may be killed while events arrive: each event is decided once. Killing `baton up` leaves no process."""

import json
import os
import signal
from pathlib import Path

import pytest

from examples import olist
from tests.e2e.installation import Installation, installation, is_alive

REPOSITORY = Path(__file__).resolve().parents[2]
OLIST = REPOSITORY.parent / "shared" / "data" / "olist"
SOME_LEADS = 1500
SOME_EVENTS = 6000
"""So many of Olist's events are enough for every part to die at work; all of them are for `make test-long`."""

VICTIMS = {"worker": ("worker",), "valkey": ("valkey-server",), "web": ("web",), "postgres": ("postgres", "-D")}
"""Whom to kill, by words of their command line, in this order."""


def events_file(folder: Path, most: int | None) -> tuple[Path, int]:
    """Olist's events, the first of them or all, where its data is, else some of the same shape; and how many."""
    path = folder / "events.ndjson"
    if OLIST.is_dir():
        olist.main([str(OLIST), "-o", str(path)])
    else:
        path.write_text("".join(f"{json.dumps(event)}\n" for number in range(SOME_LEADS) for event in lead(number)))
    lines = path.read_text().splitlines(keepends=True)[:most]
    path.write_text("".join(lines))
    return path, len(lines)


def parts(path: Path, number: int) -> list[Path]:
    """The file in so many parts of equal length."""
    lines = path.read_text().splitlines(keepends=True)
    size = -(-len(lines) // number)
    pieces = [path.with_name(f"part-{place}.ndjson") for place in range(number)]
    for place, piece in enumerate(pieces):
        piece.write_text("".join(lines[place * size : (place + 1) * size]))
    return pieces


def lead(number: int) -> list[dict[str, object]]:
    """A lead as Olist's converter makes them."""
    who = {"external_id": f"mql-{number:05d}"}
    day = f"2018-{1 + number % 3:02d}-{1 + number % 28:02d}T09:00:00Z"
    return [
        {"id": f"{number}-known", "type": "lead.identified", "occurred_at": day, "lead": who,
         "traits": {"source": ("paid_search", "organic_search", "social")[number % 3]}},
        {"id": f"{number}-seen", "type": "page.viewed", "occurred_at": day, "lead": who,
         "properties": {"page": "/sell"}},
    ]  # fmt: skip


def set_up(baton: Installation) -> None:
    """Olist's roster and policy, in force."""
    baton.run("roster", "import", str(REPOSITORY / "examples" / "olist-roster.yaml"))
    baton.run("policy", "import", str(REPOSITORY / "examples" / "olist-policy.yaml"))
    baton.run("policy", "publish", "--reason", "trial", "--bypass-signoff")


def kill_everything(baton: Installation, folder: Path) -> None:
    """Kill `baton up` itself: no process and no socket is left, and the next start finds what was there."""
    family = [pid for pid, _ in baton.processes()]
    assert family
    assert baton.process is not None
    baton.process.kill()
    baton.process.wait()
    baton.process = None
    baton.await_that(lambda: not any(is_alive(pid) for pid in family), "a process outlived baton up")
    assert not [path for path in (folder / "var").rglob("*") if path.is_socket()]
    baton.start()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("most", [SOME_EVENTS, pytest.param(None, marks=pytest.mark.long)])
@pytest.mark.walk
def test_every_event_is_decided_once_though_each_part_and_then_everything_is_killed(
    tmp_path: Path, most: int | None
) -> None:
    events, count = events_file(tmp_path, most)
    with installation(tmp_path) as baton:
        set_up(baton)
        key = baton.run("key", "add", "replay", "--scope", "events:write,leads:write").strip()
        door = ("--url", f"http://127.0.0.1:{baton.port}", "--key", key)
        for part, words in zip(parts(events, len(VICTIMS)), VICTIMS.values(), strict=True):
            replay = baton.begin("replay", str(part), *door)
            baton.await_that(lambda: ((baton.readyz() or {}).get("waiting_events") or 0) > 0, "no event arrived")
            victim = baton.one_of(*words)
            os.kill(victim, signal.SIGKILL)
            said = replay.communicate(timeout=300)[0]
            assert replay.returncode == 0, said
            assert not is_alive(victim)
            baton.await_ready()
            baton.await_decided()
        verified = json.loads(baton.run("verify", "--json"))
        assert verified["differences"] == []
        assert verified["decisions"] >= count
        again = json.loads(baton.run("replay", str(events), "--json", *door))
        assert (again["accepted"], again["duplicates"]) == (0, count)
        kill_everything(baton, tmp_path)
        assert "sdr-01@example.com" in baton.run("roster", "export")
