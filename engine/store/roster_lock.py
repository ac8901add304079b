"""Edits of the roster against decisions that read it: no batch decides by a roster that an edit has gone past.

An edit waits for the batches at work and holds up new ones until its commit; so no lead is given to somebody whose
leads are just taken, and no clock starts by a calendar that is just replaced. It takes this lock before it writes: a
batch may lock rows of people.
"""

from engine.store.session import Driver

DECIDING = 7_231_103
"""Advisory lock: shared by transactions that decide, alone for an edit."""


def read_roster_lock(driver: Driver) -> None:
    """For a transaction that decides: take it first, before any row is locked. Held until its end."""
    driver.execute("SELECT pg_advisory_xact_lock_shared(%s)", [DECIDING])


def change_roster_lock(driver: Driver) -> None:
    """For an edit of the roster: waits for the batches at work. Held until its end."""
    driver.execute("SELECT pg_advisory_xact_lock(%s)", [DECIDING])
