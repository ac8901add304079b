"""Pages of the roster: people, teams, calendars, monthly lists, import and export.

An edit takes effect at once and is audited.
"""
