"""The live code over events in memory: scores at a moment, virtual time, limits of time and memory.

Nothing here writes to the database.
"""
