"""Run simulations in a worker and wait for the result; the web process runs none.

A request is a numbered key in Redis that expires after a while; the job carries only the number. Simulations have their
own queue and worker, so that they do not delay live events. Nothing is kept after the answer.
"""

import json
from typing import Any

import redis

from engine.errors import BatonError, ServerUnavailable
from engine.simulation.process import SECONDS, run_in_subprocess
from workers import queues

SIMULATIONS = "simulations"
"""The RQ queue of simulations and checks."""
COUNTER = "baton:simulations"
KEPT_SECONDS = 120
"""Lifetime of a request and of an answer in Redis: longer than any caller waits."""
WAIT_SECONDS = SECONDS + 8
"""How long the web waits for an answer, in seconds: the limit of the run, plus its start."""


class NobodyAnswered(BatonError):
    """No simulator answered in time."""


def ask_simulation(request: dict[str, Any], wait: float = WAIT_SECONDS) -> dict[str, Any]:
    """The answer of `run_in_subprocess`. Raises NobodyAnswered, ServerUnavailable."""
    try:
        with queues.patient_client(wait) as client:
            number = int(client.incr(COUNTER))
            # Before the job is queued: a worker may take the job at once.
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
    """The job: answer a request, unless it has expired or its caller has stopped waiting."""
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
