"""The types of event that have arrived so far. Intake records each type once (`engine.store.inbox.inbox`)."""

from engine.store.session import raw, transaction
from rulesets.policy.vocabulary import BATON_EVENTS

MOST = 20_000
"""Most types that are read. No real source sends more."""


def seen_event_types() -> list[str] | None:
    """Types of event as they were sent. None while only Baton's own events have arrived: then the lint has no
    evidence.
    """
    with transaction() as connection:
        rows = raw(connection).execute("SELECT type FROM seen_event_type ORDER BY type LIMIT %s", [MOST])
        types = [event_type for (event_type,) in rows]
    return types if any(event_type not in BATON_EVENTS for event_type in types) else None
