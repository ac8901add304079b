"""From waiting events to committed decisions: claim, lock, load, decide, assign, store, one transaction per batch.

The only code that changes leads; SQL stays in `engine.store`.
"""
