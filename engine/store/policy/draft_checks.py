"""The result of the last check of the draft. For display only: it permits nothing.

A check covers one revision of the draft, the types of event that had arrived, and one version of Baton. If one of them
changes, the check is stale. Publishing never reads it: `engine.policy.publish` checks the document that it writes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from engine.store.session import raw, transaction


@dataclass(frozen=True, slots=True)
class Checkable:
    """What a check depends on: revision of the draft, number of event types that have arrived, version of Baton."""

    revision: int
    seen: int
    software: str


@dataclass(frozen=True, slots=True)
class LastCheck:
    """A stored check. `engine.policy.draft_check` makes the ``body``."""

    of: Checkable
    checked_at: datetime
    body: dict[str, Any]


def checkable(software: str) -> Checkable:
    """What a check at this moment depends on. The revision is -1 if there is no draft."""
    with transaction() as connection:
        row = raw(connection).execute(
            "SELECT coalesce((SELECT revision FROM draft), -1), (SELECT count(*) FROM seen_event_type)"
        )
        revision, seen = row.fetchone() or (-1, 0)
    return Checkable(revision, seen, software)


def last_check() -> LastCheck | None:
    """The latest check; None if there is none."""
    with transaction() as connection:
        row = raw(connection).execute("SELECT revision, seen, software, checked_at, body FROM draft_check").fetchone()
    return LastCheck(Checkable(*row[:3]), row[3], row[4]) if row else None


def save_check(of: Checkable, digest: str, body: dict[str, Any]) -> None:
    """Store a check, unless one of a later revision is stored: a slow worker must not overwrite a newer result."""
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO draft_check (id, revision, digest, seen, software, body) VALUES (1, %s, %s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET revision = EXCLUDED.revision, digest = EXCLUDED.digest, "
            "seen = EXCLUDED.seen, software = EXCLUDED.software, checked_at = now(), body = EXCLUDED.body "
            "WHERE draft_check.revision <= EXCLUDED.revision",
            [of.revision, digest, of.seen, of.software, Jsonb(body)],
        )
