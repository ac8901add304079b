"""A reader of one lead sees its current score, or the last decision's if no worker answers in time (R3.6)."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from admin.cli import baton
from engine.settings import Settings
from engine.store.session import raw, transaction
from tests.admin import deciding
from tests.admin.api_client import Api, event, zulu
from tests.present import now
from tests.workers.processes import await_that
from workers import live_scores, queues

START = now().replace(microsecond=0)
"""By the machine's clock, which is the one of commands."""


def after(days: int) -> str:
    return zulu(START + timedelta(days=days))


@pytest.fixture
def reader(api: Api) -> dict[str, str]:
    """A key that reads, and one lead whose 30 points fade by half every day, decided an hour after its demo."""
    fading = {"key": "demo", "event": "demo.requested", "points": 30, "decay": {"curve": "half_life", "days": 1}}
    main_model = deciding.POLICY["models"][0]
    groups = [{"key": "direct", "max": 50, "signals": [fading]}]
    engagement = {**main_model["engagement"], "groups": groups}
    api.clock.moment = START
    deciding.start_with_policy({**deciding.POLICY, "models": [{**main_model, "engagement": engagement}]}, START)
    sent = event(1, type="demo.requested", occurred_at=after(0), company={"employees": 80})
    assert api.send(sent, api.key()).status_code == 202
    assert deciding.decide_all(api.clock) == 1
    return api.key("reader", ["leads:read"])


@pytest.fixture
def answers(reader: dict[str, str]) -> Iterator[None]:
    """Somebody who tells the score of the moment."""
    stop = threading.Event()
    thread = threading.Thread(target=live_scores.answer_live_scores, args=[stop])
    thread.start()
    await_that(lambda: bool(queues.client().exists(live_scores.ALIVE)))
    yield
    stop.set()
    thread.join()


def asked(api: Api, headers: dict[str, str], address: str) -> Any:
    answer = api.client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_one_lead_shows_the_score_of_the_moment_and_a_list_the_last_decisions(
    api: Api, reader: dict[str, str], answers: None
) -> None:
    api.clock.moment += timedelta(days=1)
    lead = asked(api, reader, "/v1/leads/1")
    assert lead["scores"] == {
        "model": "main", "fit": 40, "engagement": 15, "grade": "A", "heat": "warm", "cell": "A.warm",
        "at": after(1),
    }  # fmt: skip
    (listed,) = asked(api, reader, "/v1/leads")["items"]
    assert (listed["scores"]["engagement"], listed["scores"]["at"]) == (30, after(0))
    assert (lead["stage"], lead["route"]) == (listed["stage"], listed["route"]), "a look decides nothing"
    with transaction() as connection:
        assert raw(connection).execute("SELECT engagement, version FROM lead").fetchall() == [(30, 1)]


def test_the_ledger_and_the_sentences_add_up_at_the_moment(api: Api, reader: dict[str, str], answers: None) -> None:
    api.clock.moment += timedelta(days=2)
    ledger = asked(api, reader, "/v1/leads/1/ledger")
    assert [(line["raw"], line["factor"], line["contribution"]) for line in ledger["ledger"]] == [(30, 0.25, 7.5)]
    assert (ledger["engagement"], ledger["fit"], ledger["heat"], ledger["at"]) == (
        7.5, 40, "cold", after(2),
    )  # fmt: skip
    assert ledger["policy"] == asked(api, reader, "/v1/leads/1")["policy"]
    assert "stale" not in ledger
    told = asked(api, reader, "/v1/leads/1/explain")["sentences"]
    assert "Engagement is 7.5 from 1 counted events:" in told
    assert any("A.cold" in sentence for sentence in told)


def test_without_an_answer_the_last_decisions_score_is_shown_with_its_moment_and_called_stale(
    api: Api, reader: dict[str, str]
) -> None:
    api.clock.moment += timedelta(days=1)
    scores = asked(api, reader, "/v1/leads/1")["scores"]
    assert (scores["engagement"], scores["at"], scores["stale"]) == (30, after(0), True)
    ledger = asked(api, reader, "/v1/leads/1/ledger")
    assert (ledger["engagement"], ledger["at"], ledger["stale"]) == (30, after(0), True)
    assert any("last decision" in sentence for sentence in asked(api, reader, "/v1/leads/1/explain")["sentences"])


def test_nobody_is_asked_where_time_changes_nothing(api: Api) -> None:
    api.clock.moment = START
    deciding.start_with_policy(now=START)
    assert api.send(event(1, type="demo.requested", occurred_at=after(0)), api.key()).status_code == 202
    deciding.decide_all(api.clock)
    api.clock.moment += timedelta(days=9)
    reader = api.key("reader", ["leads:read"])
    scores = asked(api, reader, "/v1/leads/1")["scores"]
    assert (scores["engagement"], scores["at"], "stale" in scores) == (30, after(9), False)
    ledger = asked(api, reader, "/v1/leads/1/ledger")
    assert (ledger["engagement"], ledger["at"], "stale" in ledger) == (30, after(9), False)


def test_a_lead_without_a_decision_has_no_score_of_any_moment(api: Api, reader: dict[str, str], answers: None) -> None:
    api.send(event(2, occurred_at=after(0)), api.key("other"))
    lead = asked(api, reader, "/v1/leads/2")
    assert lead["scores"]["at"] is None
    assert "stale" not in lead["scores"]
    assert "stale" not in asked(api, reader, "/v1/leads/2/ledger")


def test_the_command_line_tells_the_score_of_the_moment_too(
    settings: Settings, reader: dict[str, str], answers: None
) -> None:
    environment = {
        "BATON_DATABASE_URL": settings.database_url,
        "BATON_REDIS_URL": settings.redis_url,
        "BATON_SECRET_KEY": settings.secret_key,
    }
    told = CliRunner().invoke(baton, ["explain", "lead-1"], env=environment)
    assert told.exit_code == 0, told.output
    assert "last decision" not in told.output
    assert "Engagement is" in told.output
