"""`baton verify`: the record recomputed from its events and compared with what is stored.

Reads one snapshot and writes nothing.
"""
