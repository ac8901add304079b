"""The roster document: people, teams, calendars and monthly lists as values, and the CSV form of them.

No access to the database.
"""
