"""Merges and separations that somebody asks for: whether they can be done, said before they are taken in.

Reads only. A merge that becomes impossible between this look and its decision is set aside by the worker.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.lead.identity import Identifier, naming
from engine.store.session import Driver, raw, transaction

SHAPE = 'needs properties {"leads": [a, b]} with the numbers of two leads, or {"undo": n} with the number of a merge'


def why_impossible(identities: Mapping[str, str], properties: Mapping[str, Any]) -> str | None:
    """Why ``lead.merged`` with these properties cannot be done to the lead of these identifiers; None: it can."""
    undo, leads = properties.get("undo"), properties.get("leads")
    with transaction() as connection:
        driver = raw(connection)
        own = _lead_of(driver, identities)
        if undo is not None:
            return _why_no_undo(driver, own, undo)
        if not isinstance(leads, list) or len(leads) != 2 or not all(map(_is_number, leads)):
            return SHAPE
        return _why_no_merge(driver, own, leads)


def is_known(source: str, event_id: str) -> bool:
    """Whether this event was taken in before: sending it again has no effect, whatever it asks."""
    with transaction() as connection:
        found = raw(connection).execute(
            "SELECT EXISTS (SELECT FROM event WHERE source = %s AND external_id = %s)", [source, event_id]
        )
        return bool(next(found)[0])


def separable(identities: Mapping[str, str], spellings: Sequence[Identifier]) -> Identifier | str:
    """The one of some identifiers that can be taken from the lead of ``identities``, or why none can."""
    with transaction() as connection:
        driver = raw(connection)
        own = _lead_of(driver, identities)
        rows = driver.execute("SELECT kind, value FROM identity WHERE lead_id = %s", [own]).fetchall()
    found = next((one for one in spellings if one in rows), None)
    if found is None:
        return "is no identifier of the lead"
    return found if len(rows) > 1 else "is the only identifier of the lead: there is nobody to separate it from"


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _why_no_undo(driver: Driver, own: int | None, undo: object) -> str | None:
    if not _is_number(undo):
        return SHAPE
    row = driver.execute("SELECT winner_id, undone_at FROM merge WHERE id = %s", [undo]).fetchone()
    if row is None:
        return f"cannot undo merge {undo}: there is none of this number"
    winner, undone_at = row
    if undone_at is not None:
        return f"cannot undo merge {undo}: it was undone before"
    if own != winner:
        return f"cannot undo merge {undo}: it ended in lead {winner}, name that lead; later merges are undone first"
    return None


def _why_no_merge(driver: Driver, own: int | None, leads: list[int]) -> str | None:
    living = [_living(driver, lead) for lead in leads]
    missing = [str(lead) for lead, found in zip(leads, living, strict=True) if found is None]
    if missing:
        return f"cannot merge lead {' and '.join(missing)}: there is none of this number"
    if living[0] == living[1]:
        return f"cannot merge leads {leads[0]} and {leads[1]}: they are one lead already"
    if own not in living:
        return "names its lead and merges two others: name one of the two leads by an identifier"
    row = driver.execute("SELECT id FROM lead WHERE id = ANY(%s) AND state ? 'visitor' LIMIT 1", [living]).fetchone()
    return row and f"cannot merge lead {row[0]}: several people share what names it"


def _lead_of(driver: Driver, identities: Mapping[str, str]) -> int | None:
    """The lead that the most trusted known identifier names."""
    for kind, value in naming(identities):
        row = driver.execute("SELECT lead_id FROM identity WHERE kind = %s AND value = %s", [kind, value]).fetchone()
        if row is not None:
            return _living(driver, row[0])
    return None


def _living(driver: Driver, lead: int) -> int | None:
    """The lead that a lead is part of now; None for one that never was."""
    row = driver.execute(
        "WITH RECURSIVE way (here, next) AS (SELECT id, merged_into FROM lead WHERE id = %s "
        "UNION ALL SELECT id, merged_into FROM way JOIN lead ON id = next) SELECT here FROM way WHERE next IS NULL",
        [lead],
    ).fetchone()
    return None if row is None else int(row[0])
