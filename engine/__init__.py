"""Decisions about leads: `core` decides, `matcher` evaluates rules, `store` runs SQL, `batch` ties them together.

Nothing here serves HTTP or uses Redis.
"""
