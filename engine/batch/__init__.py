"""Waiting events become committed decisions: claim, lock, load, decide, assign, store, one transaction per batch.

The only code that changes leads. All SQL is in `engine.store`.
"""
