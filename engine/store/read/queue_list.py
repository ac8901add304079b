"""The queue for browsing: which lead waits for whom, since when, and the result of its last assignment.

Reads only, in the order in which queued leads are retried (R5.10).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from engine.store.session import raw, transaction


@dataclass(frozen=True, slots=True)
class QueuedLead:
    """A queued lead: its row, and the assignment of its last decision that looked for a person."""

    row: Mapping[str, Any]
    assignment: Mapping[str, Any] | None

    @property
    def conflict(self) -> str | None:
        """The owner of another lead of the company, if the lead waits for that reason."""
        found = self.row["state"].get("conflict")
        return str(found) if found else None


def read_queue(role: str | None, *, skip: int, limit: int) -> list[QueuedLead]:
    """Leads of one queue or of all, the next to be retried first."""
    with transaction() as connection, raw(connection).cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_QUEUE, {"role": role, "skip": skip, "limit": limit}).fetchall()
    return [QueuedLead(row, row.pop("assignment")) for row in rows]


def count_queue() -> dict[str, int]:
    """The number of leads that wait for each role."""
    with transaction() as connection:
        rows = raw(connection).execute(
            "SELECT queued_role, count(*) FROM lead WHERE queued_role IS NOT NULL AND merged_into IS NULL GROUP BY 1"
        )
        return dict(rows.fetchall())


_QUEUE = """
SELECT l.*, d.assignment FROM (
  SELECT id, stage, grade, cell, queued_role, queued_at, queue_priority, state FROM lead
  WHERE queued_role IS NOT NULL AND merged_into IS NULL AND (%(role)s::text IS NULL OR queued_role = %(role)s)
  ORDER BY queue_priority, grade, queued_at, id OFFSET %(skip)s LIMIT %(limit)s
) AS l LEFT JOIN LATERAL (
  SELECT body->'assignment' AS assignment FROM decision
  WHERE lead_id = l.id AND jsonb_typeof(body->'assignment') = 'object' ORDER BY id DESC LIMIT 1
) AS d ON true ORDER BY l.queue_priority, l.grade, l.queued_at, l.id
"""
