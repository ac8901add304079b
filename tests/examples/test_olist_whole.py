"""Olist's leads of fifteen months, simulated under two policies and decided live: load, promises and fair shares.

Long: `make test-long` runs these; the figures are in docs/figures.md.
"""

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from admin.cli import baton
from admin.intake.simulation import read_lines
from engine.core.reports.tables import Period, Row
from engine.store.inbox.inbox import Intake, accept
from engine.store.read.reports import Question, read_report
from engine.store.roster.roster import import_roster
from examples import olist
from rulesets.document import document
from tests.examples.test_policies import EXAMPLES
from tests.present import decide_all, now, put_in_force

REAL = Path(__file__).parents[3] / "shared" / "data" / "olist"
SECONDS = 120
"""Processor time for the whole calendar under one policy."""
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not REAL.exists(), reason="Olist's files are not in ../shared/data/olist"),
]


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("olist") / "olist.ndjson"
    assert olist.main([str(REAL), "-o", str(file)]) == 0
    return file


def simulate(events: Path, policy: str, *more: str) -> str:
    arguments = ["--policy", str(EXAMPLES / policy), "--roster", str(EXAMPLES / "olist-roster.yaml"), "--json"]
    until = ["--events", str(events), "--until", "2018-12-01T00:00:00Z"]
    done = CliRunner().invoke(baton, ["simulate", *arguments, *until, *more])
    assert done.exit_code == 0, done.output
    return done.stdout


def one(rows: list[Row], **where: Any) -> Row:
    (found,) = [row for row in rows if all(row[key] == value for key, value in where.items())]
    return found


def test_the_same_calendar_gives_the_same_bytes_within_two_minutes(events: Path) -> None:
    digests = []
    for _ in range(2):
        begun = time.process_time()
        digests.append(hashlib.sha256(simulate(events, "olist-policy.yaml").encode()).hexdigest())
        assert time.process_time() - begun < SECONDS
    assert digests[0] == digests[1]


def test_two_policies_are_compared_by_load_promises_and_stages(events: Path) -> None:
    told = json.loads(
        simulate(events, "olist-policy.yaml", "--against", str(EXAMPLES / "olist-straight.yaml"), "--report")
    )
    shipped, straight = (policy["tables"] for policy in told["policies"])
    for tables in (shipped, straight):
        assert one(tables["stages"], stage="won")["leads"] == 529
        assert sum(row["leads"] for row in tables["stages"]) == tables["total"][0]["leads"] == 5345
    reps = [row for row in straight["owners"] if row["person"].startswith("rep-")]
    sdrs = [row for row in shipped["owners"] if row["person"].startswith("sdr-")]
    assert (len(reps), len(sdrs)) == (22, 30)
    assert [row for row in shipped["owners"] if row["person"].startswith("rep-")] == []
    for people in (reps, sdrs):
        given = [row["assigned"] for row in people]
        assert max(given) - min(given) <= 1
    assert one(straight["stages"], stage="mql")["leads"] > 3000
    assert straight["total"][0]["met_rate"] > 5 * shipped["total"][0]["met_rate"]


@pytest.mark.usefixtures("database")
def test_live_each_sdr_is_within_one_lead_of_the_fair_share(events: Path) -> None:
    import_roster(document.load((EXAMPLES / "olist-roster.yaml").read_text()), by="operator")
    put_in_force(document.load((EXAMPLES / "olist-policy.yaml").read_text()))
    with events.open("rb") as lines:
        read, bad = read_lines(lines)
    assert bad == []
    parts = ("id", "type", "occurred_at", "identities", "traits", "properties", "imported")
    begun = now()
    for start in range(0, len(read), 500):
        chunk = [{part: getattr(each, part) for part in parts} for each in read[start : start + 500]]
        accept([Intake(source="olist", due_at=begun, **said) for said in chunk], begun)
    assert decide_all() == len(read)
    period = Period(begun - timedelta(days=1), begun + timedelta(days=1))
    (people,) = [t for t in read_report("fairness", Question(period), now()) if t.key == "people"]
    assert len(people.rows) == 30
    assert max(abs(row["deviation"]) for row in people.rows) <= 1
    since = Period(datetime(2017, 1, 1, tzinfo=UTC), now())
    origins = {t.key: list(t.rows) for t in read_report("conversion", Question(since), now())}
    assert (origins["all"][0]["leads"], origins["all"][0]["won"]) == (5345, 529)
    assert (
        one(origins["origins"], origin="unknown")["total_rate"] > one(origins["origins"], origin="social")["total_rate"]
    )
