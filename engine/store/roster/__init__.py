"""People, teams, calendars, absences and suspensions as rows, and the effects of their edits.

Every edit takes the roster lock.
"""
