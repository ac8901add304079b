"""Scores of the moment for pages and API, from a process that stays alive, because the web process evaluates no rules.

A request is a numbered key in Redis that expires with its wait; a list holds the numbers. One process (`baton worker
--live-scores`) answers them one after another with cached matchers and histories: a forked job would need the whole
time-out to load them (docs/adr/0008). Without an answer the caller shows the score of the last decision. Stores nothing
and decides nothing.
"""

import json
import signal
import threading
import time
from contextlib import closing
from datetime import datetime
from typing import Any

import redis
import structlog

from engine.core.explain import line_body, scores_body
from engine.errors import ServerUnavailable
from engine.simulation.live_score import LiveScorer, ScoredNow
from workers import queues

log = structlog.get_logger(__name__)

WAIT_SECONDS = 0.3
"""How long a page waits for the score of the moment."""
ALIVE_SECONDS = 3
"""Lifetime of the alive key. Without the key no request is made."""
IDLE_SECONDS = 1
"""Longest block on the list, so that the alive key is renewed in time."""
PAUSE_SECONDS = 1.0
"""Pause after an outage of a server."""
COUNTER, LIST, ALIVE = "baton:live_scores", "baton:live_scores:waiting", "baton:live_scores:alive"

ScoresAnswer = dict[str, Any]


def ask_scores(lead_id: int, at: datetime, *, full: bool = False, wait: float = WAIT_SECONDS) -> ScoresAnswer | None:
    """The scores of a lead at a moment in the form of `scores_answer`, with all ledger lines if ``full``.

    None if the lead was never decided, or there is no answer in time: then show those of the last decision.
    """
    try:
        client = queues.client()
        if not client.exists(ALIVE):
            return None
        number = int(client.incr(COUNTER))
        question = json.dumps({"lead": lead_id, "at": at.isoformat(), "full": full})
        with client.pipeline() as together:
            # Expires with the wait: an answer after it would be computed for nobody.
            together.set(_question(number), question, px=int(wait * 1000))
            together.rpush(LIST, number)
            together.execute()
        answer = client.blpop([_answer(number)], timeout=wait)
    except redis.RedisError as error:
        log.warning("live_scores.unheard", reason=type(error).__name__)
        return None
    except ServerUnavailable:
        return None
    found: ScoresAnswer | None = json.loads(answer[1]) if answer else None
    return found


def scores_answer(found: ScoredNow, *, full: bool) -> ScoresAnswer:
    """Scores of a moment as JSON: the version that computed them, and the scores in the form of a decision."""
    body = scores_body(found.scores)
    if full:
        body["ledger"] = [line_body(line) for line in found.scores.ledger]
    else:
        body = {name: body[name] for name in ("model", "fit", "engagement", "grade", "heat", "cell")}
    return {"policy": {"number": found.number, "digest": found.digest}, "at": found.at.isoformat(), "scores": body}


def answer_live_scores(stop: threading.Event) -> None:
    """Answer requests until stopped. Call `init_store` and `init_queue` first.

    Waits out an outage of a server. A lead that cannot be scored is answered with null and logged.
    """
    with queues.patient_client(IDLE_SECONDS) as client, closing(LiveScorer()) as scores:
        while not stop.is_set():
            try:
                client.set(ALIVE, "1", ex=ALIVE_SECONDS)
                asked = client.blpop([LIST], timeout=IDLE_SECONDS)
                if asked is not None:
                    _answer_one(client, scores, int(asked[1]))
            except (redis.RedisError, ServerUnavailable) as error:
                log.warning("live_scores.outage", reason=type(error).__name__)
                stop.wait(PAUSE_SECONDS)


def run_live_scores() -> None:
    """Answer requests until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    answer_live_scores(stop)


def _answer_one(client: "redis.Redis", scores: LiveScorer, number: int) -> None:
    """Answer a request, unless it has expired."""
    # Read and delete in one command: each request is answered once.
    question = client.getdel(_question(number))
    if question is None:
        return
    asked, started = json.loads(question), time.monotonic()
    try:
        found = scores.score(asked["lead"], datetime.fromisoformat(asked["at"]))
    except ServerUnavailable:
        raise
    except Exception:
        log.exception("live_scores.failed", lead=asked["lead"])
        found = None
    answer = json.dumps(found and scores_answer(found, full=asked["full"]))
    with client.pipeline() as together:
        together.rpush(_answer(number), answer)
        # A caller that stopped waiting does not delete its answer.
        together.expire(_answer(number), ALIVE_SECONDS)
        together.execute()
    took = time.monotonic() - started
    if took > WAIT_SECONDS:
        log.info("live_scores.late", lead=asked["lead"], seconds=round(took, 3))


def _question(number: int) -> str:
    return f"baton:read:{number}"


def _answer(number: int) -> str:
    return f"baton:read:{number}:answer"
