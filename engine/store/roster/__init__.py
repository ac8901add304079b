"""People, teams, calendars, absences and suspensions as rows, and what an edit of them does.

Every edit takes the roster lock.
"""
