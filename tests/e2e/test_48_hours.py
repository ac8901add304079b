"""Forty-eight hours to accept, thirty days of suspension: played over HTTP and simulated, with the same result.

The windows are real; the clock of the processes is moved. The scheduler is killed in the middle.
"""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rq import Worker

from admin.app import create_app
from admin.cli import baton
from engine.settings import Settings
from engine.store.access.keys import add_key
from engine.store.roster.roster import import_roster
from engine.verification.verify import verify
from tests.admin.live import listening
from tests.factories import column, policy_document, rows
from tests.patience import PATIENCE
from tests.present import put_in_force
from tests.workers.moved_clock import MovedClock
from tests.workers.processes import MOVED_SCHEDULER, MOVED_WORKER, await_that, running
from workers import queues

ANN, BOB, EVE, HEAD = (f"{name}@example.com" for name in ("ann", "bob", "eve", "head"))
WINDOW = timedelta(hours=48)
ACCEPT = {
    "key": "accept_48h", "role": "sales", "starts_on": {"stage": "mql"}, "met_by": ["lead.accepted"],
    "window": {"hours": 48}, "warn_at": [80], "on_warn": [{"do": "notify", "to": "owner"}],
    "on_breach": [{"do": "strike"}, {"do": "reassign"}, {"do": "notify", "to": "manager"}],
}  # fmt: skip
POLICY = policy_document(
    models=[{"key": "main", "matrix": {"default": {"action": "sales"}}}],
    assignment=[{"key": "closing", "role": "sales"}],
    sla=[ACCEPT],
    strikes=[{"role": "sales", "sla": ["accept_48h"], "consecutive": 2, "suspend": {"days": 30}}],
)
ROSTER = {
    "format": "baton.roster/1",
    "people": [
        *({"email": email, "role": "sales", "manager": HEAD} for email in (ANN, BOB, EVE)),
        {"email": HEAD, "role": "manager"},
    ],
}


class Company:
    """The HTTP door, by the keys of a form and of each person, and the clock of every process."""

    def __init__(self, url: str, clock: MovedClock) -> None:
        self.clock = clock
        self._address = url.removeprefix("http://")
        self._form = self._key("form", "events:write", "leads:read")
        self._keys = {
            person: self._key(person.partition("@")[0], "leads:write", person=person) for person in (ANN, BOB, EVE)
        }

    def arrives(self, lead: str) -> str:
        """A lead comes; returns whose it is."""
        about = {"id": lead, "type": "lead.identified", "occurred_at": self.clock.now().isoformat()}
        self._ask("/v1/events", {**about, "lead": {"external_id": lead}})
        await_that(quiet)
        return self.owner(lead)

    def accepts(self, lead: str, person: str) -> None:
        """The owner takes it."""
        self._ask(f"/v1/leads/{self._lead(lead)['id']}/work", {"action": "accept"}, self._keys[person])
        await_that(quiet)

    def owner(self, lead: str) -> str:
        """Whose it is, as the API tells."""
        return str(self._lead(lead)["owner"])

    def reasons(self, lead: str) -> dict[str, str]:
        """Person → reason of the latest assignment, as the API tells."""
        decisions = self._ask(f"/v1/leads/{self._lead(lead)['id']}/decisions")["items"]
        candidates = [one["assignment"]["candidates"] for one in decisions if one["assignment"]][-1]
        return {one["person"]: one["reason"] for one in candidates}

    def _lead(self, lead: str) -> dict[str, Any]:
        (found,) = self._ask(f"/v1/leads?external_id={lead}")["items"]
        return dict(found)

    def _key(self, name: str, *scopes: str, person: str | None = None) -> str:
        return add_key(name, scopes, self.clock.now(), person=person).secret

    def _ask(self, path: str, body: object = None, key: str | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key or self._form}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self._address}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - the test's own server
            return dict(json.load(answer))


def quiet() -> bool:
    """Whether everything is decided."""
    return column("SELECT count(*) FROM inbox") == [0]


@pytest.fixture
def company(servers: Settings, database: str, redis_url: str, tmp_path: Path) -> Iterator[Company]:
    """A web server, a worker and a database with a policy and a roster, all by one clock."""
    clock = MovedClock(tmp_path / "clock")
    app = create_app(replace(servers, database_url=database, redis_url=redis_url), clock)
    put_in_force(POLICY)
    import_roster(ROSTER, by=HEAD)
    queues.set_lane_count(1)
    with listening(app) as url, running(MOVED_WORKER, database, redis_url, str(tmp_path / "clock")):
        await_that(lambda: Worker.count(connection=queues.client()))
        yield Company(url, clock)


def test_forty_eight_hours_a_second_miss_and_a_month_without_leads(
    company: Company, database: str, redis_url: str, tmp_path: Path
) -> None:
    scheduler = (MOVED_SCHEDULER, database, redis_url, str(tmp_path / "clock"))
    with running(*scheduler) as first:
        miss_one_and_meet_the_next(company)
        assert [company.arrives(lead) for lead in ("four", "five", "six")] == [BOB, EVE, ANN]
        company.accepts("four", BOB)
        company.accepts("five", EVE)
        (due,) = column("SELECT max(due_at) FROM clock")
        first.kill()
        first.wait()
    company.clock.jump_to(due + timedelta(minutes=3))
    with running(*scheduler):
        await_that(lambda: company.owner("six") == BOB)
        assert counts() == {ANN: 1}
        company.accepts("six", BOB)
        miss_twice_and_receive_nothing_for_a_month(company)
    assert column("SELECT state FROM clock ORDER BY id").count("breached") == 3
    assert column("SELECT count(*) FROM event WHERE type = 'sla.breached'") == [3]
    assert verify().differences == ()
    assert simulated(company.clock.now(), tmp_path) == lived()


