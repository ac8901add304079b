"""Leads whose score may change by time alone: each gets an event at its midnight (R3.6).

Every decision writes the next such midnight of the lead (`engine.core.scoring.refresh`) into one indexed column. An
event ``score.refreshed`` decides the lead; its id contains the day, so that it happens once.
"""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.inbox.waiting import headroom
from engine.store.session import raw, transaction


def send_refreshes(now: datetime) -> list[int]:
    """Send refresh events to leads whose midnight has come, as many as the headroom allows. Returns the leads to
    wake.
    """
    with transaction() as connection:
        driver = raw(connection)
        row = driver.execute(
            "SELECT document->>'timezone' FROM policy_version JOIN active_policy USING (number)"
        ).fetchone()
        free = headroom(driver, now) if row else 0
        if row is None or not free:
            return []
        zone = ZoneInfo(row[0])
        today = now.astimezone(zone).date()
        midnight = datetime.combine(today, time(), zone).astimezone(now.tzinfo)
        leads = driver.execute(
            "SELECT id FROM lead WHERE next_refresh_at <= %s AND merged_into IS NULL AND NOT EXISTS (SELECT FROM event "
            "WHERE source = %s AND external_id = concat('refresh:', lead.id, ':', %s::text)) "
            "ORDER BY next_refresh_at, id LIMIT %s",
            [now, ENGINE_SOURCE, today.isoformat(), free],
        ).fetchall()
        intakes = [
            Intake(
                source=ENGINE_SOURCE,
                id=f"refresh:{lead}:{today}",
                type="score.refreshed",
                # Dated by the moment that made it due, however late the scheduler runs.
                occurred_at=midnight,
                due_at=now,
                properties={"cause": "time"},
                lead_id=lead,
            )
            for (lead,) in leads
        ]
        return [lead for _, lead in put(driver, intakes)]
