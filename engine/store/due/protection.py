"""Leads whose owner must be warned, or whose protection has ended; the scheduler turns them into events (R7.1, R7.2).

Every decision writes `pool_next_at`. Here a conditional update claims it. Decides nothing.
"""

from datetime import datetime

from engine.core.assignment import pool
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import raw, transaction

FIRED_AT_ONCE = 1000


def fire_protections(now: datetime, limit: int = FIRED_AT_ONCE) -> list[int]:
    """Put due warnings and reclaims into the inbox, in one transaction. Returns the leads to wake.

    Does nothing while the policy in force has no protection; the deadlines are kept.
    """
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "WITH due AS (SELECT id, pool_next_at FROM lead WHERE pool_next_at <= %s AND merged_into IS NULL "
            "AND EXISTS (SELECT FROM active_policy JOIN policy_version USING (number) "
            "WHERE document->'pool'->'protection' IS NOT NULL) "
            "ORDER BY pool_next_at, id LIMIT %s FOR UPDATE SKIP LOCKED) "
            "UPDATE lead SET pool_next_at = NULL FROM due WHERE lead.id = due.id "
            "RETURNING lead.id, due.pool_next_at, protected_until",
            [now, limit],
        ).fetchall()
        events = [
            Intake(
                source=ENGINE_SOURCE,
                id=pool.event_id(lead, until, until if until <= now else at),
                type=pool.event_type(until, now),
                # After a long outage both are due: the reclaim alone is sent, the warning would be late.
                occurred_at=until if until <= now else at,
                due_at=now,
                properties={"until": until.isoformat()},
                lead_id=lead,
            )
            for lead, at, until in sorted(rows, key=lambda row: (row[1], row[0]))
        ]
        return [lead for _, lead in put(driver, events)]
