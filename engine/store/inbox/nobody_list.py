"""The company's own list of values that name nobody (R1.15). It holds for events that arrive later."""

from collections.abc import Iterable

from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.session import raw, transaction
from rulesets.policy.vocabulary import fold

MOST_VALUES = 1_000
LONGEST = 200


def nobody_values() -> list[str]:
    """The values as they were written, in order."""
    with transaction() as connection:
        return [value for (value,) in raw(connection).execute("SELECT value FROM nobody_value ORDER BY value")]


def folded_nobody() -> frozenset[str]:
    """The values as identifiers are compared with them (R2.4)."""
    return frozenset(map(fold, nobody_values()))


def save_nobody(lines: Iterable[str], by: str) -> int:
    """Replace the list; of values that fold alike the first stays, empty ones are left out. Returns how many it has."""
    kept: dict[str, str] = {}
    for line in lines:
        if name := fold(line[:LONGEST]):
            kept.setdefault(name, line.strip()[:LONGEST])
    values = sorted(kept.values())[:MOST_VALUES]
    with unit_of_work() as session:
        driver = raw(session.connection())
        before = [value for (value,) in driver.execute("DELETE FROM nobody_value RETURNING value")]
        if values:
            driver.execute("INSERT INTO nobody_value (value) SELECT unnest(%s::text[])", [values])
        audit.record(
            session, actor=by, action="nobody.changed", subject="identity", before={"values": sorted(before)},
            after={"values": values},
        )  # fmt: skip
    return len(values)
