"""A long-running process computes current scores; a reader without an answer in time gets the stored ones."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.settings import Settings
from engine.store.session import init_store
from tests.factories import model, policy_document
from tests.patience import PATIENCE
from tests.present import decide_all, event, now, put_in_force, take_in
from tests.workers.processes import await_that
from workers import live_scores, queues

DOWNLOADED = "content.downloaded"
START = now()
"""When the lead downloads something."""


def fading() -> dict[str, Any]:
    """A policy in which 40 points for a download fade by half every day."""
    signal_ = {"key": "paper", "event": DOWNLOADED, "points": 40, "decay": {"curve": "half_life", "days": 1}}
    engagement = {
        "groups": [{"key": "content", "signals": [signal_]}],
        "heats": {"frenzied": 80, "hot": 50, "warm": 20},
    }
    return policy_document(models=[model(engagement=engagement)])


@pytest.fixture
def lead(database: str, redis_url: str) -> int:
    """A lead that downloaded something at START."""
    queues.init_queue(redis_url)
    put_in_force(fading())
    take_in(event(DOWNLOADED, external_id="c1", at=START))
    decide_all()
    return 1


@contextmanager
def somebody_answering() -> Iterator[None]:
    """A thread that answers, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=live_scores.answer_live_scores, args=[stop])
    thread.start()
    try:
        await_that(lambda: bool(queues.client().exists(live_scores.ALIVE)))
        yield
    finally:
        stop.set()
        thread.join()


def answered(lead: int, at: datetime, *, full: bool = False) -> live_scores.ScoresAnswer:
    """What somebody tells, asked again until it comes in time."""
    told: list[live_scores.ScoresAnswer] = []

    def ask() -> bool:
        told.extend(filter(None, [live_scores.ask_scores(lead, at, full=full)]))
        return bool(told)

    await_that(ask)
    return told[0]


def test_the_score_of_the_moment_is_told_and_in_full_where_asked(lead: int) -> None:
    tomorrow = START + timedelta(days=1)
    with somebody_answering():
        told = answered(lead, tomorrow)
        full = answered(lead, tomorrow, full=True)
        unknown = live_scores.ask_scores(99, tomorrow, wait=5)
    assert told["scores"]["engagement"] == 20
    assert told["policy"]["number"] == 1
    assert told["at"] == tomorrow.isoformat()
    assert "ledger" not in told["scores"]
    assert [line["value"] for line in full["scores"]["ledger"]] == [20]
    assert unknown is None


def test_nobody_is_waited_for_where_nobody_answers(lead: int) -> None:
    started = time.monotonic()
    assert live_scores.ask_scores(lead, START, wait=5) is None
    assert time.monotonic() - started < 1
    queues.client().set(live_scores.ALIVE, "1")
    started = time.monotonic()
    assert live_scores.ask_scores(lead, START, wait=0.1) is None, "it said that it lives, and died"
    assert 0.1 <= time.monotonic() - started < 1


def test_a_question_that_nobody_waits_for_any_more_is_left(lead: int) -> None:
    queues.client().set(live_scores.ALIVE, "1")
    assert live_scores.ask_scores(lead, START, wait=0.05) is None
    with somebody_answering():
        assert answered(lead, START)
    assert queues.client().llen(live_scores.LIST) == 0
    assert queues.client().keys("baton:read:1*") == []


def test_without_a_queue_nobody_is_asked(lead: int) -> None:
    queues.init_queue("redis://127.0.0.1:1/0")
    assert live_scores.ask_scores(lead, START) is None


def test_one_lead_that_cannot_be_scored_stops_nobody(lead: int, redis_url: str) -> None:
    with somebody_answering():
        client = queues.client()
        client.set("baton:read:77", json.dumps({"lead": "none", "at": START.isoformat(), "full": False}))
        client.rpush(live_scores.LIST, 77)
        await_that(lambda: client.lpop("baton:read:77:answer") == b"null")
        assert answered(lead, START)


def test_an_outage_of_the_database_is_waited_out(lead: int, database: str) -> None:
    with somebody_answering():
        init_store("postgresql://nobody@127.0.0.1:1/none")
        assert live_scores.ask_scores(lead, START, wait=0.2) is None
        init_store(database)
        await_that(lambda: live_scores.ask_scores(lead, START) is not None)


def test_the_process_answers_until_it_is_told_to_stop(
    lead: int, servers: Settings, database: str, redis_url: str
) -> None:
    environment = {
        **os.environ,
        "BATON_DATABASE_URL": database,
        "BATON_REDIS_URL": redis_url,
        "BATON_SECRET_KEY": "for-tests-only" * 4,
    }
    process = subprocess.Popen((sys.executable, "-m", "admin.cli", "worker", "--live-scores"), env=environment)
    try:
        await_that(lambda: live_scores.ask_scores(lead, START) is not None)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
