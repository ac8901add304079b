"""The roster document: people, teams, calendars and monthly lists as values, and the same as CSV.

Nothing here reads or writes the database.
"""
