"""Builders for tests of event processing: policies, people, events, and an evaluator.

They call the functions of the product. They decide nothing and patch nothing.
"""

import itertools
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from engine.batch.evaluate import Evaluator
from engine.clock import WallClock
from engine.matcher.rules import Prepare
from engine.store.inbox.inbox import Accepted, Intake, accept
from engine.store.policy.versions import add_version
from engine.store.session import raw, session_lock_connection, transaction
from engine.store.shards import SHARDS
from rulesets.compile.compiler import compile_policy
from rulesets.document import document
from rulesets.policy.policy import Policy

NOW = datetime.fromisoformat(os.environ.get("BATON_TEST_NOW") or "2026-11-20T02:00Z").astimezone(UTC)
"""A Friday morning in Shanghai, or the moment named by BATON_TEST_NOW (ISO 8601 with an offset): `make test-now`."""
ALL_SHARDS = tuple(range(SHARDS))
CTO = {"job_title": "CTO"}
_numbers = itertools.count(1)


class HandClock:
    """A clock that a test sets."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def pass_by(self, **span: float) -> None:
        """Set it later, by ``seconds=…``, ``minutes=…``, ``days=…``."""
        self.moment += timedelta(**span)


def policy_document(**parts: Any) -> dict[str, Any]:
    """A small policy: CTOs are worth 60 points (grade A), a download 30, and every lead goes to an SDR at once.

    ``parts`` replace whole parts of the document.
    """
    return {
        "format": "baton.policy/1",
        "name": "Small",
        "timezone": "Asia/Shanghai",
        "events": [{"key": "content.downloaded", "kind": "latent"}],
        "models": [model()],
        "assignment": [{"key": "inbound", "role": "sdr"}, {"key": "closing", "role": "sales"}],
        "reasons": {"reject": [{"key": "no_budget"}]},
        **parts,
    }


def model(**parts: Any) -> dict[str, Any]:
    """The one model of `policy_document`; ``parts`` replace whole parts of it."""
    boss = {"field": "lead.job_title", "op": "eq", "value": "CTO"}
    large = {"field": "company.employees", "op": "gte", "value": 100}
    rules = [{"key": "boss", "when": boss, "points": 60}, {"key": "large", "when": large, "points": 5}]
    signals = [{"key": "paper", "event": "content.downloaded", "points": 1}]
    return {
        "key": "main",
        "fit": {"groups": [{"key": "who", "rules": rules}], "grades": {"A": 60, "B": 40, "C": 5}},
        "engagement": {
            "groups": [{"key": "content", "signals": signals}],
            "heats": {"frenzied": 80, "hot": 50, "warm": 20},
        },
        "matrix": {"default": {"action": "sdr"}},
        **parts,
    }


def put_in_force(policy: dict[str, Any] | None = None, now: datetime = NOW, *, act_on_existing: str = "none") -> int:
    """Write a policy version and make it the one in force, past signatures and trials; returns its number."""
    valid = Policy.model_validate(policy or policy_document())
    with transaction() as connection:
        return add_version(
            connection,
            digest=document.digest(valid),
            document=document.plain(valid),
            compiled=compile_policy(valid).model_dump(mode="json", exclude_defaults=True),
            by="marketing@example.com",
            reason="a test",
            signatures=[],
            bypassed=True,
            act_on_existing=act_on_existing,
            now=now,
        )


def hire(*emails: str, role: str = "sdr", capacity: int | None = None, **details: Any) -> None:
    """Put people on the roster; ``details`` as in the roster document (caps, absences …)."""
    with transaction() as connection:
        raw(connection).cursor().executemany(
            "INSERT INTO person (email, name, role, capacity, tier, weight, active, details) "
            "VALUES (%s, %s, %s, %s, 3, 1, true, %s)",
            [[email, email, role, capacity, Jsonb(details)] for email in emails],
        )


def event(event_type: str = "lead.identified", /, *, at: datetime = NOW, **parts: Any) -> Intake:
    """An event on its way into the inbox; identifiers are keyword arguments, as are the other parts of an `Intake`."""
    kinds = ("external_id", "wechat", "email", "phone", "anonymous_id")
    identities = {kind: parts.pop(kind) for kind in kinds if kind in parts}
    defaults: dict[str, Any] = {"source": "web", "id": f"e{next(_numbers)}", "due_at": at}
    return Intake(**{**defaults, "type": event_type, "occurred_at": at, "identities": identities, **parts})


def take_in(*events: Intake, now: datetime = NOW) -> Accepted:
    """Accept events as one request."""
    return accept(events, now)


def decide_all(
    clock: WallClock | None = None, prepare: Prepare | None = None, shards: Sequence[int] = ALL_SHARDS
) -> int:
    """Decide everything that is due; returns how many events that were."""
    evaluator = Evaluator(clock or HandClock(), prepare)
    try:
        decided = 0
        while count := evaluator.decide_batch(shards):
            decided += count
        return decided
    finally:
        evaluator.close()


def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database holds."""
    with transaction() as connection:
        return raw(connection).execute(query.encode(), values).fetchall()


def column(query: str, *values: Any) -> list[Any]:
    """The first column of what the database holds."""
    return [row[0] for row in rows(query, *values)]


def living_leads() -> list[int]:
    """Ids of the leads that were not merged away."""
    return column("SELECT id FROM lead WHERE merged_into IS NULL ORDER BY id")


def await_locked_out(sessions: int) -> None:
    """Return once so many wait for an advisory lock; fails after half a minute."""
    with session_lock_connection() as watcher:
        for _ in range(3_000):
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            if watcher.execute(query).fetchone() == (sessions,):
                return
            watcher.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(f"{sessions} sessions never waited")
