"""Which types of event have arrived so far: intake notes each type once (`engine.store.inbox.inbox`)."""

from engine.store.session import raw, transaction
from rulesets.policy.vocabulary import BATON_EVENTS

MOST = 20_000
"""Most types that are read: nobody means to send more."""


def seen_event_types() -> list[str] | None:
    """Types of event as they were sent; None while nobody outside has sent any, so that nothing can be said of them."""
    with transaction() as connection:
        rows = raw(connection).execute("SELECT type FROM seen_event_type ORDER BY type LIMIT %s", [MOST])
        types = [event_type for (event_type,) in rows]
    return types if any(event_type not in BATON_EVENTS for event_type in types) else None
