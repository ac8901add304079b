"""Qualification: exclusions, red flags, checklists, routes, the stage table, and who may do which work.

May import everything up to `assignment`.
"""
