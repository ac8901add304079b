"""Leads without activity for longer than data may be kept, erased a few at a time (R4.9)."""

from datetime import datetime

from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import raw, transaction

AT_ONCE = 20
"""Leads of one look: an erasure rewrites all that a lead has, and live events come first."""


def erase_inactive(now: datetime, months: int) -> list[int]:
    """Send leads to be erased whose last activity is ``months`` calendar months old; returns them.

    Activity is what people and outside systems sent. Open opportunities stay, and leads with something waiting.
    """
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "SELECT id FROM lead WHERE merged_into IS NULL AND NOT state ? 'erased_at' "
            "AND stage IS DISTINCT FROM 'opportunity' AND coalesce(last_event_at, first_event_at, created_at) < "
            "%s::timestamptz - make_interval(months => %s) "
            "AND NOT EXISTS (SELECT FROM inbox WHERE lead_id = lead.id) ORDER BY id LIMIT %s",
            [now, months, AT_ONCE],
        )
        return [lead for _, lead in put(connection=driver, intakes=[_expired(lead, now) for (lead,) in rows])]


def _expired(lead: int, now: datetime) -> Intake:
    return Intake(
        source=ENGINE_SOURCE,
        id=f"retention:{lead}",
        type="lead.erased",
        occurred_at=now,
        due_at=now,
        properties={"cause": "retention"},
        lead_id=lead,
    )
