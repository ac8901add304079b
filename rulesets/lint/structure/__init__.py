"""Checks of names and references: keys, declared fields and events, cycles, values that depend on each other.

A check reads only the document and yields findings.
"""
