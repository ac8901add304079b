"""Pages of the roster: people, teams, calendars, monthly lists, import and export.

An edit is effective at once and audited. May not bypass `engine.store.roster`.
"""
