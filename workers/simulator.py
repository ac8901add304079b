"""Asking a worker something and waiting for the answer: simulations, which the web process itself never runs.

A question lies in Redis for a minute under a number; the job carries only the number. Asks have a queue and a worker of
their own, so that no question delays live events; nothing is kept after the answer.
"""

import json
from typing import Any

import redis

from engine.errors import BatonError, ServerUnavailable
from engine.simulation.process import SECONDS, run_in_subprocess
from workers import queues

SIMULATIONS = "simulations"
"""The RQ queue of questions."""
COUNTER = "baton:simulations"
KEPT_SECONDS = 120
WAIT_SECONDS = SECONDS + 8
"""How long the web waits for an answer, in seconds: the run itself, and some for its start."""


class NobodyAnswered(BatonError):
    """No simulator answered in time."""


def ask_simulation(request: dict[str, Any], wait: float = WAIT_SECONDS) -> dict[str, Any]:
    """The answer of `run_in_subprocess`; raises NobodyAnswered, ServerUnavailable."""
    try:
        with queues.patient_client(wait) as client:
            number = int(client.incr(COUNTER))
            client.set(_question(number), json.dumps(request), ex=KEPT_SECONDS)
            queues.enqueue(SIMULATIONS, "simulate", number)
            answer = client.blpop([_answer(number)], timeout=wait)
            client.delete(_question(number))
    except redis.RedisError as error:
        raise ServerUnavailable("the queue does not answer") from error
    if answer is None:
        raise NobodyAnswered(f"no worker answered within {wait:g} seconds: is `baton worker --simulator` running?")
    told: dict[str, Any] = json.loads(answer[1])
    return told


def simulate(number: int) -> None:
    """The job: answer a question; one that nobody waits for any more is left."""
    client = queues.client()
    question = client.getdel(_question(number))
    if question is None:
        return
    client.rpush(_answer(number), json.dumps(run_in_subprocess(json.loads(question))))
    client.expire(_answer(number), KEPT_SECONDS)


def _question(number: int) -> str:
    return f"baton:ask:{number}"


def _answer(number: int) -> str:
    return f"baton:answer:{number}"
