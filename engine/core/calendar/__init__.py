"""Working time: calendars, holidays, schedules of people, and the effects of an edit of the roster.

May import `lead`.
"""
