"""Edits of the roster against decisions that read it: no batch decides by a roster that an edit has gone past.

An edit waits for the batches at work and holds up new ones until its commit; so no lead is given to somebody whose
leads are just taken, and no clock starts by a calendar that is just replaced. It takes this lock before it writes: a
batch may lock rows of people.
"""

from engine.store.lock_keys import LockKey, lock, lock_shared
from engine.store.session import Driver


def read_roster_lock(driver: Driver) -> None:
    """For a transaction that decides: take it first, before any row is locked. Held until its end."""
    lock_shared(driver, LockKey.DECIDING)


def change_roster_lock(driver: Driver) -> None:
    """For an edit of the roster: waits for the batches at work. Held until its end."""
    lock(driver, LockKey.DECIDING)
