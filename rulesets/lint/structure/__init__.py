"""Checks of names and references: keys, declared fields and events, cycles, values that belong together.

Each check reads the document only and yields findings.
"""
