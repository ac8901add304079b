"""Pages about leads: lists, one lead, work on it, pool, queue, reports.

Work becomes an event. May not decide anything.
"""
