"""Queued leads: when the scheduler lets which of them ask again for a person (R5.10)."""

from datetime import datetime

from engine.core.queueing import able
from engine.store.inbox import ENGINE_SOURCE, Intake, put
from engine.store.rotation import read_members
from engine.store.session import Driver, raw, transaction
from rulesets.policy import Policy

ASKED_AT_ONCE = 200
"""Queued leads that ask again in one go; a queue that nobody empties must not fill the road."""


def drain_queues(now: datetime, limit: int = ASKED_AT_ONCE) -> list[int]:
    """Let queued leads ask again for a person, best and oldest first, where somebody of the role is available at all.

    At most once a minute per lead: the event's id carries the minute. Returns the leads to wake.
    """
    with transaction() as connection:
        driver = raw(connection)
        row = driver.execute("SELECT document FROM policy_version JOIN active_policy USING (number)").fetchone()
        if row is None:
            return []
        minute = f"{now:%Y%m%d%H%M}"
        queued = driver.execute(
            "SELECT id, queued_role FROM lead WHERE queued_role = ANY(%s) AND merged_into IS NULL AND NOT EXISTS "
            "(SELECT FROM event WHERE source = %s AND external_id = concat('queue:', lead.id, ':', %s::text)) "
            "ORDER BY queue_priority, grade, queued_at, id LIMIT %s",
            [_available_roles(driver, Policy.model_validate(row[0]), now), ENGINE_SOURCE, minute, limit],
        ).fetchall()
        asks = [
            Intake(
                source=ENGINE_SOURCE,
                id=f"queue:{lead}:{minute}",
                type="queue.assigned",
                occurred_at=now,
                due_at=now,
                properties={"role": role},
                lead_id=lead,
            )
            for lead, role in queued
        ]
        return [lead for _, lead in put(driver, asks)]


def _available_roles(driver: Driver, policy: Policy, now: datetime) -> list[str]:
    """Roles of which somebody could receive a lead now, whatever the lead; off hours, where some policy allows that."""
    members = read_members(driver, policy, now)
    any_hour = {rule.role for rule in policy.assignment if rule.off_hours == "assign"}
    return sorted({m.role for m in able(members, now) if m.working or m.role in any_hour})
