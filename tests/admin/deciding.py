"""A published policy, people, and an evaluator: what API tests need behind the API."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from engine.batch.evaluate import Evaluator
from engine.clock import WallClock
from engine.store.orm import unit_of_work
from engine.store.policy.versions import add_version
from engine.store.schema.roster_tables import Person
from engine.store.session import transaction
from engine.store.shards import SHARDS
from rulesets.compile.compiler import compile_policy
from rulesets.document import document
from tests.admin.api_client import NOW

ALL_SHARDS = tuple(range(SHARDS))
REPS = ("li@example.com", "wang@example.com")
POLICY: dict[str, Any] = {
    "format": "baton.policy/1",
    "name": "Two doors",
    "timezone": "Asia/Shanghai",
    "events": [{"key": "demo.requested", "kind": "direct", "aliases": ["Demo Requested"]}],
    "fields": [{"key": "answers.budget", "type": "text"}],
    "models": [
        {
            "key": "main",
            "fit": {
                "groups": [
                    {
                        "key": "size",
                        "rules": [
                            {
                                "key": "mid",
                                "when": {"field": "company.employees", "op": "gte", "value": 50},
                                "points": 40,
                            }
                        ],
                    }
                ],
                "grades": {"A": 40, "B": 20, "C": 10},
            },
            "engagement": {
                "groups": [
                    {
                        "key": "direct",
                        "max": 50,
                        "signals": [{"key": "demo", "event": "demo.requested", "points": 30}],
                    }
                ],
                "heats": {"frenzied": 60, "hot": 30, "warm": 10},
            },
            "matrix": {"default": {"action": "sdr"}},
        }
    ],
    "qualification": {"mql": [{"key": "hot", "cells": ["A.hot"]}]},
    "assignment": [{"key": "inbound", "role": "sdr"}, {"key": "closing", "role": "sales"}],
    "reasons": {"reject": [{"key": "no_budget"}]},
}


def start_with_policy(written: dict[str, Any] = POLICY, now: datetime = NOW) -> None:
    """Put a policy in force at this moment and let two people in."""
    with unit_of_work() as session:
        session.add_all(
            [Person(email=REPS[0], role="sdr", details={}), Person(email=REPS[1], role="sales", details={})]
        )
    policy = document.parse(written).policy
    assert policy is not None
    with transaction() as connection:
        add_version(
            connection,
            digest=document.digest(policy),
            document=document.plain(policy),
            compiled=compile_policy(policy).model_dump(mode="json", exclude_defaults=True),
            by="test@example.com",
            reason="to test",
            signatures=[],
            bypassed=False,
            act_on_existing="none",
            now=now,
        )


def decide_all(clock: WallClock) -> int:
    """Decide everything that waits, here and now; returns how many events that were."""
    evaluator = Evaluator(clock)
    try:
        decided = 0
        while count := evaluator.decide_batch(ALL_SHARDS):
            decided += count
        return decided
    finally:
        evaluator.close()


@contextmanager
def somebody_deciding(clock: WallClock) -> Iterator[None]:
    """Decide what comes, in another thread, until the block ends."""
    over = threading.Event()

    def work() -> None:
        evaluator = Evaluator(clock)
        try:
            while not over.is_set():
                if not evaluator.decide_batch(ALL_SHARDS):
                    over.wait(0.01)
        finally:
            evaluator.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
