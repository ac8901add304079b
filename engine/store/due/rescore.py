"""Rescore existing leads after a version with other scoring takes force, in small portions, by events (R3.6).

Workers decide each lead through a ``policy.activated`` event, with the usual locks. The progress is stored in the
transaction that sends the events, so after a crash the next tick continues there. The number of waiting events is
limited, so that live events are not delayed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from engine.core.lead.state import stored_as
from engine.core.scoring.digests import scoring_digest
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.inbox.waiting import headroom
from engine.store.lock_keys import LockKey, try_lock
from engine.store.session import Driver, raw, transaction

_LIVING = "merged_into IS NULL AND version > 0 AND NOT state ? 'erased_at'"
_RESTS = f"state->>'{stored_as('awaits_activity')}' = 'true'"
_LEFT = f"{_LIVING} AND (NOT (coalesce(policy_number, 0) = ANY(%(same_scores)s)) OR (%(promotes)s AND {_RESTS}))"
"""Leads that a version scores otherwise; where it promotes, also those that an earlier one left at rest (R3.10)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of rescoring existing leads under the version in force."""

    number: int
    total: int
    done: int
    started_at: datetime
    finished_at: datetime | None
    act_on_existing: str

    @property
    def percent(self) -> int:
        """Whole percents done."""
        # Rounded down, at most 99: 100 means finished.
        return 100 if self.finished_at or not self.total else min(99, self.done * 100 // self.total)


def send_next(now: datetime) -> list[int]:
    """Put events for the next leads into the inbox, as far as headroom allows. Returns the leads to wake.

    1. begin when a version became active; 2. send as many as allowed; 3. when all are sent and decided, look again for
    leads that a batch of the previous version decided meanwhile, else finish.
    """
    with transaction() as connection:
        driver = raw(connection)
        if not try_lock(driver, LockKey.RESCORE):
            return []
        row = driver.execute("SELECT number FROM active_policy").fetchone()
        if row is None:
            return []
        state = _read(driver, row[0]) or _begin(driver, row[0], now)
        if state["finished_at"] is not None:
            return []
        return _send(driver, state, now)


def resting() -> int:
    """How many leads rest: a version that acts on nobody would have moved them, and nothing has happened since."""
    with transaction() as connection:
        row = raw(connection).execute(f"SELECT count(*) FROM lead WHERE merged_into IS NULL AND {_RESTS}").fetchone()  # noqa: S608 - a constant
    return int(row[0]) if row else 0


def progress() -> Progress | None:
    """The progress under the version in force; None before it began."""
    with transaction() as connection, raw(connection).cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT r.number, total, sent, started_at, finished_at, v.act_on_existing FROM rescore r "
            "JOIN active_policy USING (number) JOIN policy_version v USING (number)"
        ).fetchone()
        if row is None:
            return None
        waiting = 0 if row["finished_at"] else _waiting(raw(connection), row["number"])
        done = row["total"] if row["finished_at"] else max(0, row.pop("sent") - waiting)
        row.pop("sent", None)
        return Progress(**row, done=min(done, row["total"]))


def _read(driver: Driver, number: int) -> dict[str, Any] | None:
    with driver.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT r.*, act_on_existing = 'promote' AS promotes "
            "FROM rescore r JOIN policy_version USING (number) WHERE number = %s",
            [number],
        ).fetchone()


def _begin(driver: Driver, number: int, now: datetime) -> dict[str, Any]:
    """Store the work to do. Leads whose version has the same scoring are left out."""
    counts: Mapping[int, int] = dict(
        driver.execute(
            f"SELECT coalesce(policy_number, 0), count(*) FROM lead WHERE {_LIVING} GROUP BY 1"  # noqa: S608 - a constant
        ).fetchall()
    )
    digests = {
        one: scoring_digest(document, edition)
        for one, document, edition in driver.execute(
            "SELECT number, document, coalesce((compiled->>'edition')::int, 1) FROM policy_version "
            "WHERE number = ANY(%s)",
            [[number, *counts]],
        ).fetchall()
    }
    wanted = digests[number]
    same = sorted({number} | {one for one, digest in digests.items() if digest == wanted})
    driver.execute(
        "INSERT INTO rescore (number, started_at, until_lead, total, sent, same_scores) "
        "VALUES (%s, %s, (SELECT coalesce(max(id), 0) FROM lead), 0, 0, %s)",
        [number, now, Jsonb(same)],
    )
    state = _read(driver, number) or {}
    driver.execute(
        f"UPDATE rescore SET total = (SELECT count(*) FROM lead WHERE {_LEFT}) WHERE number = %(number)s",  # noqa: S608 - a constant
        state,
    )
    return state


def _send(driver: Driver, state: Mapping[str, Any], now: datetime) -> list[int]:
    free = headroom(driver, now)
    if not free:
        return []
    leads = [
        lead
        for (lead,) in driver.execute(
            f"SELECT id FROM lead WHERE id > %(last_lead)s AND id <= %(until_lead)s AND {_LEFT} "  # noqa: S608 - a constant
            "ORDER BY id LIMIT %(free)s",
            {**state, "free": free},
        )
    ]
    sent = [lead for _, lead in put(driver, [_activation(lead, state["number"], now) for lead in leads])]
    # Fewer than asked for: there are no more leads in the range.
    last = leads[-1] if len(leads) == free else state["until_lead"]
    driver.execute(
        "UPDATE rescore SET last_lead = %s, sent = sent + %s WHERE number = %s", [last, len(sent), state["number"]]
    )
    if not leads and not _waiting(driver, state["number"]):
        _finish(driver, state, now)
    return sent


def _finish(driver: Driver, state: Mapping[str, Any], now: datetime) -> None:
    """Finish, unless a lead was never sent: then begin again at the first."""
    left: Sequence[Any] = driver.execute(
        f"SELECT FROM lead WHERE {_LEFT} AND id <= %(until_lead)s AND NOT EXISTS (SELECT FROM event "  # noqa: S608 - a constant
        "WHERE source = %(source)s AND external_id = concat('policy:', %(number)s::int, ':', lead.id)) LIMIT 1",
        {**state, "source": ENGINE_SOURCE},
    ).fetchall()
    if left:
        driver.execute("UPDATE rescore SET last_lead = 0, total = total + 1 WHERE number = %s", [state["number"]])
    else:
        driver.execute("UPDATE rescore SET finished_at = %s WHERE number = %s", [now, state["number"]])


def _waiting(driver: Driver, number: int) -> int:
    """How many of the sent leads are still undecided. Leads set aside do not count."""
    row = driver.execute(
        "SELECT count(*) FROM inbox JOIN event ON id = event_id WHERE set_aside_at IS NULL "
        "AND type = 'policy.activated' AND (body->'properties'->>'policy')::int = %s",
        [number],
    ).fetchone()
    return int(row[0]) if row else 0


def _activation(lead: int, number: int, now: datetime) -> Intake:
    return Intake(
        source=ENGINE_SOURCE,
        id=f"policy:{number}:{lead}",
        type="policy.activated",
        occurred_at=now,
        due_at=now,
        properties={"policy": number},
        lead_id=lead,
    )
