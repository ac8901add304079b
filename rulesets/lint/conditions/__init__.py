"""Checks of conditions: types, depth, conditions that are always or never true, rows that repeat or contradict others.

Every finding is certain; a check that would take too long reports nothing.
"""
