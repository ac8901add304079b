"""Rows of a deciding transaction, read and written: leads, companies, people, rotations, merges, strikes.

Called by `engine.batch` under its locks.
"""