def miss_one_and_meet_the_next(company: Company) -> None:
    """Ann is warned and misses the first lead, which becomes Bob's; she accepts her second."""
    assert company.arrives("one") == ANN
    (due,) = column("SELECT due_at FROM clock")
    company.clock.jump_to(due - 0.2 * WINDOW)
    await_that(lambda: column("SELECT person FROM notice WHERE kind = 'sla_warned'") == [ANN])
    assert column("SELECT count(*) FROM event WHERE type = 'sla.breached'") == [0]
    company.clock.jump_to(due)
    await_that(lambda: company.owner("one") == BOB)
    assert counts() == {ANN: 1}
    company.accepts("one", BOB)
    assert company.arrives("two") == EVE
    company.accepts("two", EVE)
    assert company.arrives("three") == ANN
    company.accepts("three", ANN)
    assert counts() == {ANN: 0}, "a met clock in between resets"


def miss_twice_and_receive_nothing_for_a_month(company: Company) -> None:
    """Ann's second miss in a row suspends her until a date, and only until then."""
    assert company.arrives("seven") == EVE
    assert company.arrives("eight") == ANN
    company.accepts("seven", EVE)
    (due,) = column("SELECT max(due_at) FROM clock")
    month = timedelta(days=30)
    company.clock.jump_to(due)
    await_that(lambda: company.owner("eight") == BOB)
    assert rows("SELECT person, role, from_at, until_at FROM suspension") == [(ANN, "sales", due, due + month)]
    company.accepts("eight", BOB)
    assert sorted(column("SELECT person FROM notice WHERE kind = 'suspended'")) == [ANN, HEAD]
    assert company.arrives("nine") == EVE
    assert company.reasons("nine")[ANN] == "suspended"
    company.accepts("nine", EVE)
    company.clock.jump_to(due + month)
    await_that(lambda: ANN in column("SELECT person FROM notice WHERE kind = 'suspension_ended'"))
    company.accepts("ten", company.arrives("ten"))
    assert company.reasons("ten")[ANN] != "suspended"


def counts() -> dict[str, int]:
    """How often in a row each person has missed."""
    return dict(rows("SELECT person, count FROM strike"))


Ends = dict[str, dict[str, Any]]
"""Lead → owner, stage, clocks, everybody who was looked at with the reason, strikes."""


def lived() -> Ends:
    """How it ended live."""
    names = dict(rows("SELECT lead_id, value FROM identity WHERE kind = 'external_id'"))
    found: Ends = {}
    for lead, stage, owner in rows("SELECT id, stage, owner FROM lead"):
        bodies = column("SELECT body FROM decision WHERE lead_id = %s ORDER BY id", lead)
        found[names[lead]] = {
            "stage": stage,
            "owner": owner,
            "clocks": [
                list(row) for row in rows("SELECT key, owner, state FROM clock WHERE lead_id = %s ORDER BY id", lead)
            ],
            "looked at": [body["assignment"]["candidates"] for body in bodies if body.get("assignment")],
            "strikes": [
                {**struck, "suspended_until": bool(struck["suspended_until"])}
                for body in bodies
                for struck in body.get("strikes", ())
            ],
        }
    return found


def events() -> Iterator[str]:
    """What came from outside, a line each."""
    names = dict(rows("SELECT lead_id, value FROM identity WHERE kind = 'external_id'"))
    for name, kind, at, lead, actor in rows(
        "SELECT external_id, type, occurred_at, lead_id, actor FROM event WHERE source <> 'baton' ORDER BY id"
    ):
        about = {"id": name, "type": kind, "occurred_at": at.isoformat(), "lead": {"external_id": names[lead]}}
        yield json.dumps({**about, "actor": actor} if actor else about)


def simulated(until: datetime, folder: Path) -> Ends:
    """How the same events end in virtual time, by the command."""
    files = {name: folder / name for name in ("policy.json", "roster.json", "events.ndjson")}
    files["policy.json"].write_text(json.dumps(POLICY))
    files["roster.json"].write_text(json.dumps(ROSTER))
    files["events.ndjson"].write_text("\n".join(events()))
    options = ("--policy", "policy.json"), ("--roster", "roster.json"), ("--events", "events.ndjson")
    arguments = [word for option, name in options for word in (option, str(files[name]))]
    done = CliRunner().invoke(baton, ["simulate", *arguments, "--until", until.isoformat(), "--json"])
    assert done.exit_code == 0, done.output
    return {line["lead"]["external_id"]: _end(line) for line in map(json.loads, done.stdout.splitlines())}


def _end(line: dict[str, Any]) -> dict[str, Any]:
    struck = [one for decision in line["decisions"] for one in decision.get("strikes", ())]
    return {
        "stage": line["stage"],
        "owner": line["owner"],
        "clocks": [[clock["key"], clock["owner"], clock["state"]] for clock in line["clocks"]],
        "looked at": [decision["candidates"] for decision in line["decisions"] if decision["candidates"]],
        "strikes": [{**one, "suspended_until": bool(one["suspended_until"])} for one in struck],
    }
