"""Working time: calendars, holidays, whose time a clock counts, and what an edit of the roster changes.

May import `lead`.
"""
