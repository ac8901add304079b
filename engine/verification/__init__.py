"""`baton verify`: recomputes the record from its events and compares it with the stored rows.

Reads one snapshot and writes nothing.
"""
