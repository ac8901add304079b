"""What a deciding transaction reads and writes: leads, companies, people, rotations, merges, strikes.

Called by `engine.batch` under its locks.
"""
