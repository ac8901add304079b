"""Clocks and strikes: what starts, meets, breaks and cancels a clock, and what it does then.

May import everything up to `qualification`.
"""
