"""What the last check of the draft found. It is shown as long as no newer one is there; it permits nothing.

A check is of one revision of the draft, of the types of event that had arrived, and by one version of Baton. When one
of them is another, the check is stale. Publishing never reads it: `engine.policy.publish` checks the very document it
writes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from engine.store.session import raw, transaction


@dataclass(frozen=True, slots=True)
class Checkable:
    """What a check depends on: the draft's revision, how many types of event have arrived, the version of Baton."""

    revision: int
    seen: int
    software: str


@dataclass(frozen=True, slots=True)
class LastCheck:
    """A stored check; ``body`` is what `engine.policy.draft_check` makes of it."""

    of: Checkable
    checked_at: datetime
    body: dict[str, Any]


def checkable(software: str) -> Checkable:
    """What a check at this moment would depend on; revision -1 while there is no draft."""
    with transaction() as connection:
        row = raw(connection).execute(
            "SELECT coalesce((SELECT revision FROM draft), -1), (SELECT count(*) FROM seen_event_type)"
        )
        revision, seen = row.fetchone() or (-1, 0)
    return Checkable(revision, seen, software)


def last_check() -> LastCheck | None:
    """The latest check; None when there was none yet."""
    with transaction() as connection:
        row = raw(connection).execute("SELECT revision, seen, software, checked_at, body FROM draft_check").fetchone()
    return LastCheck(Checkable(*row[:3]), row[3], row[4]) if row else None


def save_check(of: Checkable, digest: str, body: dict[str, Any]) -> None:
    """Keep a check, unless one of a later revision is there: of two workers the slower one says nothing."""
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO draft_check (id, revision, digest, seen, software, body) VALUES (1, %s, %s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET revision = EXCLUDED.revision, digest = EXCLUDED.digest, "
            "seen = EXCLUDED.seen, software = EXCLUDED.software, checked_at = now(), body = EXCLUDED.body "
            "WHERE draft_check.revision <= EXCLUDED.revision",
            [of.revision, digest, of.seen, of.software, Jsonb(body)],
        )
