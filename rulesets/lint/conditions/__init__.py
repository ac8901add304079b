"""Checks of conditions: types, depth, what is always true or never, rows that repeat or contradict each other.

A finding is certain; a check that would take too long stays silent.
"""
