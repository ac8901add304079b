"""Due clocks and queued leads: what the scheduler turns into events (R6.7, R5.10)."""

from datetime import datetime

from engine.core.explain import moment
from engine.store.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import raw, transaction

FIRED_AT_ONCE = 1000


def fire_due_clocks(now: datetime, limit: int = FIRED_AT_ONCE) -> list[int]:
    """Claim clocks whose due moment has passed and put their breaches into the inbox, in one transaction.

    A clock fires once: the claim is a conditional update, the event's id names the clock. Returns the leads to wake.
    """
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "UPDATE clock SET fired_at = %s WHERE id IN (SELECT id FROM clock WHERE state = 'running' "
            "AND fired_at IS NULL AND due_at <= %s ORDER BY due_at, key, lead_id LIMIT %s FOR UPDATE SKIP LOCKED) "
            "RETURNING id, lead_id, key, owner, due_at",
            [now, now, limit],
        ).fetchall()
        breaches = [
            Intake(
                source=ENGINE_SOURCE,
                id=f"clock:{number}:breached",
                type="sla.breached",
                occurred_at=due_at,
                due_at=now,
                properties={"clock": number, "key": key, "owner": owner, "due_at": moment(due_at)},
                lead_id=lead,
            )
            for number, lead, key, owner, due_at in sorted(rows, key=lambda row: (row[4], row[2], row[1]))
        ]
        return [lead for _, lead in put(driver, breaches)]


def drain_queues(now: datetime, limit: int = 200) -> list[int]:
    """Let queued leads ask again for a person, best and oldest first, where the roster has somebody active for them.

    At most once a minute per lead: the event's id carries the minute. Returns the leads to wake.
    """
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "SELECT id, queued_role FROM lead WHERE queued_role IN (SELECT role FROM person WHERE active) "
            "AND merged_into IS NULL ORDER BY queue_priority, grade, queued_at, id LIMIT %s",
            [limit],
        ).fetchall()
        asks = [
            Intake(
                source=ENGINE_SOURCE,
                id=f"queue:{lead}:{now:%Y%m%d%H%M}",
                type="queue.assigned",
                occurred_at=now,
                due_at=now,
                properties={"role": role},
                lead_id=lead,
            )
            for lead, role in rows
        ]
        return [lead for _, lead in put(driver, asks)]
