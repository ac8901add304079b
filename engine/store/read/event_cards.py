"""Status, decision and names of events, for lists. Reads only."""

from collections.abc import Iterable

from sqlalchemy import text

from engine.store.session import transaction

MOST_FOUND = 200


def decisions_of(event_ids: Iterable[int]) -> dict[int, tuple[str, int | None]]:
    """Status (waiting, decided, set_aside) and decision of these events, by event."""
    with transaction() as connection:
        rows = connection.execute(text(_STATUS), {"ids": list(event_ids)})
        return {row.id: (row.status, row.decision) for row in rows}


def events_of(event_ids: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """Type, source and id of these events, by number."""
    query = "SELECT id, type, source, external_id FROM event WHERE id = ANY(:ids)"
    with transaction() as connection:
        rows = connection.execute(text(query), {"ids": list(event_ids)})
        return {row.id: (row.type, row.source, row.external_id) for row in rows}


def find_events(typed: str) -> list[int]:
    """Events with exactly this id, of any source, or with this number."""
    # 19 digits and more may not fit a 64-bit integer.
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
    with transaction() as connection:
        rows = connection.execute(text(_FIND), {"typed": typed.strip(), "number": number, "most": MOST_FOUND})
        return [row.id for row in rows]


_STATUS = """
SELECT e.id, d.id AS decision,
       CASE WHEN i.event_id IS NULL THEN 'decided' WHEN i.set_aside_at IS NULL THEN 'waiting' ELSE 'set_aside' END
           AS status
FROM event e LEFT JOIN inbox i ON i.event_id = e.id LEFT JOIN decision d ON d.event_id = e.id WHERE e.id = ANY(:ids)
"""
_FIND = """
SELECT id FROM event WHERE id = :number OR
    (source, external_id) IN (SELECT source, CAST(:typed AS text) FROM api_key
                              UNION SELECT unnest(ARRAY['baton', 'work']), CAST(:typed AS text))
LIMIT :most
"""
