"""The lock between edits of the roster and decisions that read it: no batch uses a roster that is being replaced.

An edit waits for running batches and blocks new ones until its commit. So no lead goes to a person whose leads are
being reassigned, and no clock starts by a calendar that is being replaced. An edit takes this lock before it writes,
because a batch may hold locks on rows of people.
"""

from engine.store.lock_keys import LockKey, lock, lock_shared
from engine.store.session import Driver


def read_roster_lock(driver: Driver) -> None:
    """For a deciding transaction: take it first, before any row is locked. Held until the transaction ends."""
    lock_shared(driver, LockKey.DECIDING)


def change_roster_lock(driver: Driver) -> None:
    """For an edit of the roster: waits for running batches. Held until the transaction ends."""
    lock(driver, LockKey.DECIDING)
