"""Leads that exist when a version with other scoring takes force: rescored a few at a time by events (R3.6).

Each lead is decided by an event ``policy.activated`` of its own, by the workers, under the locks of every other event.
What is kept is how far they were sent, in the transaction that sends them: whatever dies, the next tick goes on there.
No more wait at once than leaves live events their lag.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from engine.core.scoring.digests import scoring_digest
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.inbox.waiting import headroom
from engine.store.lock_keys import LockKey, try_lock
from engine.store.session import Driver, raw, transaction

_LIVING = "merged_into IS NULL AND version > 0 AND NOT state ? 'erased_at'"
_LEFT = f"{_LIVING} AND NOT (coalesce(policy_number, 0) = ANY(%s))"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the leads already there are scored under the version in force."""

    number: int
    total: int
    done: int
    started_at: datetime
    finished_at: datetime | None
    act_on_existing: str

    @property
    def percent(self) -> int:
        """Whole percents done."""
        return 100 if self.finished_at or not self.total else min(99, self.done * 100 // self.total)


def send_next(now: datetime) -> list[int]:
    """Put events for the next leads into the inbox, if there is headroom; returns the leads to wake.

    1. begin where a version became active; 2. send as many as there is room for; 3. when all were sent and decided,
    look once more for leads that a batch of the version before has decided meanwhile, else finish.
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


def progress() -> Progress | None:
    """How far the version in force is; None before it began."""
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
        return cursor.execute("SELECT * FROM rescore WHERE number = %s", [number]).fetchone()


def _begin(driver: Driver, number: int, now: datetime) -> dict[str, Any]:
    """Note what is to be done: leads whose version scores as the new one does are left as they are."""
    counts: Mapping[int, int] = dict(
        driver.execute(
            f"SELECT coalesce(policy_number, 0), count(*) FROM lead WHERE {_LIVING} GROUP BY 1"  # noqa: S608 - a constant
        ).fetchall()
    )
    documents = dict(
        driver.execute(
            "SELECT number, document FROM policy_version WHERE number = ANY(%s)", [[number, *counts]]
        ).fetchall()
    )
    wanted = scoring_digest(documents[number])
    same = sorted({number} | {one for one, document in documents.items() if scoring_digest(document) == wanted})
    total = sum(count for one, count in counts.items() if one not in same)
    driver.execute(
        "INSERT INTO rescore (number, started_at, until_lead, total, sent, same_scores) "
        "VALUES (%s, %s, (SELECT coalesce(max(id), 0) FROM lead), %s, 0, %s)",
        [number, now, total, Jsonb(same)],
    )
    return _read(driver, number) or {}


def _send(driver: Driver, state: Mapping[str, Any], now: datetime) -> list[int]:
    free = headroom(driver, now)
    if not free:
        return []
    leads = [
        lead
        for (lead,) in driver.execute(
            f"SELECT id FROM lead WHERE id > %s AND id <= %s AND {_LEFT} ORDER BY id LIMIT %s",  # noqa: S608 - a constant
            [state["last_lead"], state["until_lead"], state["same_scores"], free],
        )
    ]
    sent = [lead for _, lead in put(driver, [_activation(lead, state["number"], now) for lead in leads])]
    last = leads[-1] if len(leads) == free else state["until_lead"]
    driver.execute(
        "UPDATE rescore SET last_lead = %s, sent = sent + %s WHERE number = %s", [last, len(sent), state["number"]]
    )
    if not leads and not _waiting(driver, state["number"]):
        _finish(driver, state, now)
    return sent


def _finish(driver: Driver, state: Mapping[str, Any], now: datetime) -> None:
    """Finish, unless a lead is left that was never sent: then begin again at the first."""
    left: Sequence[Any] = driver.execute(
        f"SELECT FROM lead WHERE {_LEFT} AND id <= %s AND NOT EXISTS (SELECT FROM event WHERE source = %s "  # noqa: S608 - a constant
        "AND external_id = concat('policy:', %s::int, ':', lead.id)) LIMIT 1",
        [state["same_scores"], state["until_lead"], ENGINE_SOURCE, state["number"]],
    ).fetchall()
    if left:
        driver.execute("UPDATE rescore SET last_lead = 0, total = total + 1 WHERE number = %s", [state["number"]])
    else:
        driver.execute("UPDATE rescore SET finished_at = %s WHERE number = %s", [now, state["number"]])


def _waiting(driver: Driver, number: int) -> int:
    """How many of the leads that were sent are not decided yet; those set aside are not waited for."""
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
