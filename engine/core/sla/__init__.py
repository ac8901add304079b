"""Clocks and strikes: what starts, meets, breaks and cancels a clock, and the actions of a clock.

May import everything up to `qualification`.
"""
